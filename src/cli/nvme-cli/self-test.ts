// SPDX-License-Identifier: MIT
// Device Self-test as `nvme self-test-log` prints it.

import { type Decoded, decode, decodeBits } from '../../spec/decode.ts'
import { nvme } from '../../spec/nvme.ts'
import { hex } from './bits.ts'
import type { JsonObject, JsonValue } from './json.ts'

type Result = Decoded<'SelfTestResult'>

const [unused] = nvme.codes.self_test_result.unused
const [failedSegment] = nvme.codes.self_test_result.failed_segment

interface ResultRow {
  readonly label: string
  readonly member: string
  /** Undefined where the result has none. */
  readonly value: (result: Result) => number | bigint | undefined
  /** As text, where it is other than hexadecimal. */
  readonly text?: (result: Result) => string
  /** Shown as text under a narrower condition than as JSON. */
  readonly isShown?: (result: Result) => boolean
}

const status = (result: Result) => decodeBits('self_test_status', result.dsts)
const valid = (result: Result) => decodeBits('valid_diagnostic_info', result.vdi)

const rows: readonly ResultRow[] = [
  { label: 'Operation Result', member: 'Self test result', value: (each) => status(each).result },
  {
    label: 'Self Test Code',
    member: 'Self test code',
    value: (each) => status(each).code,
    text: (each) => status(each).code.toString(16),
  },
  {
    label: 'Segment Number',
    member: 'Segment number',
    value: ({ seg }) => seg,
    isShown: (each) => status(each).result === failedSegment,
  },
  {
    label: 'Valid Diagnostic Information',
    member: 'Valid Diagnostic Information',
    value: ({ vdi }) => vdi,
  },
  { label: 'Power on hours (POH)', member: 'Power on hours', value: ({ poh }) => poh },
  {
    label: 'Namespace Identifier',
    member: 'Namespace Identifier',
    value: (each) => (valid(each).nsid === 1 ? each.nsid : undefined),
  },
  {
    label: 'Failing LBA',
    member: 'Failing LBA',
    value: (each) => (valid(each).flba === 1 ? each.flba : undefined),
  },
  {
    label: 'Status Code Type',
    member: 'Status Code Type',
    value: (each) => (valid(each).sct === 1 ? each.sct : undefined),
  },
  {
    label: 'Status Code',
    member: 'Status Code',
    value: (each) => (valid(each).sc === 1 ? each.sc : undefined),
  },
  {
    label: 'Vendor Specific',
    member: 'Vendor Specific',
    value: ({ vs }) => Buffer.from(vs).readUInt16LE(),
    text: ({ vs }) => [...vs].map(hex).join(' '),
  },
]

/** What is said of a result: of an unused entry only that it is one. */
function rowsOf(result: Result): readonly ResultRow[] {
  return status(result).result === unused ? rows.slice(0, 1) : rows
}

/** The page as lines of text. */
export function selfTestText(bytes: Uint8Array, device: string): string[] {
  const log = decode('SelfTestLog', bytes)
  return [
    `Device Self Test Log for NVME device:${device}`,
    `Current operation  : ${hex(log.current_operation)}`,
    `Current Completion : ${log.completion}%`,
    ...log.result.flatMap((result, index) => [
      `Self Test Result[${index}]:`,
      ...rowsOf(result).flatMap((row) => resultLine(row, result)),
    ]),
  ]
}

function resultLine(row: ResultRow, result: Result): string[] {
  const value = row.value(result)
  if (value === undefined || row.isShown?.(result) === false) return []
  return [`  ${row.label.padEnd(29)}: ${row.text?.(result) ?? hex(value)}`]
}

/** The page for JSON. */
export function selfTestJson(bytes: Uint8Array): JsonObject {
  const log = decode('SelfTestLog', bytes)
  return {
    'Current Device Self-Test Operation': log.current_operation,
    'Current Device Self-Test Completion': log.completion,
    'List of Valid Reports': log.result.map(resultMembers),
  }
}

function resultMembers(result: Result): JsonObject {
  const members = rowsOf(result).flatMap(({ member, value }): [string, JsonValue][] => {
    const found = value(result)
    return found === undefined ? [] : [[member, found]]
  })
  return Object.fromEntries(members)
}
