// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import {
  blocksOf,
  parseAmount,
  parseBytes,
  parseDepths,
  parsePercents,
  parseSizes,
  parseTime,
} from '../../../benchmarks/latency/values.ts'

test.each([
  ['512', 512],
  ['4k', 4096],
  ['4K', 4096],
  ['4KiB', 4096],
  ['1MiB', 2 ** 20],
  ['1.5m', 1.5 * 2 ** 20],
  ['2 GB', 2 ** 31],
  ['512B', 512],
])('%s is %d bytes', (text, bytes) => {
  expect(parseBytes('x', text)).toBe(bytes)
})

test.each(['', '0', '-1', '4x', '0.3', 'k', '1e3'])("'%s' is no size", (text) => {
  expect(() => parseBytes('block-size', text)).toThrow(/--block-size takes sizes/)
})

test.each([
  ['10s', 10_000],
  ['500ms', 500],
  ['2m', 120_000],
  ['1h', 3_600_000],
  ['3', 3000],
  ['250us', 0.25],
  ['0', 0],
])('%s is %d ms', (text, ms) => {
  expect(parseTime('runtime', text)).toBe(ms)
})

test('what is no time is refused', () => {
  for (const text of ['', 'ten', '-1s', '5 days']) {
    expect(() => parseTime('runtime', text)).toThrow(/--runtime takes a time/)
  }
  expect(() => parseTime('ramp', '8761h')).toThrow(/--ramp takes at most 8760h/)
  expect(parseTime('ramp', '8760h')).toBe(8760 * 3.6e6)
})

test('places are blocks, or bytes where a unit was written', () => {
  expect(parseAmount('offset', '4096')).toEqual({ blocks: 4096 })
  expect(parseAmount('offset', '4096B')).toEqual({ bytes: 4096 })
  expect(blocksOf('offset', parseAmount('offset', '1MiB'), 512)).toBe(2048)
  expect(blocksOf('offset', parseAmount('offset', '7'), 512)).toBe(7)
  expect(() => blocksOf('offset', { bytes: 1000 }, 512)).toThrow(/--offset 1000 bytes/)
})

test('sizes come in turn, or are drawn by weight', () => {
  const size = (byteLength: number, weight: number) => ({ byteLength, weight })
  expect(parseSizes('bs', '4k')).toEqual({ sizes: [size(4096, 1)], inTurn: false })
  expect(parseSizes('bs', '4k,64k')).toEqual({
    sizes: [size(4096, 0.5), size(65536, 0.5)],
    inTurn: true,
  })
  expect(parseSizes('bs', '4k:3,64k:1')).toEqual({
    sizes: [size(4096, 0.75), size(65536, 0.25)],
    inTurn: false,
  })
  for (const text of ['4k:70,64k', '4k:0', '4k:-1,8k:2', '4k:1:2', '4k,', '4k:x']) {
    expect(() => parseSizes('bs', text)).toThrow(/--bs/)
  }
})

test.each([
  ['32', [32]],
  ['1,2,8', [1, 2, 8]],
  ['1..8', [1, 2, 4, 8]],
  ['1…8', [1, 2, 4, 8]],
  ['1,2,4..128', [1, 2, 4, 8, 16, 32, 64, 128]],
  ['1,2,4…128', [1, 2, 4, 8, 16, 32, 64, 128]],
  ['1,2,4,…,16', [1, 2, 4, 8, 16]],
  ['3..20', [3, 6, 12, 20]],
])('depths %s', (text, depths) => {
  expect(parseDepths('depth', text)).toEqual(depths)
})

test('depths that are none are refused', () => {
  for (const text of ['0', '', '1,', '8..2', '1..2..4', 'a', '70000']) {
    expect(() => parseDepths('depth', text)).toThrow(/--depth/)
  }
})

test('percentiles are sorted, and none is beyond 100', () => {
  expect(parsePercents('percentiles', '99.9,50,99,50')).toEqual([50, 99, 99.9])
  for (const text of ['', '0', '101', 'a', '50,']) {
    expect(() => parsePercents('percentiles', text)).toThrow(/--percentiles/)
  }
})
