// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest'
import {
  depthScale,
  linearScale,
  logScale,
  logScaleAround,
  percentAtTail,
  type Scale,
  scaleFromZero,
  tailOf,
  tailScale,
} from '../../../src/report/figure/scale.ts'

const labels = ({ ticks }: Scale): string[] =>
  ticks.map(({ label }) => label).filter((label) => label !== '')

describe('a linear axis', () => {
  test('has round numbers, and ends at one when it begins at 0', () => {
    expect(labels(linearScale(-3, 7, [0, 1]))).toEqual(['−2', '0', '2', '4', '6'])
    expect(labels(scaleFromZero(1.73, [0, 1]))).toEqual(['0.0', '0.5', '1.0', '1.5', '2.0'])
    expect(labels(scaleFromZero(0, [0, 1])).length).toBeGreaterThan(1)
  })

  test('puts what is beyond it at its end', () => {
    const { place } = linearScale(0, 10, [100, 200])
    expect([-5, 0, 5, 10, 99].map(place)).toEqual([100, 100, 150, 200, 200])
  })
})

describe('a log axis', () => {
  test('has decades, with 2 and 5 where there are few, and powers where they are long', () => {
    expect(labels(logScale(0.5, 3e6, [0, 1]))).toEqual([
      ...['1', '10', '100', '1000', '10⁴', '10⁵', '10⁶'],
    ])
    expect(labels(logScale(0.9, 60, [0, 1]))).toEqual(['1', '2', '5', '10', '20', '50'])
    expect(labels(logScale(0.01, 0.5, [0, 1]))).toEqual([
      ...['0.01', '0.02', '0.05', '0.1', '0.2', '0.5'],
    ])
  })

  test('has numbers within a decade, too', () => {
    expect(labels(logScale(6.1, 8.7, [0, 1]))).toEqual(['6.5', '7.0', '7.5', '8.0', '8.5'])
  })

  test('places decades evenly', () => {
    const { place } = logScale(1, 1000, [0, 3])
    expect([1, 10, 100, 1000].map(place).map((x) => x.toFixed(6))).toEqual([
      ...['0.000000', '1.000000', '2.000000', '3.000000'],
    ])
  })

  test('has an extent even around a single value, and around none', () => {
    for (const values of [[5], [], [0]]) {
      const { from, to } = logScaleAround(values, [0, 1])
      expect(to / from).toBeGreaterThanOrEqual(1.99)
    }
  })
})

test('on an axis of percentiles each further nine is as wide as the one before', () => {
  const { place } = tailScale(99.99, [0, 4])
  expect([0, 90, 99, 99.9, 99.99].map((p) => place(p).toFixed(6))).toEqual([
    ...['0.000000', '1.000000', '2.000000', '3.000000', '4.000000'],
  ])
  expect(labels(tailScale(99.99, [0, 4])).at(-1)).toBe('99.99')
  expect(percentAtTail(tailOf(97.5))).toBeCloseTo(97.5)
})

test('on an axis of depths each doubling is as wide as the one before', () => {
  const { place } = depthScale([1, 2, 4], [0, 1])
  expect(place(4) - place(2)).toBeCloseTo(place(2) - place(1))
  expect(labels(depthScale([3, 17], [0, 1]))).toEqual(['3', '17'])
})
