// SPDX-License-Identifier: MIT
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Random } from '../../benchmarks/latency/commands/random.ts'
import { Histogram, histogramWords } from '../../src/histogram.ts'

const valueMax = 2 ** 42 - 1
const time = fc.oneof(
  fc.nat(5000),
  fc.integer({ min: 0, max: 2 ** 31 + 5 }),
  fc.double({ min: 0, max: valueMax, noNaN: true }),
)

function fill(values: readonly number[]): Histogram {
  const histogram = new Histogram()
  for (const value of values) histogram.record(value)
  return histogram
}

describe('histogram', () => {
  test('every quantile is the sorted value of its rank, to three digits', () => {
    fc.assert(
      fc.property(
        fc.array(time, { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, fraction) => {
          const sorted = values.map(Math.floor).sort((a, b) => a - b)
          const exact = sorted[Math.max(1, Math.ceil(fraction * sorted.length)) - 1] as number
          const found = fill(values).quantile(fraction)
          expect(found).toBeGreaterThanOrEqual(exact)
          expect(found).toBeLessThanOrEqual(exact * 1.001)
        },
      ),
    )
  })

  test('count, extremes, mean and deviation are exact', () => {
    const histogram = fill([2, 4, 4, 4, 5, 5, 7, 9])
    expect(histogram).toMatchObject({ count: 8, min: 2, max: 9, mean: 5, deviation: 2 })
    expect(new Histogram()).toMatchObject({ count: 0, min: 0, max: 0, mean: 0, deviation: 0 })
    expect(new Histogram().quantile(0.5)).toBe(0)
  })

  test('what is beyond its range counts as its end', () => {
    const histogram = fill([-1, 2 ** 50, Number.POSITIVE_INFINITY])
    expect(histogram.count).toBe(3)
    expect(histogram).toMatchObject({ min: 0, max: valueMax })
  })

  test('recording many at once is recording each', () => {
    fc.assert(
      fc.property(fc.array(time), fc.array(time), (before, values) => {
        const atOnce = fill(before)
        atOnce.recordAll(Float64Array.from([...values, 17]), values.length)
        const each = fill([...before, ...values])
        const bytesOf = ({ words }: Histogram) => Buffer.from(words.buffer)
        expect(bytesOf(atOnce).equals(bytesOf(each))).toBe(true)
      }),
    )
  })

  test('merging is recording both', () => {
    fc.assert(
      fc.property(fc.array(time), fc.array(time), (first, second) => {
        const merged = fill(first)
        merged.merge(fill(second))
        const both = fill([...first, ...second])
        expect([...merged.steps()]).toEqual([...both.steps()])
        expect(merged).toMatchObject({ count: both.count, min: both.min, max: both.max })
      }),
    )
  })

  test('steps cover each value once, without gaps between neighbours', () => {
    for (const value of [0, 2047, 2048, 4095, 4096, 2 ** 31 - 1, 2 ** 31, 2 ** 32, valueMax]) {
      const [step, ...more] = fill([value]).steps()
      expect(more).toEqual([])
      expect(step?.fromNs).toBeLessThanOrEqual(value)
      expect(step?.toNs).toBeGreaterThanOrEqual(value)
    }
  })

  test('the array of numbers is that of lib/measure, which has the same test', () => {
    const histogram = new Histogram()
    const random = new Random(42, 0)
    for (let i = 0; i < 10_000; i++) {
      const drawn = random.uint32()
      histogram.record(Math.floor(drawn / 2 ** (drawn % 29)) * 2 ** (drawn % 10))
    }
    let hash = 0
    histogram.words.forEach((word, index) => {
      if (word === 0) return
      hash = (Math.imul(hash, 31) + index) | 0
      hash = (Math.imul(hash, 31) + (word % 2 ** 32)) | 0
    })
    expect(hash >>> 0).toBe(1253533619)
  })

  test('what was recorded since a copy was made is the difference', () => {
    const earlier = fill([10, 20, 5000])
    const later = fill([10, 20, 5000, 20, 1e9])
    const since = later.since(earlier)
    expect(since.count).toBe(2)
    expect([...since.steps()].map(({ fromNs, count }) => [fromNs, count])).toEqual([
      [20, 1],
      [expect.closeTo(1e9, -6.5), 1],
    ])
    expect(earlier.since(earlier).count).toBe(0)
  })

  test('99.9 % of a thousand values are 999 of them', () => {
    const values = fill([...new Array<number>(999).fill(1), 5])
    expect(values.quantile(99.9 / 100)).toBe(1)
    expect(values.quantile(0.9991)).toBe(5)
  })

  test('over shared memory, one counts and another sees it', () => {
    const words = new Float64Array(new SharedArrayBuffer(8 * histogramWords))
    new Histogram(words).record(123)
    expect(new Histogram(words)).toMatchObject({ count: 1, min: 123, max: 123, mean: 123 })
  })
})
