// SPDX-License-Identifier: MIT
// One admin command as the caller describes it, checked and sent.

import { checkInteger, checkOptions, checkTimeoutMs, isBytes, namesOf, show } from '../checks.ts'
import {
  type CommandCompletion,
  type CommandWords,
  checkWords,
  wordPositions,
} from '../command-words.ts'
import {
  createError,
  createStatusError,
  type FailedCommand,
  type NvmErrorDetails,
  unwrap,
} from '../errors.ts'
import type { ControllerHandle } from '../native/binding.ts'
import { binding } from '../native/load.ts'
import { opcodeName } from '../spec/names.ts'
import { nvme } from '../spec/nvme.ts'

/**
 * An admin command; words that are left out are 0.
 * @category Admin commands
 */
export interface AdminCommand extends CommandWords {
  /**
   * Sent to the controller, and overwritten with what it answers; of at most one command's bytes
   * (`controller.info.transferBytesMax`). It is the controller's until the promise settles.
   */
  readonly data?: Uint8Array
}

/**
 * How one admin command is sent.
 * @category Admin commands
 */
export interface AdminOptions {
  /** Milliseconds that the command may take; by default what openController was told. */
  readonly timeoutMs?: number
}

/** What the commands need of their controller. */
export interface AdminPort {
  readonly handle: ControllerHandle
  readonly timeoutMs: number
  /** The state of the controller, for errors. */
  dump(): string
  /** Of one command; Infinity where there is no limit. */
  transferBytesMax(): number
  /** Namespaces may have changed: one, or all of them. */
  namespacesChanged(nsid: number | 'all'): void
}

export const allNamespaces = 0xffffffff

const commandWords = 16
/** Of one command where the controller has no limit. */
export const dataBytesMax = 2 ** 26
const { admin_opcode: adminOpcode } = nvme.codes

/** Commands after which a namespace may have another format, or be gone. */
const namespaceOpcodes: readonly number[] = [
  adminOpcode.format_nvm[0],
  adminOpcode.namespace_management[0],
  adminOpcode.namespace_attachment[0],
]
/** About the library's own queues and doorbells, or answered whenever it may be; what to use. */
const ownOpcodes = new Map<number, string>([
  [adminOpcode.create_io_submission_queue[0], 'use createQueuePair()'],
  [adminOpcode.create_io_completion_queue[0], 'use createQueuePair()'],
  [adminOpcode.delete_io_submission_queue[0], 'use close() of the queue pair'],
  [adminOpcode.delete_io_completion_queue[0], 'use close() of the queue pair'],
  [adminOpcode.asynchronous_event_request[0], 'use events()'],
  [adminOpcode.doorbell_buffer_config[0], 'doorbells are rung without'],
])
const optionNames = namesOf<AdminOptions>({ timeoutMs: true })
const commandNames = ['opcode', 'data', ...Object.keys(wordPositions)]

/** An id that a command takes: of a namespace, of none (0) or of all. */
export function checkNsid(nsid: number): void {
  checkInteger('nsid', nsid, 0, allNamespaces)
}

function encodeCommand(command: AdminCommand): Uint32Array<ArrayBuffer> {
  checkWords(command)
  const words = new Uint32Array(commandWords)
  words[0] = command.opcode
  for (const [name, position] of Object.entries(wordPositions)) {
    words[position] = command[name as keyof typeof wordPositions] ?? 0
  }
  return words
}

/** @throws NvmError ERR_ARGUMENT, ERR_RANGE for what is no data of one command */
export function checkData(data: Uint8Array | undefined, transferBytesMax: number): void {
  if (data === undefined) return
  if (!isBytes(data)) {
    throw createError('ERR_ARGUMENT', `data is a Uint8Array, and not ${show(data)}`)
  }
  const max = Math.min(transferBytesMax, dataBytesMax)
  if (data.byteLength === 0 || data.byteLength > max) {
    const allowed = `one command transfers 1 to ${max}, and none without data`
    throw createError('ERR_RANGE', `data of ${data.byteLength} bytes; ${allowed}`)
  }
}

function refuseOwn(opcode: number): void {
  const instead = ownOpcodes.get(opcode)
  if (instead === undefined) return
  const what = `${opcodeName('admin', opcode)} is the library's own`
  throw createError('ERR_UNSUPPORTED', `${what}; ${instead}`)
}

/** Checks a command, sends it and waits for its completion. */
export async function submit(
  port: AdminPort,
  command: AdminCommand,
  options: AdminOptions = {},
): Promise<CommandCompletion> {
  checkOptions('an admin command', command, commandNames)
  checkOptions('the options of an admin command', options, optionNames)
  const { opcode, nsid = 0, data } = command
  const { timeoutMs = port.timeoutMs } = options
  checkTimeoutMs(timeoutMs)
  checkData(data, port.transferBytesMax())
  const words = encodeCommand(command)
  refuseOwn(opcode)
  const details: NvmErrorDetails & { readonly command: FailedCommand } = {
    command: { name: opcodeName('admin', opcode), opcode, namespaceId: nsid },
    queue: 0,
    dump: () => port.dump(),
  }
  // Before, so that no command is sent for the old format meanwhile; and afterwards, as somebody
  // may have asked during it. Whatever its outcome: a format that failed may have begun.
  const changes = namespaceOpcodes.includes(opcode)
  const changed = nsid === allNamespaces ? 'all' : nsid
  if (changes) port.namespacesChanged(changed)
  const outcome = await binding().submitAdmin(port.handle, words, data, timeoutMs)
  if (changes) port.namespacesChanged(changed)
  const answer = unwrap(outcome, details)
  if (answer.status !== 0) throw createStatusError(answer.status, details)
  if (data !== undefined) {
    const answered = new Uint8Array(answer.data)
    if (data.byteLength !== answered.byteLength) {
      const why = 'the typed array was detached or resized; keep it until the promise settles'
      throw createError('ERR_CLOSED', why, details)
    }
    data.set(answered)
  }
  return { dword0: answer.dword0, dword1: answer.dword1 }
}
