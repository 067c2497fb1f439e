// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import {
  commandLine,
  describeRuns,
  describeWorkload,
  formatBytes,
  formatDuration,
  formatNumber,
  formatRate,
} from '../../../src/report/units.ts'
import { makeResult } from './made-result.ts'

test('numbers have three significant digits, or all before the point', () => {
  expect([0, 0.12345, 1.2345, 12.345, 123.45, 12345].map(formatNumber)).toEqual([
    ...['0', '0.123', '1.23', '12.3', '123', '12345'],
  ])
})

test('times, rates and sizes come in the unit that suits them', () => {
  expect([250, 12_345, 4.5e6, 7.9e9].map(formatDuration)).toEqual([
    ...['250 ns', '12.3 µs', '4.50 ms', '7.90 s'],
  ])
  expect([950, 12_345, 4.56e6].map(formatRate)).toEqual(['950', '12.3 k', '4.56 M'])
  expect([512, 4096, 1.5 * 2 ** 30].map(formatBytes)).toEqual(['512 B', '4 KiB', '1.5 GiB'])
})

test('a workload reads as a sentence', () => {
  const { workload } = makeResult()
  const sizes = [
    { byteLength: 4096, weight: 0.7 },
    { byteLength: 65536, weight: 0.3 },
  ]
  const busy = { ...workload, sizes, queues: 4, threads: 2, rate: 5e4, writePercent: 100 }
  expect(describeWorkload(busy)).toBe(
    'random writes of 4 KiB (70 %), 64 KiB (30 %), 4 queues in 2 threads, depth 32, ' +
      '50.0 k commands/s, timed from when they were due, engine batch',
  )
  expect(describeRuns({ ...workload, runCount: 3, rampMs: 250 })).toBe(
    '3 runs of 5 s each, after a ramp of 250 ms',
  )
  expect(describeRuns({ ...workload, runtimeMs: null, rampMs: 0 })).toBe('1 run')
})

test('a command line can be given to a shell as it is', () => {
  const command = ['--ctrl', "it's $HOME; rm", '--depth', '1,2']
  expect(commandLine(makeResult({ command, commandCount: 1 }))).toBe(
    "npx nvm-latency-bench --ctrl 'it'\\''s $HOME; rm' --depth 1,2",
  )
})
