// SPDX-License-Identifier: MIT
// The form in which src/spec writes down a binary format. A table is plain data, `as const`:
// TypeScript infers types from it (decode.ts), scripts/generate.ts makes C++ of it. Names are the
// specification's, in lower case; the last element of every row is one line of meaning.

/** Little-endian numbers. TypeScript has them as `number` up to 32 bits, above as `bigint`. */
export type ScalarType = 'u8' | 'u16' | 'u32' | 'u64' | 'u128' | 'i32'

/** `ascii` is padded with spaces, `utf8` ends at a NUL; a capital begins a structure's name. */
export type FieldType =
  | ScalarType
  | `${ScalarType | 'ascii' | 'utf8'}[${number}]`
  | Capitalize<string>

/** Byte offset, type, meaning. Bytes that no row covers are reserved. */
export type FieldRow = readonly [offset: number, type: FieldType, text: string]

export interface Structure {
  readonly text: string
  readonly size: number
  readonly fields: { readonly [name: string]: FieldRow }
}

/** Byte offset, width in bits, meaning. */
export type RegisterRow = readonly [offset: number, width: 32 | 64, text: string]

/** Highest and lowest bit, as the specification writes 15:00, and the meaning. */
export type BitRow = readonly [high: number, low: number, text: string]

/** The bit fields of one register, command dword or structure field of `width` bits. */
export interface BitLayout {
  readonly text: string
  readonly width: 8 | 16 | 32 | 64
  readonly bits: { readonly [name: string]: BitRow }
}

/** A code point of one byte, such as an opcode. */
export type CodeRow = readonly [value: number, text: string]

/** Status code type and status code. */
export type StatusRow = readonly [sct: number, sc: number, text: string]

export interface Table {
  readonly structures: { readonly [name: string]: Structure }
  readonly registers: { readonly [name: string]: RegisterRow }
  readonly bitLayouts: { readonly [name: string]: BitLayout }
  readonly codes: { readonly [set: string]: { readonly [name: string]: CodeRow } }
  readonly statuses: { readonly [name: string]: StatusRow }
}

/** A field's type taken apart: `count` is 1 and `isArray` false for a single value. */
export interface ParsedType {
  readonly base: string
  readonly count: number
  readonly isArray: boolean
}

/** Takes `u8[16]` apart into its base and count. */
export function parseType(type: string): ParsedType {
  const match = /^(\w+)(?:\[(\d+)\])?$/.exec(type)
  if (!match?.[1]) throw new Error(`Not a field type: ${type}`)
  return { base: match[1], count: Number(match[2] ?? 1), isArray: match[2] !== undefined }
}

const scalarBytes = new Map<string, number>([
  ['u8', 1],
  ['ascii', 1],
  ['utf8', 1],
  ['u16', 2],
  ['u32', 4],
  ['i32', 4],
  ['u64', 8],
  ['u128', 16],
])

/** Bytes of one element of a type's base, a nested structure included. */
export function elementBytes(base: string, structures: Table['structures']): number {
  const size = scalarBytes.get(base) ?? structures[base]?.size
  if (size === undefined) throw new Error(`No such type in the table: ${base}`)
  return size
}
