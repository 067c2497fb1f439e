// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { parseOptions, type WindowOptions } from '../../../benchmarks/latency/options.ts'
import { planQueues } from '../../../benchmarks/latency/windows/plan.ts'

const geometry = { blockSize: 512, blockCount: 1 << 20, transferBytesMax: 128 * 1024 }
const plan = (line: string, queues = 1) => {
  const options = parseOptions(line.split(' ').filter(Boolean)) as WindowOptions
  return planQueues(options, queues, geometry)
}

test('1000 blocks of 512 bytes are four commands at 128 KiB', () => {
  const [queue] = plan('--blocks 1000')
  expect(queue?.commands.map((c) => c.blockCount)).toEqual([256, 256, 256, 232])
  expect(queue?.commands.map((c) => c.lba)).toEqual([0, 256, 512, 768])
  expect(queue?.commands[3]?.bufferOffset).toBe(768 * 512)
})

test('sequential repeats the blocks for every queue, linear splits them without a gap', () => {
  const same = plan('--blocks 100 --offset 7', 3)
  expect(same.map((q) => [q.offset, q.blocks])).toEqual([
    [7, 100],
    [7, 100],
    [7, 100],
  ])
  const split = plan('--blocks 100 --offset 7 --pattern linear', 3)
  expect(split.map((q) => [q.offset, q.blocks])).toEqual([
    [7, 34],
    [41, 34],
    [75, 32],
  ])
})

test('an offset near the end does not wrap: the range is refused', () => {
  expect(() => plan(`--blocks 2 --offset ${(1 << 20) - 1}`)).toThrow(/ERR_RANGE|the namespace has/)
})

test('fewer blocks than queues cannot be linear', () => {
  expect(() => plan('--blocks 2 --pattern linear', 3)).toThrow(/cannot be split/)
})
