// SPDX-License-Identifier: MIT
// Prints a structure of the specification's table field by field, as nvme-cli does. What is
// particular to a structure is its wording: how a number is written, and the lines of its bits.

import { decode } from '../../spec/decode.ts'
import { type FieldRow, parseType } from '../../spec/form.ts'
import { nvme, type StructureName } from '../../spec/nvme.ts'
import { type BitTable, bitLines, hex } from './bits.ts'
import type { JsonValue } from './json.ts'

/** How a structure is said. */
export interface Wording {
  readonly structure: StructureName
  /** Of the column of names. */
  readonly width: number
  /** Fields in hexadecimal; numbers are decimal otherwise. */
  readonly hex: readonly string[]
  /** Fields of bytes that are an identifier, and how they are written. */
  readonly identifiers?: Readonly<Record<string, (bytes: Uint8Array) => string>>
  /** Lines below a field where they are asked for; see bits.ts. */
  readonly bits: Readonly<Record<string, BitTable>>
  /** Fields whose lines have no empty line behind them. */
  readonly tight?: readonly string[]
}

/** A field of a structure: a number, or its bytes. */
export type FieldValue = number | bigint | Uint8Array

function rowOf(structure: StructureName, field: string): FieldRow {
  const row = (nvme.structures[structure].fields as Readonly<Record<string, FieldRow>>)[field]
  if (row === undefined) throw new Error(`${structure} has no field ${field}`)
  return row
}

/** A text as the device has it, with the spaces that fill it up. */
export function textOf(structure: StructureName, field: string, bytes: Uint8Array): string {
  const [offset, type] = rowOf(structure, field)
  const { base, count } = parseType(type)
  const end = bytes.indexOf(0, offset)
  const length = end < 0 ? count : Math.min(count, end - offset)
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + offset, length)
  return text.toString(base === 'utf8' ? 'utf8' : 'latin1')
}

function isText(structure: StructureName, field: string): boolean {
  return /^(ascii|utf8)\[/.test(rowOf(structure, field)[1])
}

/** What a device says must not move a terminal's cursor. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, '.')
}

/** Lines of text for `fields`; with `isHuman` those of their bits, too. */
export function fieldLines(
  wording: Wording,
  fields: readonly string[],
  bytes: Uint8Array,
  isHuman: boolean,
): string[] {
  const decoded = decode(wording.structure, bytes) as Readonly<Record<string, FieldValue>>
  return fields.flatMap((field) => {
    const value = decoded[field] as FieldValue
    const label = field.length < wording.width ? field.padEnd(wording.width) : field
    const line = `${label}: ${said(wording, field, value, bytes)}`
    const table = wording.bits[field]
    if (!isHuman || table === undefined || value instanceof Uint8Array) return [line]
    const empty = wording.tight?.includes(field) ? [] : ['']
    return [line, ...bitLines(table, value), ...empty]
  })
}

function said(wording: Wording, field: string, value: FieldValue, bytes: Uint8Array): string {
  if (isText(wording.structure, field)) return printable(textOf(wording.structure, field, bytes))
  if (value instanceof Uint8Array) return identifier(wording, field, value)
  return wording.hex.includes(field) ? hex(value) : String(value)
}

function identifier(wording: Wording, field: string, value: Uint8Array): string {
  return wording.identifiers?.[field]?.(value) ?? Buffer.from(value).toString('hex')
}

/** The same fields for JSON: numbers, texts, and numbers above 64 bits as text. */
export function fieldMembers(
  wording: Wording,
  fields: readonly string[],
  bytes: Uint8Array,
): Record<string, JsonValue> {
  const { structure } = wording
  const decoded = decode(structure, bytes) as Readonly<Record<string, FieldValue>>
  return Object.fromEntries(
    fields.map((field) => [field, member(wording, field, decoded[field] as FieldValue, bytes)]),
  )
}

function member(wording: Wording, field: string, value: FieldValue, bytes: Uint8Array): JsonValue {
  if (isText(wording.structure, field)) return textOf(wording.structure, field, bytes)
  if (value instanceof Uint8Array) return identifier(wording, field, value)
  return rowOf(wording.structure, field)[1] === 'u128' ? String(value) : value
}

/** The fields of a structure in its order, without those named. */
export function fieldsBut(structure: StructureName, ...left: readonly string[]): string[] {
  return Object.keys(nvme.structures[structure].fields).filter((field) => !left.includes(field))
}
