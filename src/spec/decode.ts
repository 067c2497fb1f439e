// SPDX-License-Identifier: MIT
// Reads structures and bit fields of the table: decode('IdentifyController', bytes).mdts. Types are
// those that the table implies; `bigint` only where a field is 64 bits or wider.

import { isBytes, show } from '../checks.ts'
import { createError } from '../errors.ts'
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
 * A structure as {@link decode} returns it: one property for every field of the table.
 * @category Specification
 */
export type Decoded<Name extends StructureName> = {
  readonly [Field in keyof Structures[Name]['fields']]: DecodedRow<
    Structures[Name]['fields'][Field]
  >
}

/**
 * The bit fields of a word as {@link decodeBits} returns them.
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
 * are copies: it stays as it is when the memory is used again. `decode('SmartLog', bytes)`.
 * @param name of the [table of structures](../../docs/fields.md#structures)
 * @param bytes begin with the structure
 * @throws NvmError ERR_ARGUMENT for what is no structure or no bytes, ERR_RANGE for too few bytes
 * @category Specification
 */
export function decode<Name extends StructureName>(
  name: Name,
  bytes: Uint8Array | DataView,
): Decoded<Name> {
  if (!isNameIn(nvme.structures, name)) {
    throw createError('ERR_ARGUMENT', `the table has no structure ${show(name)}`)
  }
  if (!isBytes(bytes) && !(ArrayBuffer.isView(bytes) && bytes instanceof DataView)) {
    throw createError('ERR_ARGUMENT', `bytes is ${show(bytes)}, and not a Uint8Array`)
  }
  const { size } = nvme.structures[name]
  if (bytes.byteLength < size) {
    const there = `there are only ${bytes.byteLength}`
    throw createError('ERR_RANGE', `${name} has ${size} bytes; ${there}`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, size)
  return readerOfStructure(name)(view, 0) as Decoded<Name>
}

const isNameIn = (table: object, name: unknown): boolean =>
  typeof name === 'string' && Object.hasOwn(table, name)

type Reader = (view: DataView, at: number) => unknown

/** What reads each structure and type, made when it is first decoded: none is taken apart twice. */
const structureReaders = new Map<string, Reader>()
const typeReaders = new Map<string, Reader>()
const latin1 = new TextDecoder('latin1')
const utf8 = new TextDecoder('utf-8')

function readerOfStructure(name: string): Reader {
  let reader = structureReaders.get(name)
  if (!reader) {
    reader = makeStructureReader(structureOf(name))
    structureReaders.set(name, reader)
  }
  return reader
}

function structureOf(name: string): Structure {
  const structure = (nvme.structures as Table['structures'])[name]
  if (!structure) throw new Error(`No such type in the table: ${name}`)
  return structure
}

function makeStructureReader({ fields }: Structure): Reader {
  const names = Object.keys(fields)
  const offsets = Object.values(fields).map(([offset]) => offset)
  const readers = Object.values(fields).map(([, type]) => readerOfType(type))
  return (view, at) => {
    const decoded: Record<string, unknown> = {}
    for (let i = 0; i < names.length; i++) {
      decoded[names[i] as string] = (readers[i] as Reader)(view, at + (offsets[i] as number))
    }
    return decoded
  }
}

function readerOfType(type: string): Reader {
  let reader = typeReaders.get(type)
  if (!reader) {
    reader = makeTypeReader(type)
    typeReaders.set(type, reader)
  }
  return reader
}

function makeTypeReader(type: string): Reader {
  const { base, count, isArray } = parseType(type)
  if (!isArray) return readerOfElement(base)
  if (base === 'ascii') return (view, at) => readText(latin1, bytesAt(view, at, count)).trimEnd()
  if (base === 'utf8') return (view, at) => readText(utf8, bytesAt(view, at, count))
  if (base === 'u8') return (view, at) => bytesAt(view, at, count).slice()
  const step = elementBytes(base, nvme.structures)
  const read = readerOfElement(base)
  return (view, at) => {
    const elements: unknown[] = []
    for (let i = 0; i < count; i++) elements.push(read(view, at + i * step))
    return elements
  }
}

const scalarReaders: Readonly<Record<string, Reader>> = {
  u8: (view, at) => view.getUint8(at),
  u16: (view, at) => view.getUint16(at, true),
  u32: (view, at) => view.getUint32(at, true),
  i32: (view, at) => view.getInt32(at, true),
  u64: (view, at) => view.getBigUint64(at, true),
  u128: (view, at) => view.getBigUint64(at, true) | (view.getBigUint64(at + 8, true) << 64n),
}

const readerOfElement = (base: string): Reader => scalarReaders[base] ?? readerOfStructure(base)

function bytesAt(view: DataView, at: number, count: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, count)
}

function readText(decoder: typeof latin1, bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end))
}

/**
 * Takes a register, dword or flag byte apart: `decodeBits('cap', controller.info.cap).mqes`.
 * @param name of the [table of bit fields](../../docs/fields.md#bit-fields)
 * @param value a whole number that is not negative, and no longer than the word
 * @throws NvmError ERR_ARGUMENT for a name that the table has not, and for no whole number;
 * ERR_RANGE for one that the word cannot have
 * @category Specification
 */
export function decodeBits<Name extends BitLayoutName>(
  name: Name,
  value: number | bigint,
): DecodedBits<Name> {
  if (!isNameIn(nvme.bitLayouts, name)) {
    throw createError('ERR_ARGUMENT', `the table has no word ${show(name)}`)
  }
  if (typeof value !== 'bigint' && !Number.isInteger(value)) {
    throw createError('ERR_ARGUMENT', `${name} is ${show(value)}, and not a whole number`)
  }
  const layout: BitLayout = nvme.bitLayouts[name]
  const word = BigInt(value)
  if (word !== BigInt.asUintN(layout.width, word)) {
    throw createError('ERR_RANGE', `${name} is ${show(value)}; it has ${layout.width} bits`)
  }
  const entries = Object.entries(layout.bits).map(([bit, [high, low]]) => [
    bit,
    Number(BigInt.asUintN(high - low + 1, word >> BigInt(low))),
  ])
  return Object.fromEntries(entries) as DecodedBits<Name>
}
