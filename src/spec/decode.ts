// SPDX-License-Identifier: MIT
// Reads structures and bit fields of the table: decode('IdentifyController', bytes).mdts. Types are
// those that the table implies; `bigint` only where a field is 64 bits or wider.

import { type BitLayout, elementBytes, parseType, type Structure, type Table } from './form.ts'
import { type BitLayoutName, nvme, type StructureName } from './nvme.ts'

type Structures = typeof nvme.structures

type DecodedElement<Base extends string> = Base extends 'u64' | 'u128'
  ? bigint
  : Base extends keyof Structures
    ? Decoded<Base>
    : number

type DecodedType<Type extends string> = Type extends `${infer Base}[${number}]`
  ? Base extends 'ascii' | 'utf8'
    ? string
    : Base extends 'u8'
      ? Uint8Array
      : readonly DecodedElement<Base>[]
  : DecodedElement<Type>

type DecodedRow<Row> = Row extends readonly [number, infer Type extends string, string]
  ? DecodedType<Type>
  : never

/**
 * A structure as `decode` returns it: one property for every field of the table.
 * @category Specification
 */
export type Decoded<Name extends StructureName> = {
  readonly [Field in keyof Structures[Name]['fields']]: DecodedRow<
    Structures[Name]['fields'][Field]
  >
}

/**
 * The bit fields of a word as `decodeBits` returns them.
 * @category Specification
 */
export type DecodedBits<Name extends BitLayoutName> = {
  readonly [Bit in keyof (typeof nvme.bitLayouts)[Name]['bits']]: number
}

/** Bytes of a structure of the table. */
export function byteLengthOf(name: StructureName): number {
  return nvme.structures[name].size
}

/**
 * Reads the structure `name` from `bytes`, which may be longer than it. Byte arrays in the result
 * are copies: it stays as it is when the memory is used again. Too few bytes are a RangeError.
 * @category Specification
 */
export function decode<Name extends StructureName>(
  name: Name,
  bytes: Uint8Array | DataView,
): Decoded<Name> {
  const { size } = nvme.structures[name]
  if (bytes.byteLength < size) {
    throw new RangeError(`${name} has ${size} bytes; there are only ${bytes.byteLength}`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, size)
  return decodeStructure(nvme.structures[name], view, 0) as Decoded<Name>
}

function decodeStructure(structure: Structure, view: DataView, start: number): object {
  return Object.fromEntries(
    Object.entries(structure.fields).map(([name, [offset, type]]) => [
      name,
      decodeField(type, view, start + offset),
    ]),
  )
}

function decodeField(type: string, view: DataView, at: number): unknown {
  const { base, count, isArray } = parseType(type)
  if (!isArray) return decodeElement(base, view, at)
  if (base === 'ascii' || base === 'utf8') return decodeText(base, bytesAt(view, at, count))
  if (base === 'u8') return bytesAt(view, at, count).slice()
  const step = elementBytes(base, nvme.structures)
  return Array.from({ length: count }, (_, index) => decodeElement(base, view, at + index * step))
}

function decodeElement(base: string, view: DataView, at: number): unknown {
  switch (base) {
    case 'u8':
      return view.getUint8(at)
    case 'u16':
      return view.getUint16(at, true)
    case 'u32':
      return view.getUint32(at, true)
    case 'i32':
      return view.getInt32(at, true)
    case 'u64':
      return view.getBigUint64(at, true)
    case 'u128':
      return view.getBigUint64(at, true) | (view.getBigUint64(at + 8, true) << 64n)
    default:
      return decodeStructure(structureOf(base), view, at)
  }
}

function structureOf(name: string): Structure {
  const structure = (nvme.structures as Table['structures'])[name]
  if (!structure) throw new Error(`No such type in the table: ${name}`)
  return structure
}

function bytesAt(view: DataView, at: number, count: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, count)
}

function decodeText(base: 'ascii' | 'utf8', bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  const text = new TextDecoder(base === 'ascii' ? 'latin1' : 'utf-8').decode(
    end < 0 ? bytes : bytes.subarray(0, end),
  )
  return base === 'ascii' ? text.trimEnd() : text
}

/**
 * Takes a register, dword or flag byte apart: decodeBits('cap', value).mqes.
 * @category Specification
 */
export function decodeBits<Name extends BitLayoutName>(
  name: Name,
  value: number | bigint,
): DecodedBits<Name> {
  const layout: BitLayout = nvme.bitLayouts[name]
  const word = BigInt.asUintN(layout.width, BigInt(value))
  const entries = Object.entries(layout.bits).map(([bit, [high, low]]) => [
    bit,
    Number(BigInt.asUintN(high - low + 1, word >> BigInt(low))),
  ])
  return Object.fromEntries(entries) as DecodedBits<Name>
}
