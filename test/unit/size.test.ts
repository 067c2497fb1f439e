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

  test.each([1.5, Number.NaN, Infinity, '', 'many', '4MB', '1e99', '0.3', null])(
    '%j is no size',
    (size) => {
      expect(() => parseSize(size as string)).toThrow(
        expect.objectContaining({ code: 'ERR_ARGUMENT' }),
      )
    },
  )

  test.each([0, -1, 2 ** 53, '0GiB', '-1MiB', '999999TiB'])('%j is out of range', (size) => {
    const refused = { code: 'ERR_RANGE', message: expect.stringMatching(/bytes; it is 1 to 9007/) }
    expect(() => parseSize(size)).toThrow(expect.objectContaining(refused))
  })
})
