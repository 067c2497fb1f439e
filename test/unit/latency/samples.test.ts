// SPDX-License-Identifier: MIT
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { percentile, summarize } from '../../../benchmarks/latency/windows/samples.ts'

test('a percentile of few values is one of them, at every fraction', () => {
  expect(percentile([7], 0.01)).toBe(7)
  expect(percentile([7], 0.99)).toBe(7)
  expect(percentile([1, 2], 0.5)).toBe(1)
  expect(percentile([1, 2], 0.51)).toBe(2)
  expect(percentile([1, 2, 3, 4], 1)).toBe(4)
})

test('a percentile is the smallest value that enough values do not exceed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 }),
      fc.double({ min: 0.001, max: 1, noNaN: true }),
      (values, fraction) => {
        const sorted = [...values].sort((a, b) => a - b)
        const answer = percentile(sorted, fraction)
        expect(sorted.filter((v) => v <= answer).length).toBeGreaterThanOrEqual(
          Math.ceil(fraction * sorted.length),
        )
        expect(sorted.filter((v) => v < answer).length).toBeLessThan(
          Math.max(1, Math.ceil(fraction * sorted.length)),
        )
      },
    ),
  )
})

test('a falling series has its maximum first', () => {
  const summary = summarize([30, 20, 10].map((elapsed) => ({ commands: 1, blocks: 8, elapsed })))
  expect(summary).toMatchObject({ count: 3, blocks: 24, min: 10, avg: 20, max: 30 })
})
