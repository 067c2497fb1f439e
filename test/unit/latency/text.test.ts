// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { planLine, statsRow, summaryLines } from '../../../benchmarks/latency/windows/text.ts'

const commands = Array.from({ length: 4 }, () => ({ lba: 0, blockCount: 250, bufferOffset: 0 }))

test('a queue is announced as libnvm announces it', () => {
  const plan = { offset: 0, blocks: 1000, commands }
  expect(planLine(1, 'remote', 32, 'sequential', plan)).toBe(
    'Queue #01 remote qd=32 blocks=1000 offset=0 pattern=sequential (4 commands)',
  )
  expect(planLine(12, 'local', 8, 'random', plan)).toBe(
    'Queue #12 local qd=8 blocks=1000 pattern=random (4 commands)',
  )
})

test('the summary has libnvm’s columns', () => {
  const lines = summaryLines(1, {
    count: 1000,
    blocks: 1000000,
    min: 531.366,
    avg: 534.049,
    max: 541.388,
    percentiles: [540.287, 539.424, 538.568, 535.031, 534.377, 534.046, 533.03, 532.025, 531.859],
  })
  expect(lines[0]).toBe(
    'Queue #01 total-blocks=1000000 count=1000 min=531.366 avg=534.049 max=541.388',
  )
  expect(lines[1]).toBe('\t0.99:        540.287')
  expect(lines[9]).toBe('\t0.01:        531.859')
  expect(lines).toHaveLength(10)
})

test('a stats row is "#%04x %8u %12zu %12.3f %12.3f"', () => {
  expect(statsRow(10, { commands: 4, blocks: 1000, elapsed: 100 }, 512)).toBe(
    '#000a        4         1000      100.000     5120.000',
  )
})
