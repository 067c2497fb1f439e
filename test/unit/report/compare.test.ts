// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest'
import {
  changeText,
  compareResults,
  comparisonRemarks,
  renderComparison,
} from '../../../src/report/compare.ts'
import type { BenchResult, RunResult } from '../../../src/report/result.ts'
import { renderComparisonFigures } from '../../../src/report/svg.ts'
import { allElements, parseXml } from '../../support/xml.ts'
import { makeResult } from './made-result.ts'

/** A result whose runs have these IOPS, and nothing else that differs. */
function withIops(values: readonly number[]): BenchResult {
  const result = makeResult({ commandCount: 100, intervalCount: 1 })
  const [run] = result.runs
  if (run?.read === undefined) throw new Error('a run that reads')
  const { read } = run
  const runs = values.map((iops, i): RunResult => ({ ...run, run: i, read: { ...read, iops } }))
  return { ...result, runs }
}

const verdict = (first: readonly number[], second: readonly number[]): string | undefined =>
  compareResults(withIops(first), withIops(second)).figures.find(({ name }) => name === 'IOPS')
    ?.verdict

describe('a difference', () => {
  test('is real only where the ranges over the runs do not overlap', () => {
    expect(verdict([100, 110], [111, 120])).toBe('better')
    expect(verdict([100, 110], [80, 99])).toBe('worse')
    expect(verdict([100, 110], [110, 120])).toBe('within the spread')
    expect(verdict([100, 200], [120, 130])).toBe('within the spread')
  })

  test('is not known with one run on either side, however large', () => {
    expect(verdict([100], [900])).toBe('unknown')
    expect(verdict([100, 110], [900])).toBe('unknown')
    expect(verdict([100], [900, 910])).toBe('unknown')
  })

  test('of latency is better when it falls', () => {
    const slow = makeResult({ runCount: 3, commandCount: 500, medianNs: 9000 })
    const fast = makeResult({ runCount: 3, commandCount: 500, medianNs: 3000 })
    const p50 = (a: BenchResult, b: BenchResult) =>
      compareResults(a, b).figures.find(({ name }) => name === 'p50')
    expect(p50(slow, fast)).toMatchObject({ verdict: 'better' })
    expect(p50(fast, slow)).toMatchObject({ verdict: 'worse' })
    expect(p50(slow, fast)?.ratio).toBeCloseTo(1 / 3, 1)
  })
})

describe('a comparison', () => {
  const first = makeResult({ depths: [1, 8], runCount: 2, commandCount: 300, writePercent: 50 })
  const second = makeResult({ depths: [8, 64], runCount: 2, commandCount: 300, seed: 2 })

  test('has what both results have', () => {
    const { figures } = compareResults(first, second)
    expect(new Set(figures.map(({ depth, direction }) => `${direction} ${depth}`))).toEqual(
      new Set(['read 8']),
    )
    expect(renderComparisonFigures(compareResults(first, second)).map(({ name }) => name)).toEqual([
      'change-read.svg',
    ])
  })

  test('names the settings that differ', () => {
    const { differences } = compareResults(first, second)
    expect(differences).toContain('writePercent: 50 → 0')
    expect(differences).toContain('seed: 1 → 2')
    expect(differences.join()).not.toContain('engine')
  })

  test('says what cannot be said', () => {
    const remarks = (a: BenchResult, b: BenchResult) =>
      comparisonRemarks(compareResults(a, b)).join('\n')
    expect(remarks(withIops([1]), withIops([2]))).toMatch(/One run|one run on a side.*nothing/)
    expect(remarks(withIops([1, 2]), withIops([2, 3]))).not.toMatch(/one run/)
    expect(remarks(first, { ...first, emulated: false })).toMatch(/different things/)
    const other = makeResult({ depths: [2], commandCount: 100 })
    expect(remarks(other, second)).toMatch(/no depth and direction in common/)
    expect(renderComparison(compareResults(other, second))).not.toContain('change')
  })

  test('as a table has aligned columns with ranges and verdicts', () => {
    const text = renderComparison(compareResults(first, { ...first, runs: first.runs }))
    const rows = text.split('\n').filter((line) => line.startsWith('depth '))
    expect(rows).toHaveLength(2 * 2 * 13)
    expect(rows.every((row) => row.endsWith('+0.0 %  within the spread'))).toBe(true)
    expect(rows[0]).toMatch(/^depth 1 {2}read +IOPS +\d+ \(\d+–\d+\) +\d+ \(\d+–\d+\)/)
  })

  test('as a picture has a mark for each figure, filled where it is real', () => {
    const comparison = compareResults(withIops([100, 110]), withIops([200, 220]))
    const [file] = renderComparisonFigures(comparison)
    expect(file?.name).toBe('change-read.svg')
    const elements = allElements(parseXml(file?.text ?? ''))
    const marks = elements.filter(({ children }) => children[0]?.name === 'title')
    const filled = marks.filter(({ attributes }) => attributes.class?.startsWith('full'))
    expect(marks).toHaveLength(6)
    expect(filled.map(({ children }) => children[0]?.text)).toEqual([
      'depth 32, IOPS: +100.0 %, real: better',
    ])
  })
})

test('changes are per cent, or a factor where that is long', () => {
  expect([1.032, 0.95, 12.5, undefined].map(changeText)).toEqual([
    ...['+3.2 %', '−5.0 %', '×12.5', '–'],
  ])
})
