// SPDX-License-Identifier: MIT
// Writes structures and bit fields of the table, the reverse of decode.ts:
// encodeBits('get_log_page_cdw10', { lid: 2, numdl: 127 }).

import { show } from '../checks.ts'
import { createError } from '../errors.ts'
import { byteLengthOf, type Decoded, type DecodedBits } from './decode.ts'
import { type BitLayout, elementBytes, parseType, type Structure } from './form.ts'
import { type BitLayoutName, nvme, type StructureName } from './nvme.ts'

/** Values for fields of a word or a structure; what is left out is 0. */
export type Bits<Name extends BitLayoutName> = Partial<DecodedBits<Name>>
export type Fields<Name extends StructureName> = Partial<Decoded<Name>>

/**
 * The word, of at most 32 bits, that has these values in its fields.
 * @throws NvmError ERR_ARGUMENT for a name that the word has not; ERR_RANGE for a value that does
 * not fit its field.
 */
export function encodeBits<Name extends BitLayoutName>(name: Name, values: Bits<Name>): number {
  const { bits }: BitLayout = nvme.bitLayouts[name]
  let word = 0
  for (const [field, value] of Object.entries<number | undefined>(values)) {
    const row = bits[field]
    if (row === undefined) {
      throw createError('ERR_ARGUMENT', `${name} has no '${field}', but ${Object.keys(bits)}`)
    }
    const [high, low] = row
    const max = 2 ** (high - low + 1) - 1
    if (value === undefined) continue
    checkNumber(`${field} of ${name}`, value, max)
    word += value * 2 ** low
  }
  return word
}

/**
 * The structure's bytes, with these values in its fields.
 * @throws NvmError ERR_ARGUMENT for a name that it has not; ERR_RANGE for a value that does not
 * fit its field.
 */
export function encode<Name extends StructureName>(name: Name, values: Fields<Name>): Uint8Array {
  const bytes = new Uint8Array(byteLengthOf(name))
  const view = new DataView(bytes.buffer)
  const { fields }: Structure = nvme.structures[name]
  for (const [field, value] of Object.entries(values)) {
    const row = fields[field]
    if (row === undefined) throw createError('ERR_ARGUMENT', `${name} has no '${field}'`)
    const { base, count, isArray } = parseType(row[1])
    const elements: Iterable<unknown> = isArray ? elementsOf(`${field} of ${name}`, value) : [value]
    let at = row[0]
    const end = at + count * elementBytes(base, nvme.structures)
    for (const element of elements) {
      if (at >= end) throw createError('ERR_RANGE', `${field} of ${name} has ${count} elements`)
      at += encodeElement(`${field} of ${name}`, base, view, at, element)
    }
  }
  return bytes
}

function elementsOf(what: string, value: unknown): Iterable<unknown> {
  const isList = Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
  if (isList) return value as Iterable<unknown>
  throw createError('ERR_ARGUMENT', `${what} is ${show(value)}, and not an array`)
}

function encodeElement(
  what: string,
  base: string,
  view: DataView,
  at: number,
  value: unknown,
): number {
  switch (base) {
    case 'u8':
      view.setUint8(at, checkNumber(what, value, 0xff))
      return 1
    case 'u16':
      view.setUint16(at, checkNumber(what, value, 0xffff), true)
      return 2
    case 'u32':
      view.setUint32(at, checkNumber(what, value, 0xffffffff), true)
      return 4
    case 'u64':
      view.setBigUint64(at, checkBigInt(what, value), true)
      return 8
    default:
      throw createError('ERR_ARGUMENT', `${what} is ${base}, which is not written`)
  }
}

function checkNumber(what: string, value: unknown, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max) {
    return value
  }
  throw createError('ERR_RANGE', `${what} is ${show(value)}; it is a number from 0 to ${max}`)
}

function checkBigInt(what: string, value: unknown): bigint {
  const number = typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value
  if (typeof number === 'bigint' && number >= 0n && number < 2n ** 64n) return number
  throw createError(
    'ERR_RANGE',
    `${what} is ${show(value)}; it is an integer from 0 to 2 ** 64 - 1`,
  )
}
