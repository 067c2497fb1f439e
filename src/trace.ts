// SPDX-License-Identifier: MIT
// Every command as it is submitted and as it ends, for whoever subscribes to the channels of
// node:diagnostics_channel. PEERNVM_TRACE subscribes: `1` writes lines to stderr, anything else is
// the file that they are appended to. Without subscribers a command costs nothing. Queue pairs tell
// of their own commands; admin commands, which native code sends, of itself too, come as records
// (lib/driver/admin_observer.h) from the first call of the addon that finds subscribers.

import { channel } from 'node:diagnostics_channel'
import { closeSync, openSync, writeSync } from 'node:fs'
import type { ErrorCode } from './error-table.ts'
import { codeOfNumber, describeCommand, type FailedCommand } from './errors.ts'
import type { NativeAdminRecord } from './native/binding.ts'
import { opcodeName, statusText } from './spec/names.ts'

/**
 * Message of the channel `peernvm:submit` of `node:diagnostics_channel`: a command was submitted.
 * @category Tracing
 */
export interface SubmittedCommand {
  /** What was opened: the controller's `info.address`. */
  readonly controller: string
  /**
   * Id of the queue pair; 0 is the admin queue, of which one thread hears: the first that
   * subscribed.
   */
  readonly queue: number
  /**
   * What was submitted. Its `commandId` names it until it has ended, and then another one. Of a
   * command of a batch it is the index there; of an admin command of a client a number of its own,
   * as only the manager knows the identifier.
   */
  readonly command: FailedCommand
  /** When, in milliseconds as `performance.now()`. */
  readonly time: number
}

/**
 * Message of the channel `peernvm:complete` of `node:diagnostics_channel`: a command has ended.
 * There is one for each that was submitted: it has a status, or an error.
 * @category Tracing
 */
export interface CompletedCommand {
  /** What was opened: the controller's `info.address`. */
  readonly controller: string
  /** Id of the queue pair; 0 is the admin queue. */
  readonly queue: number
  /** Command identifier, by which its submission named it. */
  readonly commandId: number
  /** The status field without the phase tag, 0 is success: the controller has completed it. */
  readonly status?: number
  /**
   * Nobody hears of its completion: `ERR_TIMEOUT`, `ERR_ABORTED` by a reset or with its queue that
   * was closed, `ERR_QUEUE_LOST`, `ERR_CONTROLLER_GONE` and others.
   */
  readonly error?: ErrorCode
  /** Milliseconds since its doorbell; not known of batches. */
  readonly elapsedMs?: number
  /** When, in milliseconds as `performance.now()`. */
  readonly time: number
}

const submit = channel('peernvm:submit')
const complete = channel('peernvm:complete')

export const isTraced = (): boolean => submit.hasSubscribers || complete.hasSubscribers

export function commandSubmitted(message: SubmittedCommand): void {
  submit.publish(message)
}

export function commandCompleted(message: CompletedCommand): void {
  complete.publish(message)
}

/** What performance.now() says when process.hrtime() says 0. */
const hrtimeOriginMs = performance.now() - Number(process.hrtime.bigint()) / 1e6

export function onAdminRecords(records: readonly NativeAdminRecord[]): void {
  for (const record of records) {
    const { commandId, opcode, nsid = 0, status, elapsedNs = 0 } = record
    const time = hrtimeOriginMs + record.timeNs / 1e6
    const about = { controller: record.controller, queue: 0, time }
    if (opcode !== undefined) {
      const what = { name: opcodeName('admin', opcode), opcode, commandId }
      commandSubmitted({ ...about, command: nsid === 0 ? what : { ...what, namespaceId: nsid } })
    } else {
      const how =
        status === undefined ? { error: codeOfNumber(record.failureNumber ?? 0) } : { status }
      commandCompleted({ ...about, commandId, ...how, elapsedMs: elapsedNs / 1e6 })
    }
  }
}

const stderr = 2
/** Milliseconds for which a reader of the trace may keep the program waiting. */
const waitMsMax = 1000
const nobody = new Int32Array(new SharedArrayBuffer(4))

/** Writes all of it: a pipe may take a part, or nothing until somebody has read. */
function writeAll(fd: number, text: string): void {
  let rest: Uint8Array = Buffer.from(text)
  for (let waits = 0; rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(fd, rest))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || ++waits > waitMsMax) throw error
      Atomics.wait(nobody, 0, 0, 1)
    }
  }
}

/** Nothing that befalls the trace ends the program: it says so where that is possible. */
function warn(target: string, cause: unknown): void {
  const what = `peernvm: PEERNVM_TRACE=${target}: the trace ends here: ${(cause as Error).message}`
  try {
    writeAll(stderr, `${what}. Name a file that can be written, or 1 for stderr.\n`)
  } catch {
    // Nobody reads stderr.
  }
}

function outcomeOf({ status, error, elapsedMs }: CompletedCommand): string {
  const after = elapsedMs === undefined ? '' : ` after ${(elapsedMs * 1000).toFixed(1)} us`
  return `${status === undefined ? error : statusText(status)}${after}`
}

function traceTo(target: string): void {
  let fd: number
  try {
    fd = target === '1' ? stderr : openSync(target, 'a')
  } catch (error) {
    warn(target, error)
    return
  }
  const write = (time: number, text: string): void => {
    try {
      writeAll(fd, `${time.toFixed(4)} ms ${text}\n`)
    } catch (error) {
      submit.unsubscribe(onSubmit)
      complete.unsubscribe(onComplete)
      if (fd !== stderr) closeSync(fd)
      warn(target, error)
    }
  }
  const onSubmit = (message: unknown): void => {
    const { controller, queue, command, time } = message as SubmittedCommand
    const what = `command ${command.commandId}: ${describeCommand(command)}`
    write(time, `${controller} queue ${queue} ${what}`)
  }
  const onComplete = (message: unknown): void => {
    const ended = message as CompletedCommand
    const { controller, queue, commandId, time } = ended
    write(time, `${controller} queue ${queue} command ${commandId}: ${outcomeOf(ended)}`)
  }
  submit.subscribe(onSubmit)
  complete.subscribe(onComplete)
}

const { PEERNVM_TRACE: target } = process.env
if (target !== undefined && target !== '' && target !== '0') traceTo(target)
