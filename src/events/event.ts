// SPDX-License-Identifier: MIT
// An asynchronous event as it is reported, with the names of the table and what its log page said.

import type { CodeName } from '../admin/codes.ts'
import { codeName } from '../admin/codes.ts'
import { listedNamespaces } from '../admin/identify.ts'
import type { ErrorLogEntry, SanitizeStatusLog, SmartLog } from '../admin/log-pages.ts'
import { failureOf, type NvmError } from '../errors.ts'
import type { NativeEvent } from '../native/binding.ts'
import { decode, decodeBits } from '../spec/decode.ts'
import { codeText } from '../spec/names.ts'
import { type CodeSet, nvme } from '../spec/nvme.ts'

const infoSets = {
  error: 'async_event_error',
  health: 'async_event_health',
  notice: 'async_event_notice',
  immediate: 'async_event_immediate',
  command_set: 'async_event_command_set',
} as const satisfies Partial<Record<CodeName<'async_event_type'>, CodeSet>>

/**
 * Asynchronous event type, by name.
 * @category Events
 */
export type EventType = CodeName<'async_event_type'>

/**
 * Asynchronous event information, by the names of all types.
 * @category Events
 */
export type EventInfo = CodeName<(typeof infoSets)[keyof typeof infoSets]>

/**
 * An asynchronous event (NVMe base 2.0, 5.2).
 * @category Events
 */
export interface NvmeEvent {
  /** The event's type, by name. */
  readonly type: EventType | 'unknown'
  /** What happened: `namespace_attribute_changed`, `temperature_threshold` and so on. */
  readonly info: EventInfo | 'unknown'
  /** The same in the specification's words. */
  readonly text: string
  /** Dword 0 of the completion: type, information, log page. */
  readonly dword0: number
  /** Identifier of the log page that belongs to it; 0: none. */
  readonly logPage: number
  /**
   * What the log page said (the first 512 bytes of one that the table has not), read without
   * retaining, so that the controller may report the next event of this type. Undefined where there
   * is none, and for telemetry, which its consumer reads.
   */
  readonly log: Uint8Array | undefined
  /** Of `changed_namespace_list`: their ids; FFFFFFFFh alone when there are more than 1024. */
  readonly changedNamespaces?: readonly number[]
  /** Of `smart_health_information`. */
  readonly smart?: SmartLog
  /** Of `error_information`: the newest entry. */
  readonly error?: ErrorLogEntry
  /** Of `sanitize_status`. */
  readonly sanitize?: SanitizeStatusLog
  /** Why the log page could not be read. */
  readonly logError?: NvmError
}

const pages = nvme.codes.log_page

export function decodeEvent(native: NativeEvent): NvmeEvent {
  const { aet, aei, lid } = decodeBits('async_event_dw0', native.dword0)
  const type = codeName('async_event_type', aet)
  const set: CodeSet | undefined = Object.entries(infoSets).find(([name]) => name === type)?.[1]
  const info = set === undefined ? undefined : (codeName(set, aei) as EventInfo | undefined)
  const log = native.log.byteLength === 0 ? undefined : new Uint8Array(native.log)
  const number = `type ${aet}, information 0x${aei.toString(16).padStart(2, '0')}`
  const logError = native.failure === undefined ? undefined : failureOf(native.failure)
  return {
    type: type ?? 'unknown',
    info: info ?? 'unknown',
    text: set === undefined || info === undefined ? number : codeText(set, aei),
    dword0: native.dword0,
    logPage: lid,
    log,
    ...(log === undefined ? {} : decodeLog(lid, log)),
    ...(logError === undefined ? {} : { logError }),
  }
}

function decodeLog(lid: number, log: Uint8Array): Partial<NvmeEvent> {
  switch (lid) {
    case pages.changed_namespace_list[0]:
      return { changedNamespaces: listedNamespaces(log) }
    case pages.smart_health_information[0]:
      return { smart: decode('SmartLog', log) }
    case pages.error_information[0]:
      return { error: decode('ErrorLogEntry', log) }
    case pages.sanitize_status[0]:
      return { sanitize: decode('SanitizeStatusLog', log) }
    default:
      return {}
  }
}
