// SPDX-License-Identifier: MIT
// Names of numbers: what a status field or an opcode is called, for errors and dumps.

import { decodeBits } from './decode.ts'
import type { StatusRow } from './form.ts'
import { type CodeSet, nvme, type StatusName } from './nvme.ts'

/**
 * A status field taken apart, as NvmError.status has it.
 * @category Errors
 */
export interface NvmeStatus {
  /** Status code type. */
  readonly sct: number
  /** Status code. */
  readonly sc: number
  /** `lba_out_of_range`, or another of [these](../../docs/fields.md#statuses). */
  readonly name: StatusName | 'vendor_specific' | 'unknown'
  /** Do not retry: the same command would fail again. */
  readonly dnr: boolean
  /** The error information log has details. */
  readonly more: boolean
  /** Command retry delay: 0 none, else the index of CRDT1 to CRDT3 in Identify Controller. */
  readonly crd: number
}

const vendorSpecificType = nvme.codes.status_code_type.vendor_specific[0]

const statusNames = new Map(
  (Object.entries(nvme.statuses) as [StatusName, StatusRow][]).map(([name, [sct, sc]]) => [
    (sct << 8) | sc,
    name,
  ]),
)

const codeTexts = new Map(
  Object.entries(nvme.codes).map(([set, rows]) => [
    set,
    new Map(Object.values(rows).map(([value, text]) => [value, text])),
  ]),
)

/** Takes a status field without the phase tag apart, as the native code hands it over. */
export function decodeStatus(field: number): NvmeStatus {
  const { sct, sc, crd, m, dnr } = decodeBits('status_field', field)
  return { sct, sc, name: statusName(field), dnr: dnr === 1, more: m === 1, crd }
}

/** The table's name of a status field without the phase tag; only SCT and SC matter. */
export function statusName(field: number): NvmeStatus['name'] {
  const { sct, sc } = decodeBits('status_field', field)
  const name = statusNames.get((sct << 8) | sc)
  return name ?? (sct === vendorSpecificType ? 'vendor_specific' : 'unknown')
}

/** A status field in the specification's words: `LBA Out of Range`. */
export function statusText(field: number): string {
  const name = statusName(field)
  if (name === 'vendor_specific') return 'Vendor Specific'
  return name === 'unknown' ? 'Unknown Status' : nvme.statuses[name][2]
}

/** The value that a status has in a status field: statusField('lba_out_of_range') is 0x080. */
export function statusField(name: StatusName): number {
  const [sct, sc] = nvme.statuses[name]
  return (sct << 8) | sc
}

/** What a code of a set is called: codeText('feature', 7) is `Number of Queues`. */
export function codeText(set: CodeSet, value: number): string {
  return codeTexts.get(set)?.get(value) ?? `0x${value.toString(16).padStart(2, '0')}`
}

/** What a command is called: opcodeName('admin', 6) is `Identify`. */
export function opcodeName(queue: 'admin' | 'io', opcode: number): string {
  return codeText(queue === 'admin' ? 'admin_opcode' : 'nvm_opcode', opcode)
}
