// SPDX-License-Identifier: MIT
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Random } from '../../../benchmarks/latency/commands/random.ts'
import {
  CommandSource,
  type SourceOptions,
  shareOf,
} from '../../../benchmarks/latency/commands/source.ts'

const whole = 2 ** 32
const base: SourceOptions = {
  offset: 1000,
  blockCount: 100,
  random: false,
  sizes: [{ blockCount: 8, below: whole }],
  inTurn: false,
  writesBelow: 0,
  seed: 1,
  stream: 0,
}

function draw(options: Partial<SourceOptions>, count: number) {
  const source = new CommandSource({ ...base, ...options })
  return Array.from({ length: count }, () => {
    source.next()
    const { lba, blockCount, isWrite } = source
    return { lba, blockCount, isWrite }
  })
}

test('the numbers of a seed are those of lib/measure, which has the same test', () => {
  const random = new Random(1, 0)
  const numbers = Array.from({ length: 4 }, () => random.uint32())
  expect(numbers).toEqual([2466671647, 704075991, 1425070668, 2363080060])
  let hash = 0
  const sizes = [
    { blockCount: 1, below: 2 ** 31 },
    { blockCount: 8, below: 3 * 2 ** 30 },
    { blockCount: 128, below: whole },
  ]
  const options = { offset: 7, blockCount: 1e9, random: true, sizes, writesBelow: 2 ** 30 }
  for (const { lba, blockCount, isWrite } of draw({ ...options, seed: 99, stream: 3 }, 1000)) {
    for (const value of [lba, blockCount, isWrite ? 1 : 0]) hash = (Math.imul(hash, 31) + value) | 0
  }
  expect(hash >>> 0).toBe(2095984996)
})

test('a seed repeats everything, another seed or stream nothing', () => {
  const random = { random: true, blockCount: 2 ** 40 }
  const first = draw({ ...random, seed: 5 }, 100)
  expect(draw({ ...random, seed: 5 }, 100)).toEqual(first)
  expect(draw({ ...random, seed: 6 }, 100)).not.toEqual(first)
  expect(draw({ ...random, seed: 5, stream: 1 }, 100)).not.toEqual(first)
})

test('random commands lie within the range, aligned to their size', () => {
  fc.assert(
    fc.property(fc.integer({ min: 8, max: 2 ** 45 }), fc.nat(whole - 1), (blockCount, seed) => {
      for (const { lba } of draw({ random: true, blockCount, seed }, 20)) {
        expect((lba - 1000) % 8).toBe(0)
        expect(lba).toBeGreaterThanOrEqual(1000)
        expect(lba + 8).toBeLessThanOrEqual(1000 + blockCount)
      }
    }),
  )
})

test('in order, the last command before the end is as short as it has to be', () => {
  expect(draw({ blockCount: 20 }, 5).map(({ lba, blockCount }) => [lba, blockCount])).toEqual([
    [1000, 8],
    [1008, 8],
    [1016, 4],
    [1000, 8],
    [1008, 8],
  ])
})

test('sizes come in turn, or by their weights', () => {
  const sizes = [
    { blockCount: 1, below: 3 * 2 ** 30 },
    { blockCount: 2, below: whole },
  ]
  const inTurn = draw({ sizes, inTurn: true }, 4).map(({ blockCount }) => blockCount)
  expect(inTurn).toEqual([1, 2, 1, 2])
  const drawn = draw({ sizes }, 20_000).filter(({ blockCount }) => blockCount === 1)
  expect(drawn.length / 20_000).toBeCloseTo(0.75, 1)
})

test('nothing writes without a share of writes, and a share is kept', () => {
  const writes = (writesBelow: number) =>
    draw({ writesBelow }, 20_000).filter(({ isWrite }) => isWrite).length / 20_000
  expect(writes(0)).toBe(0)
  expect(writes(whole)).toBe(1)
  expect(writes(0.3 * whole)).toBeCloseTo(0.3, 1)
})

test('linear queues split the range without a gap', () => {
  const range = { offset: 7, blockCount: 100 }
  const shares = [0, 1, 2].map((index) => shareOf('linear', range, { index, of: 3 }))
  expect(shares).toEqual([
    { offset: 7, blockCount: 33 },
    { offset: 40, blockCount: 33 },
    { offset: 73, blockCount: 34 },
  ])
  expect(shareOf('random', range, { index: 2, of: 3 })).toEqual(range)
})

test('it is known whether all commands are as long', () => {
  const base = { offset: 0, blockCount: 1000, inTurn: true, writesBelow: 0, seed: 1, stream: 0 }
  const longOf = (random: boolean, ...blockCounts: number[]) =>
    new CommandSource({
      ...base,
      random,
      sizes: blockCounts.map((blockCount) => ({ blockCount, below: 2 ** 32 })),
    }).everyBlockCount
  expect(longOf(true, 8)).toBe(8)
  expect(longOf(false, 8)).toBe(8)
  expect(longOf(true, 7)).toBe(7)
  expect(longOf(false, 7)).toBe(0) // the last one before the end is shorter
  expect(longOf(true, 8, 16)).toBe(0)
})
