// SPDX-License-Identifier: MIT
// Sizes as people write them.

import { createError } from './errors.ts'

const units: Record<string, number> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }

/** Bytes of a size such as 4096, '64MiB' or '1.5 GiB'. */
export function parseSize(size: number | string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([KMGT])(?:iB)?|B?)$/.exec(String(size).trim())
  const bytes = match === null ? Number.NaN : Number(match[1]) * (units[match[2] ?? ''] as number)
  if (!Number.isSafeInteger(bytes) || bytes <= 0) {
    throw createError(
      'ERR_ARGUMENT',
      `size '${size}' is not a size such as 4096, '64MiB' or '4GiB'`,
    )
  }
  return bytes
}
