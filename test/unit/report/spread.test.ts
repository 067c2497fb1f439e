// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest'
import { beyondOf, Histogram } from '../../../src/histogram.ts'
import type { RunResult } from '../../../src/report/result.ts'
import {
  figuresOf,
  quantiles,
  runsByDepth,
  spreadOf,
  thinNotes,
} from '../../../src/report/spread.ts'
import { renderTable } from '../../../src/report/table.ts'
import { makeResult, randomOf } from './made-result.ts'

test('a spread is mean, deviation of the sample, least and most', () => {
  expect(spreadOf([2, 4, 9])).toEqual({
    mean: 5,
    deviation: Math.sqrt((9 + 1 + 16) / 2),
    min: 2,
    max: 9,
    count: 3,
  })
  expect(spreadOf([7])).toMatchObject({ mean: 7, deviation: 0, count: 1 })
})

describe('the runs of a result', () => {
  test('are grouped by depth, in ascending order', () => {
    const groups = runsByDepth(makeResult({ depths: [8, 1, 64], runCount: 2, commandCount: 50 }))
    expect(groups.map(({ depth, runs }) => [depth, runs.length])).toEqual([
      [1, 2],
      [8, 2],
      [64, 2],
    ])
  })

  test('without commands are left out', () => {
    const [run, other] = makeResult({ runCount: 2, commandCount: 50 }).runs
    if (run === undefined || other === undefined) throw new Error('two runs')
    const { read: _, ...idle } = run
    const groups = runsByDepth({ ...makeResult(), runs: [idle, other] })
    expect(groups.map(({ runs }) => runs)).toEqual([[other]])
  })
})

test('an interrupted run is left out where there are whole ones, and said to be', () => {
  const result = makeResult({ depths: [1, 8], runCount: 3, commandCount: 50, interrupted: true })
  const runs = result.runs
    .filter(({ depth, run }) => depth === 1 || run < 2)
    .map((run, i, all) => (i === all.length - 1 ? { ...run, interrupted: true } : run))
  const counts = (of: readonly RunResult[]) =>
    runsByDepth({ ...result, runs: of }).map((group) => [group.depth, group.runs.length])
  expect(counts(runs)).toEqual([
    [1, 3],
    [8, 1],
  ])
  const note = '(interrupted: results up to then; run 2 at depth 8 is left out)'
  expect(renderTable({ ...result, runs })).toContain(note)
  const alone = runs.filter(({ depth, interrupted }) => depth === 1 || interrupted)
  expect(counts(alone)).toContainEqual([8, 1])
  expect(renderTable({ ...result, runs: alone })).toContain('(interrupted: results up to then)')
})

describe('the figures of a direction', () => {
  const [group] = runsByDepth(makeResult({ runCount: 4, commandCount: 500 }))
  const runs = group?.runs ?? []

  test('are in microseconds, over all runs', () => {
    const figures = figuresOf(runs, 'read')
    const p99 = figures.find(({ name }) => name === 'p99')
    const values = runs.map(({ read }) => read?.latency.percentiles[4]?.ns ?? 0)
    expect(p99?.spread).toEqual(spreadOf(values.map((ns) => ns / 1000)))
    expect(p99?.unit).toBe('µs')
    expect(figures.map(({ name }) => name)).toEqual([
      ...['IOPS', 'throughput', 'min', 'mean', 'deviation'],
      ...['p50', 'p75', 'p90', 'p95', 'p99', 'p99.9', 'p99.99', 'max'],
    ])
  })

  test('are none of a direction that did not happen', () => {
    expect(figuresOf(runs, 'write')).toEqual([])
  })

  test('have the percentiles that all runs have', () => {
    const [first, ...others] = runs
    if (first?.read === undefined) throw new Error('a read')
    const { latency } = first.read
    const fewer = { ...latency, percentiles: latency.percentiles.slice(0, 1) }
    const changed = { ...first, read: { ...first.read, latency: fewer } }
    const names = figuresOf([changed, ...others], 'read').map(({ name }) => name)
    expect(names.filter((name) => name.startsWith('p'))).toEqual(['p50'])
  })
})

test('percentiles that few commands are beyond are named', () => {
  const result = makeResult({ depths: [1, 8], runCount: 2, commandCount: 1000 })
  const notes = ['(read, depth 1, 8: p99.9 and above rest on fewer than 10 commands)']
  expect(thinNotes(result)).toEqual(notes)
  expect(renderTable(result)).toContain(notes[0])
  expect([0.1, 1, 1.1, 50, 99, 99.1].map((percent) => beyondOf(percent, 1000))).toEqual([
    ...[0, 9, 10, 500, 10, 9],
  ])
})

test('quantiles of steps are those of the histogram', () => {
  const histogram = new Histogram()
  const random = randomOf(3)
  for (let i = 0; i < 5000; i++) histogram.record(100 * 10 ** (4 * random()))
  const { min, mean, max, deviation } = histogram
  const steps = [...histogram.steps()].map(
    ({ fromNs, toNs, count }) => [fromNs, toNs, count] as const,
  )
  const fractions = [0, 0.001, 0.5, 0.9, 0.99, 0.9999, 1]
  const latency = { min, mean, max, deviation, percentiles: [], steps }
  expect(quantiles(latency, fractions)).toEqual(fractions.map((f) => histogram.quantile(f)))
})
