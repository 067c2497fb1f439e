// SPDX-License-Identifier: MIT
// Makes C++ of the tables in src/spec: structures with every offset and size asserted, bit fields,
// codes, statuses.

import {
  type BitLayout,
  type CodeRow,
  elementBytes,
  parseType,
  type RegisterRow,
  type StatusRow,
  type Structure,
  type Table,
} from '../../src/spec/form.ts'
import { aligned, headerStart, hex, unlessSame } from './text.ts'

type Structures = Table['structures']

const cppTypes: Record<string, string> = {
  u8: 'uint8_t',
  u16: 'uint16_t',
  u32: 'uint32_t',
  u64: 'uint64_t',
  u128: 'Uint128',
  i32: 'int32_t',
  ascii: 'char',
  utf8: 'char',
}

const alignments: Record<string, number> = { u16: 2, u32: 4, i32: 4, u64: 8, u128: 8 }

function alignmentOf(base: string, structures: Structures): number {
  const nested = structures[base]
  if (!nested) return alignments[base] ?? 1
  return isPacked(nested, structures) ? 1 : naturalAlignment(nested, structures)
}

function naturalAlignment(structure: Structure, structures: Structures): number {
  const bases = Object.values(structure.fields).map(([, type]) => parseType(type).base)
  return Math.max(1, ...bases.map((base) => alignmentOf(base, structures)))
}

// A structure whose fields or size do not fit natural alignment is declared packed.
function isPacked(structure: Structure, structures: Structures): boolean {
  const misplaced = Object.values(structure.fields).some(
    ([offset, type]) => offset % alignmentOf(parseType(type).base, structures) !== 0,
  )
  return misplaced || structure.size % naturalAlignment(structure, structures) !== 0
}

function reservedRow(from: number, to: number): [string, string] | undefined {
  if (from > to) throw new Error(`Fields overlap before byte ${from}`)
  return from === to ? undefined : [`  uint8_t reserved_${from}[${to - from}];`, '']
}

function memberRows(structure: Structure, structures: Structures): [string, string][] {
  const fields = Object.entries(structure.fields).sort(([, a], [, b]) => a[0] - b[0])
  const rows: ([string, string] | undefined)[] = []
  let end = 0
  for (const [name, [offset, type, text]] of fields) {
    const { base, count, isArray } = parseType(type)
    rows.push(reservedRow(end, offset))
    rows.push([`  ${cppTypes[base] ?? base} ${name}${isArray ? `[${count}]` : ''};`, text])
    end = offset + count * elementBytes(base, structures)
  }
  rows.push(reservedRow(end, structure.size))
  return rows.filter((row) => row !== undefined)
}

function structureText(name: string, structure: Structure, structures: Structures): string {
  const attribute = isPacked(structure, structures) ? '[[gnu::packed]] ' : ''
  return [
    `// ${structure.text}.`,
    `struct ${attribute}${name} {`,
    ...aligned(memberRows(structure, structures)),
    '};',
    '',
  ].join('\n')
}

// Stands at the end of a header: nobody needs to read it, the compiler does.
function layoutAsserts(structures: Structures): string {
  const asserts = Object.entries(structures).flatMap(([name, structure]) => [
    `static_assert(sizeof(${name}) == ${structure.size});`,
    ...Object.entries(structure.fields).map(
      ([field, [offset]]) => `static_assert(offsetof(${name}, ${field}) == ${offset});`,
    ),
  ])
  return ['// Every size and every offset, checked by the compiler.', ...asserts, ''].join('\n')
}

function structuresText(structures: Structures): string {
  return Object.entries(structures)
    .map(([name, structure]) => structureText(name, structure, structures))
    .join('\n')
}

function namespaceText(name: string, comment: string, lines: readonly string[]): string {
  return [`// ${comment}.`, `namespace ${name} {`, ...lines, `}  // namespace ${name}`, ''].join(
    '\n',
  )
}

function registersText(registers: Record<string, RegisterRow>): string {
  const rows = Object.entries(registers).map(
    ([name, [offset, , text]]) =>
      [`inline constexpr uint32_t ${name} = ${hex(offset, 2)};`, text] as const,
  )
  return namespaceText('registers', 'Byte offsets in BAR0', aligned(rows))
}

function bitsText(name: string, layout: BitLayout): string {
  const rows = Object.entries(layout.bits).map(
    ([bit, [high, low, text]]) =>
      [`inline constexpr Bits${layout.width}<${high}, ${low}> ${bit};`, text] as const,
  )
  return namespaceText(name, layout.text, aligned(rows))
}

function codesText(name: string, rows: Record<string, CodeRow>): string {
  const lines = Object.entries(rows).map(
    ([code, [value, text]]) =>
      [`inline constexpr uint8_t ${code} = ${hex(value, 2)};`, unlessSame(code, text)] as const,
  )
  return namespaceText(name, name.replaceAll('_', ' '), aligned(lines))
}

/** A function from the codes of a set to their texts; other codes have none. */
function codeTexts(set: string, name: string, comment: string, table: Table): string {
  const cases = Object.entries(table.codes[set] ?? {}).map(
    ([code, [, text]]) => `    case ${set}::${code}: return "${text}";`,
  )
  return [
    `// ${comment}`,
    `inline const char* ${name}(uint8_t code) {`,
    '  switch (code) {',
    ...cases,
    '    default: return nullptr;',
    '  }',
    '}',
    '',
  ].join('\n')
}

function statusesText(statuses: Record<string, StatusRow>): string {
  const rows = Object.entries(statuses).map(
    ([name, [sct, sc, text]]) =>
      [
        `inline constexpr uint16_t ${name} = ${hex((sct << 8) | sc, 3)};`,
        unlessSame(name, text),
      ] as const,
  )
  const flags = [
    ['inline constexpr uint16_t code_mask = 0x7ff;', 'Status code type and status code'],
    ['inline constexpr uint16_t more = 0x2000;', 'The error information log has details'],
    ['inline constexpr uint16_t dnr = 0x4000;', 'Do not retry'],
  ] as const
  const comment = 'Status field without the phase tag: SC 7:0, SCT 10:8, CRD 12:11, M 13, DNR 14'
  return namespaceText('status', comment, [...aligned(rows), '', ...aligned(flags)])
}

function statusLookup(
  comment: string,
  name: string,
  fallback: string,
  statuses: Record<string, StatusRow>,
  value: (name: string, text: string) => string,
): string {
  const cases = Object.entries(statuses).flatMap(([status, [, , text]]) => [
    `    case status::${status}: return "${value(status, text)}";`,
  ])
  return [
    `// ${comment}`,
    `inline const char* ${name}(uint16_t status_field) {`,
    '  switch (status_field & status::code_mask) {',
    ...cases,
    `    default: return ${fallback};`,
    '  }',
    '}',
    '',
  ].join('\n')
}

const bitField = `// One field of a register or dword, from bit High down to bit Low.
template <class Word, unsigned High, unsigned Low>
struct BitField {
  static_assert(Low <= High && High < 8 * sizeof(Word));
  static constexpr Word max = static_cast<Word>(~uint64_t{0} >> (63 - (High - Low)));
  static constexpr Word mask = static_cast<Word>(max << Low);

  // The field's value, moved down to bit 0.
  constexpr Word get(Word word) const { return static_cast<Word>((word & mask) >> Low); }

  // The value in its place, ready to be or-ed into a word; bits that do not fit are dropped.
  constexpr Word put(Word value) const { return static_cast<Word>((value << Low) & mask); }
};

template <unsigned High, unsigned Low>
using Bits8 = BitField<uint8_t, High, Low>;
template <unsigned High, unsigned Low>
using Bits16 = BitField<uint16_t, High, Low>;
template <unsigned High, unsigned Low>
using Bits32 = BitField<uint32_t, High, Low>;
template <unsigned High, unsigned Low>
using Bits64 = BitField<uint64_t, High, Low>;

// 128-bit little-endian number, such as a capacity in bytes.
struct Uint128 {
  uint64_t low;
  uint64_t high;
};
`

/** lib/spec/nvme.h. */
export function nvmeHeader(table: Table): string {
  const vendor = '(status_field >> 8 & 7) == 7 ? "vendor_specific" : "unknown"'
  const vendorText = '(status_field >> 8 & 7) == 7 ? "Vendor Specific" : "Unknown Status"'
  return [
    headerStart('src/spec/nvme.ts', 'NVMe 2.0 as a little-endian machine sees it in memory.', [
      'cstddef',
      'cstdint',
    ]),
    'namespace nvm::spec {\n',
    bitField,
    structuresText(table.structures),
    registersText(table.registers),
    ...Object.entries(table.bitLayouts).map(([name, layout]) => bitsText(name, layout)),
    ...Object.entries(table.codes).map(([name, rows]) => codesText(name, rows)),
    statusesText(table.statuses),
    statusLookup(
      'The name of a status field as namespace status has it.',
      'status_name',
      vendor,
      table.statuses,
      (name) => name,
    ),
    statusLookup(
      'A status field in the words of the specification.',
      'status_text',
      vendorText,
      table.statuses,
      (_, text) => text,
    ),
    codeTexts(
      'admin_opcode',
      'admin_opcode_text',
      'An admin command in the words of the specification; null for one that it does not have.',
      table,
    ),
    layoutAsserts(table.structures),
    '}  // namespace nvm::spec\n',
  ].join('\n')
}

/** lib/spec/rpc.h. */
export function rpcHeader(
  structures: Structures,
  codes: Record<string, CodeRow>,
  version: number,
): string {
  return [
    headerStart('src/spec/rpc.ts', 'Messages between the manager of a controller and clients.', [
      'cstddef',
      'cstdint',
    ]),
    'namespace nvm::spec {\n',
    `inline constexpr uint32_t rpc_version = ${version};\n`,
    codesText('rpc_code', codes),
    structuresText(structures),
    layoutAsserts(structures),
    '}  // namespace nvm::spec\n',
  ].join('\n')
}

/** lib/spec/control_block.h. */
export function controlBlockHeader(structures: Structures): string {
  return [
    headerStart('src/spec/control-block.ts', 'The queue state that C++ and TypeScript share.', [
      'cstddef',
      'cstdint',
    ]),
    'namespace nvm::spec {\n',
    structuresText(structures),
    layoutAsserts(structures),
    '}  // namespace nvm::spec\n',
  ].join('\n')
}
