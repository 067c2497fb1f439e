// SPDX-License-Identifier: MIT
// Every command as it is submitted and completed, for whoever subscribes to the channels of
// node:diagnostics_channel. PEERNVM_TRACE subscribes: `1` writes lines to stderr, anything else is
// the file that they are appended to. Without subscribers a command costs nothing.

import { channel } from 'node:diagnostics_channel'
import { openSync, writeSync } from 'node:fs'
import { describeCommand, type FailedCommand } from './errors.ts'
import { statusText } from './spec/names.ts'

/**
 * Message of the channel `peernvm:submit` of `node:diagnostics_channel`: a command was submitted.
 * @category Tracing
 */
export interface SubmittedCommand {
  /** What was opened: the controller's `info.address`. */
  readonly controller: string
  /** Id of the queue pair; 0 is the admin queue. */
  readonly queue: number
  /** What was submitted. */
  readonly command: FailedCommand
  /** When, in milliseconds as `performance.now()`. */
  readonly time: number
}

/**
 * Message of the channel `peernvm:complete` of `node:diagnostics_channel`: a command has completed.
 * @category Tracing
 */
export interface CompletedCommand {
  /** What was opened: the controller's `info.address`. */
  readonly controller: string
  /** Id of the queue pair; 0 is the admin queue. */
  readonly queue: number
  /** Command identifier, by which its submission named it. */
  readonly commandId: number
  /** The status field without the phase tag; 0 is success. */
  readonly status: number
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

function traceTo(target: string): void {
  const fd = target === '1' ? 2 : openSync(target, 'a')
  const write = (time: number, text: string): void => {
    writeSync(fd, `${time.toFixed(4)} ms ${text}\n`)
  }
  submit.subscribe((message) => {
    const { controller, queue, command, time } = message as SubmittedCommand
    const id = command.commandId === undefined ? '' : ` command ${command.commandId}`
    write(time, `${controller} queue ${queue}${id}: ${describeCommand(command)}`)
  })
  complete.subscribe((message) => {
    const { controller, queue, commandId, status, elapsedMs, time } = message as CompletedCommand
    const after = elapsedMs === undefined ? '' : ` after ${(elapsedMs * 1000).toFixed(1)} us`
    write(time, `${controller} queue ${queue} command ${commandId}: ${statusText(status)}${after}`)
  })
}

const { PEERNVM_TRACE: target } = process.env
if (target !== undefined && target !== '' && target !== '0') traceTo(target)
