// SPDX-License-Identifier: MIT
// Log pages as nvme-cli prints them: errors, firmware slots, changed namespaces, sanitize status.

import { byteLengthOf, type Decoded, decode, decodeBits } from '../../spec/decode.ts'
import { statusText } from '../../spec/names.ts'
import { choose, hex } from './bits.ts'
import type { JsonObject } from './json.ts'

type ErrorLogEntry = Decoded<'ErrorLogEntry'>

const dots = '.................'
const entryBytes = byteLengthOf('ErrorLogEntry')

function errorEntries(bytes: Uint8Array): ErrorLogEntry[] {
  return Array.from({ length: Math.floor(bytes.byteLength / entryBytes) }, (_, index) =>
    decode('ErrorLogEntry', bytes.subarray(index * entryBytes)),
  )
}

const transports = [
  'The transport type is not indicated or the error is not transport related.',
  'RDMA Transport error.',
  'Fibre Channel Transport error.',
  'TCP Transport error.',
]
const intraHost = 254

function transportName(trtype: number): string {
  if (trtype === intraHost) return 'Intra-host Transport error.'
  return transports[trtype] ?? 'Reserved'
}

/** Error Information, all entries that were read, as lines of text. */
export function errorText(bytes: Uint8Array, device: string): string[] {
  const entries = errorEntries(bytes)
  return [
    `Error Log Entries for device:${device} entries:${entries.length}`,
    dots,
    ...entries.flatMap((entry, index) => [
      ` Entry[${String(index).padStart(2)}]   `,
      dots,
      ...errorLines(entry),
      dots,
    ]),
  ]
}

function errorLines(entry: ErrorLogEntry): string[] {
  const { status, phase } = statusOf(entry)
  return [
    `error_count\t: ${entry.error_count}`,
    `sqid\t\t: ${entry.sqid}`,
    `cmdid\t\t: ${hex(entry.cid)}`,
    `status_field\t: ${hex(status)}(${statusText(status)})`,
    `phase_tag\t: ${hex(phase)}`,
    `parm_err_loc\t: ${hex(entry.parameter_error_location)}`,
    `lba\t\t: ${hex(entry.lba)}`,
    `nsid\t\t: ${hex(entry.nsid)}`,
    `vs\t\t: ${entry.vs}`,
    `trtype\t\t: ${transportName(entry.trtype)}`,
    `cs\t\t: ${hex(entry.command_specific)}`,
    `trtype_spec_info: ${hex(entry.transport_specific)}`,
  ]
}

function statusOf({ status_field }: ErrorLogEntry): { status: number; phase: number } {
  return { status: status_field >>> 1, phase: status_field & 1 }
}

/** Error Information for JSON. */
export function errorJson(bytes: Uint8Array): JsonObject {
  const errors = errorEntries(bytes).map((entry) => {
    const { status, phase } = statusOf(entry)
    return {
      error_count: entry.error_count,
      sqid: entry.sqid,
      cmdid: entry.cid,
      status_field: status,
      phase_tag: phase,
      parm_error_location: entry.parameter_error_location,
      lba: entry.lba,
      nsid: entry.nsid,
      vs: entry.vs,
      trtype: entry.trtype,
      cs: entry.command_specific,
      trtype_spec_info: entry.transport_specific,
    }
  })
  return { errors }
}

/** The slots that hold something: number, the eight bytes as a number, and as text. */
function firmwareSlots(bytes: Uint8Array): [slot: number, word: bigint, text: string][] {
  const firstSlotAt = 8
  const slots = 7
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: slots }, (_, index): [number, bigint, string] => {
    const at = firstSlotAt * (index + 1)
    const text = view.toString('latin1', at, at + 8).replace(/[^!-~]/g, '.')
    return [index + 1, view.readBigUInt64LE(at), text]
  }).filter(([, word]) => (word & 0xffn) !== 0n)
}

/** Firmware Slot Information as lines of text. */
export function firmwareText(bytes: Uint8Array, device: string): string[] {
  return [
    `Firmware Log for device:${device}`,
    `afi  : ${hex(decode('FirmwareSlotLog', bytes).afi)}`,
    ...firmwareSlots(bytes).map(
      ([slot, word, text]) => `frs${slot} : 0x${word.toString(16).padStart(14, '0')} (${text})`,
    ),
  ]
}

/** Firmware Slot Information for JSON. */
export function firmwareJson(bytes: Uint8Array, device: string): JsonObject {
  const slots = firmwareSlots(bytes).map(([slot, word, text]) => [
    `Firmware Rev Slot ${slot}`,
    `${word} (${text})`,
  ])
  const { afi } = decode('FirmwareSlotLog', bytes)
  return { [device]: { 'Active Firmware Slot (afi)': afi, ...Object.fromEntries(slots) } }
}

const tooMany = 0xffffffff

/** The namespaces in the list; undefined where there were more than it has room for. */
function changedNamespaces(bytes: Uint8Array): readonly number[] | undefined {
  const { ns } = decode('NamespaceList', bytes)
  if (ns[0] === tooMany) return undefined
  const end = ns.indexOf(0)
  return end < 0 ? ns : ns.slice(0, end)
}

/** Changed Namespace List as lines of text. */
export function changedText(bytes: Uint8Array): string[] {
  const list = changedNamespaces(bytes)
  if (list === undefined) return ['more than 1024 ns changed']
  return list.map((nsid, index) => `[${String(index).padStart(4)}]:${hex(nsid)}`)
}

/** Changed Namespace List for JSON; its numbers begin at 1. */
export function changedJson(bytes: Uint8Array, device: string): JsonObject {
  const list = changedNamespaces(bytes) ?? []
  const members = list.map((nsid, index) => [`[${String(index + 1).padStart(4)}]`, hex(nsid)])
  return {
    'Changed Namespace List Log': device,
    [device]: Object.fromEntries(members),
  }
}

const sanitizeStates = [
  'NVM Subsystem has never been sanitized.',
  'Most Recent Sanitize Command Completed Successfully.',
  'Sanitize in Progress.',
  'Most Recent Sanitize Command Failed.',
  'Most Recent Sanitize Command (No-Deallocate After Sanitize) Completed Successfully.',
  'Unknown',
]
const inProgress = 2
const notReported = 0xffffffff

const estimates = [
  ['eto', 'Estimated Time For Overwrite                   ', 'time_over_write'],
  ['etbe', 'Estimated Time For Block Erase                 ', 'time_block_erase'],
  ['etce', 'Estimated Time For Crypto Erase                ', 'time_crypto_erase'],
  ['etond', 'Estimated Time For Overwrite (No-Deallocate)   ', 'time_over_write_no_dealloc'],
  ['etbend', 'Estimated Time For Block Erase (No-Deallocate) ', 'time_block_erase_no_dealloc'],
  ['etcend', 'Estimated Time For Crypto Erase (No-Deallocate)', 'time_crypto_erase_no_dealloc'],
] as const

/** Of 65536, with six digits, and half of the last to the even one as C's %f has it. */
function percentOf(sprog: number): string {
  const parts = sprog * 390_625 // of 256 for each millionth of a percent
  const rest = parts % 256
  const whole = (parts - rest) / 256
  const isUp = rest > 128 || (rest === 128 && whole % 2 === 1)
  return ((whole + (isUp ? 1 : 0)) / 1e6).toFixed(6)
}

/** Sanitize Status as lines of text. */
export function sanitizeText(bytes: Uint8Array, isHuman: boolean): string[] {
  const log = decode('SanitizeStatusLog', bytes)
  const { state, completed_passes, global_data_erased } = decodeBits('sstat', log.sstat)
  const progress = isHuman && state === inProgress ? `\t(${percentOf(log.sprog)}%)` : ''
  return [
    `Sanitize Progress                      (SPROG) :  ${log.sprog}${progress}`,
    `Sanitize Status                        (SSTAT) :  ${hex(log.sstat)}`,
    ...(isHuman
      ? [
          `\t[2:0]\t${choose(sanitizeStates, state)}`,
          `\t[7:3]\tNumber of completed passes if most recent operation was overwrite:\t${completed_passes}`,
          `\t  [8]\t${choose(erasedTexts, global_data_erased)}`,
        ]
      : []),
    `Sanitize Command Dword 10 Information (SCDW10) :  ${hex(log.scdw10)}`,
    ...estimates.map(([field, label]) => {
      const seconds = log[field]
      return `${label}:  ${seconds}${seconds === notReported ? ' (No time period reported)' : ''}`
    }),
  ]
}

const erasedTexts = [
  'Global Data Erased cleared: a NS LB in the NVM subsystem has been written to or a PMR in the NVM subsystem has been enabled',
  'Global Data Erased set: no NS LB in the NVM subsystem has been written to and no PMR in the NVM subsystem has been enabled',
]

/** Sanitize Status for JSON. */
export function sanitizeJson(bytes: Uint8Array, device: string): JsonObject {
  const log = decode('SanitizeStatusLog', bytes)
  const { state, completed_passes, global_data_erased } = decodeBits('sstat', log.sstat)
  return {
    [device]: {
      sprog: log.sprog,
      sstat: {
        global_erased: global_data_erased,
        no_cmplted_passes: completed_passes,
        status: `(${state}) ${choose(sanitizeStates, state)}`,
      },
      cdw10_info: log.scdw10,
      ...Object.fromEntries(estimates.map(([field, , member]) => [member, log[field]])),
    },
  }
}
