// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest'
import { parseSize } from '../../src/size.ts'

describe('size', () => {
  test.each([
    [4096, 4096],
    ['4096', 4096],
    ['1KiB', 1024],
    ['64 MiB', 64 * 2 ** 20],
    ['1.5GiB', 1.5 * 2 ** 30],
    ['2T', 2 * 2 ** 40],
  ])('%j is %d bytes', (size, bytes) => {
    expect(parseSize(size)).toBe(bytes)
  })

  test.each([0, -1, 1.5, Number.NaN, '', 'many', '4MB', '0GiB', '1e99'])(
    '%j is no size',
    (size) => {
      expect(() => parseSize(size)).toThrow(expect.objectContaining({ code: 'ERR_ARGUMENT' }))
    },
  )
})
