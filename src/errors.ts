// SPDX-License-Identifier: MIT
// The one error class. Every failure has a row in error-table.ts, which says what to do about it;
// native failures become NvmErrors here and nowhere else.

import { type ErrorCode, type ErrorRow, errorTable } from './error-table.ts'
import type { NativeFailure, Outcome } from './native/binding.ts'
import { decodeStatus, type NvmeStatus, statusText } from './spec/names.ts'

export type { ErrorCode, NvmeStatus }

/**
 * A command, as far as it is known: in an error the one that failed, in a trace any.
 * @category Errors
 */
export interface FailedCommand {
  /** As the specification names it: `Read`. */
  readonly name: string
  /** Opcode, of the admin or an I/O command set. */
  readonly opcode: number
  /** Command identifier, where it had one; of a batch the command's index. */
  readonly commandId?: number
  /** Namespace identifier. */
  readonly namespaceId?: number
  /** The first block, of commands that have one. */
  readonly lba?: number
  /** How many blocks. */
  readonly blockCount?: number
}

/**
 * What an error knows beyond its code.
 * @category Errors
 */
export interface NvmErrorDetails {
  /** What the completion said. */
  readonly status?: NvmeStatus
  /** The command that failed. */
  readonly command?: FailedCommand
  /** Id of the queue pair; 0 is the admin queue. */
  readonly queue?: number
  /** The state of the queue or the controller: asked for when something timed out. */
  readonly dump?: string | (() => string)
  /** How often the command was sent. */
  readonly attempts?: number
  /** The error behind this one. */
  readonly cause?: unknown
}

/**
 * Any failure of peernvm: `code` to test for, `message` to read, `fix` to act on.
 * [All codes](../docs/errors.md), with what leads to them.
 * @category Errors
 */
export class NvmError extends Error {
  /** Which failure it is. */
  readonly code: ErrorCode
  /** What to do about it. */
  readonly fix: string
  /** What the controller said, where a completion had a status (NVMe base 2.0, 3.3.3.2.1). */
  declare readonly status?: NvmeStatus
  /** The command that failed. */
  declare readonly command?: FailedCommand
  /** Id of the queue pair; 0 is the admin queue. */
  declare readonly queue?: number
  /** The state of the queue or the controller, as text, when a command timed out. */
  declare readonly dump?: string
  /** How often the command was sent. */
  declare readonly attempts?: number

  /**
   * Programs catch them; peernvm makes them.
   * @param code which failure
   * @param message what happened
   * @param fix what to do about it
   * @param details what else is known
   */
  constructor(code: ErrorCode, message: string, fix: string, details: NvmErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'NvmError'
    this.code = code
    this.fix = fix
    if (details.status !== undefined) this.status = details.status
    if (details.command !== undefined) this.command = details.command
    if (details.queue !== undefined) this.queue = details.queue
    if (typeof details.dump === 'string' || code === 'ERR_TIMEOUT') {
      const dump = dumpOf(details)
      if (dump !== undefined) this.dump = dump
    }
    if (details.attempts !== undefined) this.attempts = details.attempts
  }
}

/** None where the state cannot be asked for any more: that is no reason to hide the error. */
function dumpOf({ dump }: NvmErrorDetails): string | undefined {
  try {
    return typeof dump === 'function' ? dump() : dump
  } catch {
    return undefined
  }
}

/** An error of the table; `detail` is what varies in its message. */
export function createError(code: ErrorCode, detail: string, details?: NvmErrorDetails): NvmError {
  const row: ErrorRow = errorTable[code]
  const message = row.message.replace('{detail}', detail)
  return new NvmError(code, message, row.fix.replace('{detail}', detail), details)
}

/** The error of a completion whose status field (without the phase tag) is not 0. */
export function createStatusError(field: number, details: NvmErrorDetails): NvmError {
  const command = details.command
  const detail = [
    statusText(field),
    command === undefined ? '' : ` (${describeCommand(command)})`,
  ].join('')
  return createError('ERR_NVME_STATUS', detail, { ...details, status: decodeStatus(field) })
}

/** A command in a few words: `Read of 8 blocks at LBA 0 of namespace 1`. */
export function describeCommand(command: FailedCommand): string {
  const { name, blockCount, lba, namespaceId } = command
  const what = blockCount === undefined ? name : `${name} of ${blockCount} blocks at LBA ${lba}`
  return namespaceId === undefined ? what : `${what} of namespace ${namespaceId}`
}

/** What a call of Node's file system refused. */
export function createSystemError(cause: unknown): NvmError {
  const { code, message } = cause as NodeJS.ErrnoException
  const isPermission = code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
  return createError(isPermission ? 'ERR_PERMISSION' : 'ERR_OS', message, { cause })
}

const codesByNumber = new Map(
  (Object.entries(errorTable) as [ErrorCode, ErrorRow][]).map(([code, row]) => [row.number, code]),
)

/** The code of a row by its number, as native code names it. */
export function codeOfNumber(number: number): ErrorCode {
  return codesByNumber.get(number) ?? 'ERR_OS'
}

function isFailure(outcome: unknown): outcome is NativeFailure {
  return typeof outcome === 'object' && outcome !== null && 'failureNumber' in outcome
}

/** The value of a native call, or its failure thrown as an NvmError. */
export function unwrap<T>(outcome: Outcome<T>, details?: NvmErrorDetails): T {
  if (!isFailure(outcome)) return outcome
  const code = codeOfNumber(outcome.failureNumber)
  if (code === 'ERR_NVME_STATUS') throw createStatusError(outcome.nvmeStatus, details ?? {})
  throw createError(code, outcome.detail || 'no details are known', details)
}

/** The failure of a native call as an NvmError; undefined when it succeeded. */
export function failureOf(
  outcome: Outcome<unknown>,
  details?: NvmErrorDetails,
): NvmError | undefined {
  try {
    unwrap(outcome, details)
    return undefined
  } catch (error) {
    return error as NvmError
  }
}
