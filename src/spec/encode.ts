// SPDX-License-Identifier: MIT
// The reverse of decodeBits: encodeBits('write_zeroes_cdw12', { nlb: 7, deac: 1 }).

import { createError } from '../errors.ts'
import type { DecodedBits } from './decode.ts'
import type { BitLayout } from './form.ts'
import { type BitLayoutName, nvme } from './nvme.ts'

/** A word of at most 32 bits; fields left out are 0. ERR_RANGE where a value does not fit. */
export function encodeBits<Name extends BitLayoutName>(
  name: Name,
  fields: Partial<DecodedBits<Name>>,
): number {
  const layout: BitLayout = nvme.bitLayouts[name]
  let word = 0
  for (const [field, value] of Object.entries<number | undefined>(fields)) {
    const row = layout.bits[field]
    if (row === undefined || value === undefined) continue
    const [high, low] = row
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (high - low + 1)) {
      const bits = `${name} has bits ${high}:${low} for it`
      throw createError('ERR_RANGE', `${field} is ${value}; ${bits}`)
    }
    word += value * 2 ** low
  }
  return word
}
