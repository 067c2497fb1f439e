// SPDX-License-Identifier: MIT
// Makes docs/fields.md of the tables in src/spec and of the table of features: every name that the
// types infer, which an API page does not show.

import type { FeatureForm } from '../../src/admin/feature-table.ts'
import { type CodeRow, parseType, type Structure, type Table } from '../../src/spec/form.ts'
import { hex, notice } from './text.ts'

const intro = `\
Names are those of the NVM Express specifications 2.0 (base, and NVM command set), in lower case.
The types of TypeScript are made of the same table, so that an editor completes them. Bytes and bits
that no line names are reserved.

- [Structures](#structures): what \`decode()\` and methods such as \`admin.smartLog()\` give.
- [Features](#features): \`FeatureName\`, of \`admin.getFeature()\` and \`setFeature()\`.
- [Bit fields](#bit-fields): what \`decodeBits()\` takes apart.
- [Codes](#codes): \`CodeName\`, by sets: what may be given instead of a number.
- [Statuses](#statuses): \`StatusName\`, which \`error.status.name\` is.
`

type Cells = readonly string[]

function table(heads: Cells, rows: readonly Cells[]): string {
  const line = (cells: Cells) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line), ''].join('\n')
}

const code = (text: string): string => `\`${text}\``

/** What TypeScript has of a field. */
function typeOf(type: string): string {
  const { base, count, isArray } = parseType(type)
  if (base === 'ascii' || base === 'utf8') return 'string'
  if (base === 'u8' && isArray) return `Uint8Array, ${count}`
  const single = /^[A-Z]/.test(base)
    ? `[${base}](#${base.toLowerCase()})`
    : base === 'u64' || base === 'u128'
      ? 'bigint'
      : 'number'
  return isArray ? `${single}, ${count} of them` : single
}

function structureSection([name, { fields, size, text }]: [string, Structure]): string {
  const rows = Object.entries(fields).map(([field, [offset, type, meaning]]) => {
    return [code(field), typeOf(type), String(offset), meaning]
  })
  const heads = ['Field', 'Type', 'Byte', 'Meaning']
  return `### ${name}\n\n${text}; ${size} bytes.\n\n${table(heads, rows)}`
}

function featureRow([name, form]: [string, FeatureForm], codes: Record<string, CodeRow>): Cells {
  const value = form.data ?? form.bits ?? ''
  const parts = (form.parts ?? []).map(code).join(', ')
  const [number = 0, text = ''] = codes[name] ?? []
  const of = form.ofNamespace === true ? `${text}; of each namespace` : text
  return [code(name), hex(number, 2), `[${value}](#${value.toLowerCase()})`, parts, of]
}

function bitsSections(layouts: Table['bitLayouts']): string {
  const sections = Object.entries(layouts).map(([name, { bits, text, width }]) => {
    const rows = Object.entries(bits).map(([bit, [high, low, meaning]]) => {
      return [code(bit), high === low ? String(high) : `${high}:${low}`, meaning]
    })
    return `### ${name}\n\n${text}; ${width} bits.\n\n${table(['Field', 'Bits', 'Meaning'], rows)}`
  })
  return sections.join('\n')
}

function codesSections(sets: Table['codes']): string {
  const sections = Object.entries(sets).map(([name, codes]) => {
    const rows = Object.entries(codes).map(([each, [value, text]]) => {
      return [code(each), hex(value, 2), text]
    })
    return `### Codes: ${name}\n\n${table(['Name', 'Value', 'Meaning'], rows)}`
  })
  return sections.join('\n')
}

/** docs/fields.md. */
export function fieldsPage(nvme: Table, features: Readonly<Record<string, FeatureForm>>): string {
  const statuses = Object.entries(nvme.statuses).map(([name, [sct, sc, text]]) => {
    return [code(name), `${sct}`, hex(sc, 2), text]
  })
  const rows = Object.entries(features).map((each) => featureRow(each, nvme.codes.feature ?? {}))
  return [
    '<!-- SPDX-License-Identifier: MIT -->',
    `<!-- ${notice('src/spec and src/admin/feature-table.ts')} -->`,
    '# What are the fields, features, codes and statuses called?',
    '',
    intro,
    '## Structures\n',
    Object.entries(nvme.structures).map(structureSection).join('\n'),
    '## Features\n',
    'Features that are not here are reached by their number: `getRawFeature()`. Parts say which of',
    'several values is asked for.\n',
    table(['Name', 'Number', 'Value', 'Parts', 'Meaning'], rows),
    '## Bit fields\n',
    bitsSections(nvme.bitLayouts),
    '## Codes\n',
    codesSections(nvme.codes),
    '## Statuses\n',
    '`sct` is the status code type, `sc` the status code.\n',
    table(['Name', 'sct', 'sc', 'Meaning'], statuses),
  ].join('\n')
}
