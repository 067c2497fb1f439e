// SPDX-License-Identifier: MIT
// Sizes as people write them.

import { show } from './checks.ts'
import { createError } from './errors.ts'

const units: Record<string, number> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }

/** Bytes of a size such as 4096, '64MiB' or '1.5 GiB'. */
export function parseSize(size: number | string): number {
  const text = typeof size === 'string' || typeof size === 'number' ? String(size).trim() : ''
  const match = /^(\d+(?:\.\d+)?)\s*(?:([KMGT])(?:iB)?|B?)$/.exec(text)
  const bytes = match === null ? Number.NaN : Number(match[1]) * (units[match[2] ?? ''] as number)
  if (!Number.isSafeInteger(bytes) || bytes <= 0) {
    throw createError(
      'ERR_ARGUMENT',
      `size ${show(size)} is not a size such as 4096, '64MiB' or '4GiB'`,
    )
  }
  return bytes
}
