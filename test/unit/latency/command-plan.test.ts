// SPDX-License-Identifier: MIT
// What the way per command refuses before anything runs, and how it says so.
import { expect, test } from 'vitest'
import {
  planThreads,
  rangeOf,
  refuseBeyond,
  refuseSmallShares,
  shapeOf,
} from '../../../benchmarks/latency/commands/plan.ts'
import { type CommandOptions, parseOptions } from '../../../benchmarks/latency/options.ts'

const geometry = { blockSize: 512, blockCount: 1000, transferBytesMax: 128 * 1024 }
const parse = (line: string) => parseOptions(`--engine js ${line}`.split(' ')) as CommandOptions

test('every depth of a sweep, and the queues, are within the controller’s limits', () => {
  const limits = { depthMax: 1023, queuesMax: 16 }
  const check = (line: string) => () => refuseBeyond(parse(line), limits)
  expect(check('--depth 1,2..1023 --queues 16')).not.toThrow()
  expect(check('--depth 1,512,1024,4096')).toThrow(
    /--depth 1024, 4096: .* 1023 commands; 1023 is the deepest/,
  )
  expect(check('--depth 4 --queues 17')).toThrow(/--queues 17: .* 16 queue pairs; --queues 16/)
})

test.each([
  ['--offset 1000', '--offset 1000 is behind the end: the namespace has 1000 blocks'],
  ['--offset 2000 --size 1', '--offset 2000 is behind the end'],
  ['--offset 990 --size 11', '--size 10 is the most from there'],
  ['--size 0', '--size is at least one block'],
])('of %s it is said what is wrong', (line, message) => {
  expect(() => rangeOf(parse(line), geometry)).toThrow(message)
})

test('queues that split a small range are refused where a command is larger than a share', () => {
  const check = (line: string) => {
    const options = parse(line)
    return () => {
      refuseSmallShares(options, rangeOf(options, geometry), shapeOf(options, geometry, 0))
    }
  }
  expect(check('--pattern linear --queues 125')).not.toThrow()
  expect(check('--pattern linear --queues 126')).toThrow(/7 blocks for each queue/)
  expect(check('--size 7')).toThrow(/take fewer queues or a larger --size/)
})

test('at a rate queues of all threads take turns', () => {
  const options = parse('--rate 1k --queues 4 --threads 2')
  const range = rangeOf(options, geometry)
  const shape = shapeOf(options, geometry, 0)
  const threads = planThreads(options, range, shape, { depth: 1, run: 0, blockSize: 512 })
  expect(threads.map(({ intervalMs }) => intervalMs)).toEqual([4, 4])
  const phases = threads.map(({ queues }) => queues.map(({ phaseMs }) => phaseMs))
  expect(phases).toEqual([
    [0, 2],
    [1, 3],
  ])
})
