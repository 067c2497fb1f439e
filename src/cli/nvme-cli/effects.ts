// SPDX-License-Identifier: MIT
// What commands and features there are, and what they change: as `nvme effects-log`,
// `fid-support-effects-log` and `supported-log-pages` print it.

import { decode, decodeBits } from '../../spec/decode.ts'
import type { CodeRow } from '../../spec/form.ts'
import { type CodeSet, nvme } from '../../spec/nvme.ts'
import { choose, hex } from './bits.ts'
import type { JsonObject, JsonValue } from './json.ts'

/** The numbers whose word has bit 0, "supported", set, and that word. */
function supported(words: readonly number[]): [number: number, word: number][] {
  return words.flatMap((word, index): [number, number][] =>
    (word & 1) === 1 ? [[index, word]] : [],
  )
}

function nameOf(set: CodeSet, value: number): string {
  const rows: readonly CodeRow[] = Object.values(nvme.codes[set])
  return rows.find(([code]) => code === value)?.[1] ?? 'Unknown'
}

const word8 = (word: number): string => word.toString(16).padStart(8, '0')
const sign = (bit: number): string => (bit === 1 ? '+' : '-')

const restrictions = [
  'No command restriction',
  'No other command for same namespace',
  'No other command for any namespace',
  'Reserved CSE',
]

function commandBits(word: number): string {
  const bits = decodeBits('command_effects', word)
  return [
    '',
    `CSUPP${sign(bits.csupp)}`,
    `LBCC${sign(bits.lbcc)}`,
    `NCC${sign(bits.ncc)}`,
    `NIC${sign(bits.nic)}`,
    `CCC${sign(bits.ccc)}`,
    `USS${sign(bits.uuid_selection)}`,
    choose(restrictions, bits.cse),
  ].join('  ')
}

interface CommandTable {
  readonly label: string
  readonly set: 'admin_opcode' | 'nvm_opcode'
  readonly title: string
  /** From this opcode on they are the vendor's. */
  readonly vendorFrom: number
}

const adminTable: CommandTable = {
  label: 'ACS',
  set: 'admin_opcode',
  title: 'Admin Commands',
  vendorFrom: 0xc0,
}
const ioTable: CommandTable = {
  label: 'IOCS',
  set: 'nvm_opcode',
  title: 'I/O Commands',
  vendorFrom: 0x80,
}

function commandLines(table: CommandTable, words: readonly number[], isHuman: boolean): string[] {
  const { label, set, title, vendorFrom } = table
  const all = supported(words)
  const lines = (some: typeof all) =>
    some.map(([opcode, word]) => {
      const name = `${label}${opcode}`.padEnd(9)
      const bits = isHuman ? commandBits(word) : ''
      return `${name}[${nameOf(set, opcode).padEnd(32)}] ${word8(word)}${bits}`
    })
  return [
    ...section(title, lines(all.filter(([opcode]) => opcode < vendorFrom))),
    ...section(`Vendor Specific ${title}`, lines(all.filter(([opcode]) => opcode >= vendorFrom))),
  ]
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length > 0 ? [title, ...lines, ''] : []
}

/** Commands Supported and Effects of the NVM command set as lines of text. */
export function effectsText(bytes: Uint8Array, isHuman: boolean): string[] {
  const { acs, iocs } = decode('CommandEffectsLog', bytes)
  return [
    'NVM Command Set Log Page',
    '-'.repeat(80),
    ...commandLines(adminTable, acs, isHuman),
    ...commandLines(ioTable, iocs, isHuman),
  ]
}

/** Commands Supported and Effects of the NVM command set for JSON. */
export function effectsJson(bytes: Uint8Array): JsonValue {
  const { acs, iocs } = decode('CommandEffectsLog', bytes)
  const members = ({ label, set }: CommandTable, words: readonly number[]) =>
    Object.fromEntries(
      supported(words).map(([opcode, word]) => [
        `${label}_${opcode} (${nameOf(set, opcode)})`,
        word,
      ]),
    )
  return [
    {
      command_set_identifier: nvme.codes.csi.nvm[0],
      admin_cmd_set: members(adminTable, acs),
      io_cmd_set: members(ioTable, iocs),
    },
  ]
}

const scopes = [
  ['namespace_scope', 'NAMESPACE SCOPE'],
  ['controller_scope', 'CONTROLLER SCOPE'],
  ['nvm_set_scope', 'NVM SET SCOPE'],
  ['endurance_group_scope', 'ENDURANCE GROUP SCOPE'],
  ['domain_scope', 'DOMAIN SCOPE'],
  ['subsystem_scope', 'NVM Subsystem SCOPE'],
] as const

function featureBits(word: number): string {
  const bits = decodeBits('fid_effects', word)
  const scope = decodeBits('effects_scope', bits.fsp)
  return [
    '',
    `FSUPP${sign(bits.fsupp)}`,
    `UDCC${sign(bits.udcc)}`,
    `NCC${sign(bits.ncc)}`,
    `NIC${sign(bits.nic)}`,
    `CCC${sign(bits.ccc)}`,
    `USS${sign(bits.uuid_selection)}`,
    ...scopes.map(([bit, label]) => `${label}${sign(scope[bit])}`),
  ].join('  ')
}

/** Feature Identifiers Supported and Effects as lines of text. */
export function featureEffectsText(bytes: Uint8Array, isHuman: boolean, device: string): string[] {
  return [
    `FID Supports Effects Log for device: ${device}`,
    'Admin Command Set',
    ...supported(decode('FeatureEffectsLog', bytes).fid_support).map(([fid, word]) => {
      const name = fid.toString(16).padStart(2, '0')
      return `FID ${name} -> Support Effects Log: ${word8(word)}${isHuman ? featureBits(word) : ''}`
    }),
  ]
}

/** Feature Identifiers Supported and Effects for JSON. */
export function featureEffectsJson(bytes: Uint8Array): JsonObject {
  const features = supported(decode('FeatureEffectsLog', bytes).fid_support)
  return { fid_support: features.map(([fid, word]) => ({ [`fid_${fid}`]: word })) }
}

/** Supported Log Pages as lines of text. */
export function supportedText(bytes: Uint8Array, device: string): string[] {
  return [
    `Support Log Pages Details for ${device}:`,
    ...supported(decode('SupportedLogPages', bytes).lid_support).flatMap(([lid, word]) => [
      `LID 0x${lid.toString(16)} (${nameOf('log_page', lid)}), supports ${hex(word)}`,
      '',
    ]),
  ]
}

/** Supported Log Pages for JSON. */
export function supportedJson(bytes: Uint8Array): JsonObject {
  const pages = supported(decode('SupportedLogPages', bytes).lid_support)
  return { supported_logs: pages.map(([lid, word]) => ({ [`lid_0x${lid.toString(16)}`]: word })) }
}
