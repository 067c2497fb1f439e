// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { ratiosOf, spreadOf, verdict } from '../../../benchmarks/shared/spread.ts'

test('the median of an even number of values lies between the middle two', () => {
  expect(spreadOf([4, 1, 3, 10])).toEqual({ min: 1, median: 3.5, max: 10 })
  expect(spreadOf([10, 9, 2])).toEqual({ min: 2, median: 9, max: 10 })
})

test('ratios are those of the same round, not of the medians', () => {
  expect(ratiosOf([1, 20, 6], [2, 10, 2])).toEqual({ min: 0.5, median: 2, max: 3 })
})

test('a goal is reached by the median, or lies within the spread, or was missed', () => {
  const ratio = { min: 0.7, median: 0.8, max: 0.9 }
  expect(verdict(0.8, ratio)).toBe('≥ 0.80 reached')
  expect(verdict(0.85, ratio)).toBe('≥ 0.85 within the spread')
  expect(verdict(0.95, ratio)).toBe('≥ 0.95 MISSED')
  expect(verdict(undefined, ratio)).toBe('')
})
