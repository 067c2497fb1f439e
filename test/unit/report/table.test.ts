// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { renderTable } from '../../../src/report/table.ts'
import { makeResult } from './made-result.ts'

const small = { commandCount: 500, intervalCount: 5 } as const

test('one run: a column of plain figures under what was run', () => {
  const lines = renderTable(makeResult({ ...small, writePercent: 30 })).split('\n')
  expect(lines.slice(0, 4)).toEqual([
    'emulator in memory, peernvm emulated controller',
    'random reads with 30 % writes of 4 KiB, 1 queue in 1 thread, depth 32, engine batch',
    '1 run of 5 s, after a ramp of 1 s',
    '(emulated controller: times are software overhead, not the latency of a drive)',
  ])
  expect(lines).toContainEqual(expect.stringMatching(/^read +depth 32$/))
  expect(lines).toContainEqual(expect.stringMatching(/^write +depth 32$/))
  expect(lines.filter((line) => /^p99\.9 +µs +[\d.]+$/.test(line))).toHaveLength(2)
  expect(lines.join('\n')).not.toContain('±')
})

test('several runs: mean ± σ, points and signs below each other', () => {
  const lines = renderTable(makeResult({ ...small, runCount: 5 })).split('\n')
  const rows = lines.filter((line) => line.includes(' ± ') && !line.includes('σ'))
  expect(rows).toHaveLength(13)
  expect(new Set(rows.map((row) => row.indexOf('±'))).size).toBe(1)
  expect(new Set(rows.map((row) => row.length)).size).toBe(1)
})

test('a sweep: a column for each depth, none of the lines too wide', () => {
  const depths = [1, 2, 4, 8, 16, 32, 64, 128]
  const lines = renderTable(makeResult({ ...small, depths, runCount: 3 })).split('\n')
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100)
  const heads = lines.filter((line) => line.startsWith('read, mean'))
  expect(heads.length).toBeGreaterThan(1)
  expect(heads.join(' ').match(/depth \d+/g)).toEqual(depths.map((depth) => `depth ${depth}`))
})

test('a depth at which only the other direction happened has no column', () => {
  const reads = makeResult({ ...small, depths: [1] })
  const writes = makeResult({ ...small, depths: [8], writePercent: 100 })
  const lines = renderTable({ ...reads, runs: [...reads.runs, ...writes.runs] }).split('\n')
  expect(lines).toContainEqual(expect.stringMatching(/^read +depth 1$/))
  expect(lines).toContainEqual(expect.stringMatching(/^write +depth 8$/))
})

test('interrupted, and without any command', () => {
  const text = renderTable({ ...makeResult({ ...small, interrupted: true }), runs: [] })
  expect(text).toContain('(interrupted: results up to then)')
  expect(text).toContain('No command was completed.')
})
