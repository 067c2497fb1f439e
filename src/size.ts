// SPDX-License-Identifier: MIT
// Sizes as people write them.

import { show } from './checks.ts'
import { createError } from './errors.ts'

const units: Record<string, number> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }

/**
 * Bytes of a size such as 4096, '64MiB' or '1.5 GiB'.
 * @throws NvmError ERR_ARGUMENT for what is none, ERR_RANGE for 0, less, and more than 2^53 - 1
 */
export function parseSize(size: number | string): number {
  const text = typeof size === 'string' || typeof size === 'number' ? String(size).trim() : ''
  const match = /^(-?\d+(?:\.\d+)?)\s*(?:([KMGT])(?:iB)?|B?)$/.exec(text)
  const bytes = match === null ? Number.NaN : Number(match[1]) * (units[match[2] ?? ''] as number)
  if (!Number.isInteger(bytes)) {
    throw createError(
      'ERR_ARGUMENT',
      `size ${show(size)} is not a size such as 4096, '64MiB' or '4GiB'`,
    )
  }
  if (bytes >= 1 && bytes <= Number.MAX_SAFE_INTEGER) return bytes
  throw createError(
    'ERR_RANGE',
    `size ${show(size)} is ${bytes} bytes; it is 1 to ${Number.MAX_SAFE_INTEGER}`,
  )
}
