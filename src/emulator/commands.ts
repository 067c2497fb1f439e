// SPDX-License-Identifier: MIT
// I/O commands that a program adds to an emulated device. The device's thread runs a command up to
// the handler, waits for what the handler wants of the namespace, and completes it with its answer.

import {
  checkBoolean,
  checkFunction,
  checkInteger,
  checkName,
  checkOptions,
  checkText,
  isBytes,
  namesOf,
  show,
} from '../checks.ts'
import { createError, createStatusError, NvmError, unwrap } from '../errors.ts'
import type { EmulatorHandle, ExchangeHandle, NativeExchange } from '../native/binding.ts'
import { binding } from '../native/load.ts'
import { statusField } from '../spec/names.ts'
import type { StatusName } from '../spec/nvme.ts'

type Dword = 'cdw10' | 'cdw11' | 'cdw12' | 'cdw13' | 'cdw14' | 'cdw15'

/**
 * What the device has to know of a command before it calls the handler.
 * @category Emulator: added commands
 */
export interface AddedCommand {
  /** As errors and traces show it. */
  readonly name: string
  /**
   * How much memory the data pointer names: a number of bytes, as many blocks as a dword says
   * (bits 15:0, 0's based, as NLB), or as many dwords as a dword says (as NDT). Without it: none.
   */
  readonly data?:
    | {
        /** How many: 0 to 64 MiB. */
        readonly bytes: number
      }
    | {
        /** The dword that says how many: `'cdw10'` to `'cdw15'`. */
        readonly blocks: Dword
      }
    | {
        /** The dword that says how many: `'cdw10'` to `'cdw15'`. */
        readonly dwords: Dword
      }
  /** It changes blocks, so that it is refused on a write-protected namespace; default false. */
  readonly writes?: boolean
}

/**
 * A command under way, as its handler sees it.
 * @category Emulator: added commands
 */
export interface ReceivedCommand {
  /** Opcode, as it was added. */
  readonly opcode: number
  /** Namespace identifier. */
  readonly nsid: number
  /** Command dword 10. */
  readonly cdw10: number
  /** Command dword 11. */
  readonly cdw11: number
  /** Command dword 12. */
  readonly cdw12: number
  /** Command dword 13. */
  readonly cdw13: number
  /** Command dword 14. */
  readonly cdw14: number
  /** Command dword 15. */
  readonly cdw15: number
  /**
   * The host's data: filled when bit 0 of the opcode is set or bit 1 is (a shared buffer), sent
   * back after the handler when bit 1 is. Valid until the handler has ended.
   */
  readonly data: Uint8Array
  /** Bytes of a block of the command's namespace, without metadata. */
  readonly blockSize: number
  /**
   * Reads blocks of the command's namespace.
   * @param lba the first block
   * @param into as long as the blocks are
   * @throws NvmError ERR_NVME_STATUS, ERR_ARGUMENT, ERR_CLOSED
   */
  read(lba: number, into: Uint8Array): Promise<void>
  /**
   * Writes blocks of the command's namespace.
   * @param lba the first block
   * @param from as long as the blocks are
   * @throws NvmError ERR_NVME_STATUS, ERR_ARGUMENT
   */
  write(lba: number, from: Uint8Array): Promise<void>
}

/**
 * How a command ends: its status, by default success, and dword 0 of its completion, by default 0.
 * @category Emulator: added commands
 */
export type CommandAnswer =
  | StatusName
  | {
      /** Of the table of status codes. */
      readonly status?: StatusName
      /** What the completion says beside it. */
      readonly dword0?: number
    }

/**
 * Executes a command. What it returns is the command's status, by default success; what it throws,
 * Internal Error, or the status of the NvmError. An answer that is none is Internal Error, too.
 * @category Emulator: added commands
 */
export type CommandHandler = (
  command: ReceivedCommand,
) => CommandAnswer | undefined | Promise<CommandAnswer | undefined> | Promise<void> | void

const dwordNames: readonly Dword[] = ['cdw10', 'cdw11', 'cdw12', 'cdw13', 'cdw14', 'cdw15']
const lengthUnits = ['bytes', 'blocks', 'dwords'] as const
const commandNames = namesOf<AddedCommand>({ name: true, data: true, writes: true })
const answerNames = namesOf<Exclude<CommandAnswer, StatusName>>({ status: true, dword0: true })
const dataBytesMax = 64 * 2 ** 20

/** Which of `lengthUnits`, and how many or which dword. */
function readLength(data: AddedCommand['data']): { unit: number; amount: number } {
  if (data === undefined) return { unit: 0, amount: 0 }
  checkOptions('data', data, lengthUnits)
  const [[unit, amount] = [], second] = Object.entries(data) as [string, number | Dword][]
  if (unit === undefined || second !== undefined) {
    throw createError('ERR_ARGUMENT', `data has one of ${lengthUnits.join(', ')}`)
  }
  const index = lengthUnits.indexOf(unit as (typeof lengthUnits)[number])
  if (unit === 'bytes') {
    checkInteger('data.bytes', amount, 0, dataBytesMax)
    return { unit: index, amount: amount as number }
  }
  checkName(`data.${unit}`, amount, dwordNames)
  return { unit: index, amount: dwordNames.indexOf(amount as Dword) }
}

/** Defines `opcode` on a device. @throws NvmError ERR_ARGUMENT, ERR_RANGE */
export function addCommand(
  emulator: EmulatorHandle,
  opcode: number,
  command: AddedCommand,
  handler: CommandHandler,
): void {
  checkInteger('opcode', opcode, 0, 0xff)
  checkOptions('a command', command, commandNames)
  const { name, data, writes = false } = command
  checkText('name', name)
  checkBoolean('writes', writes)
  checkFunction('the handler', handler)
  const length = readLength(data)
  const waiting = new Map<number, (status: number) => void>()
  const onEvent = (handle: ExchangeHandle, id: number, exchange: NativeExchange | number): void => {
    if (typeof exchange === 'number') {
      const settle = waiting.get(id)
      waiting.delete(id)
      settle?.(exchange)
    } else {
      void run(handler, new Received(handle, id, exchange, waiting))
    }
  }
  unwrap(binding().addCommand(emulator, { opcode, name, ...length }, writes, onEvent))
}

function readAnswer(answer: CommandAnswer): { status: number; dword0: number } {
  const described = typeof answer === 'string' ? { status: answer } : answer
  checkOptions("a handler's answer", described, answerNames)
  const { status = 'success', dword0 = 0 } = described
  checkInteger('dword0', dword0, 0, 0xffffffff)
  return { status: statusField(status), dword0 }
}

async function run(handler: CommandHandler, command: Received): Promise<void> {
  let status = 0
  let dword0 = 0
  try {
    const answer = readAnswer((await handler(command)) ?? 'success')
    status = answer.status
    dword0 = answer.dword0
  } catch (error) {
    const known = error instanceof NvmError ? error.status : undefined
    status = known ? (known.sct << 8) | known.sc : statusField('internal_error')
  }
  await command.finish(status, dword0)
}

class Received implements ReceivedCommand {
  readonly opcode: number
  readonly nsid: number
  readonly cdw10: number
  readonly cdw11: number
  readonly cdw12: number
  readonly cdw13: number
  readonly cdw14: number
  readonly cdw15: number
  readonly blockSize: number
  readonly data: Uint8Array
  readonly #handle: ExchangeHandle
  readonly #id: number
  readonly #waiting: Map<number, (status: number) => void>
  /** The range that is being moved. */
  #moving: Promise<number> | undefined
  #ended = false

  constructor(
    handle: ExchangeHandle,
    id: number,
    exchange: NativeExchange,
    waiting: Map<number, (status: number) => void>,
  ) {
    this.#handle = handle
    this.#id = id
    this.#waiting = waiting
    this.data = new Uint8Array(exchange.data)
    this.blockSize = exchange.blockSize
    this.opcode = exchange.opcode
    this.nsid = exchange.nsid
    const dwords = exchange.dwords.map((each) => each >>> 0)
    this.cdw10 = dwords[0] as number
    this.cdw11 = dwords[1] as number
    this.cdw12 = dwords[2] as number
    this.cdw13 = dwords[3] as number
    this.cdw14 = dwords[4] as number
    this.cdw15 = dwords[5] as number
  }

  async read(lba: number, into: Uint8Array): Promise<void> {
    await this.#move(lba, into, false)
    binding().takeBlocks(this.#handle, into)
  }

  write(lba: number, from: Uint8Array): Promise<void> {
    return this.#move(lba, from, true)
  }

  /** Answers the host, after a range that the handler did not wait for. */
  async finish(status: number, dword0: number): Promise<void> {
    this.#ended = true
    await this.#moving
    binding().detach(this.data.buffer as ArrayBuffer)
    binding().finishCommand(this.#handle, status, dword0)
  }

  async #move(lba: number, bytes: Uint8Array, writes: boolean): Promise<void> {
    if (this.#ended) throw createError('ERR_CLOSED', 'the handler of the command has ended')
    checkInteger('lba', lba, 0, Number.MAX_SAFE_INTEGER)
    if (!isBytes(bytes)) {
      throw createError('ERR_ARGUMENT', `blocks are a Uint8Array, and not ${show(bytes)}`)
    }
    if (this.#moving !== undefined) {
      throw createError('ERR_ARGUMENT', 'a command reads or writes one range at a time; await it')
    }
    unwrap(binding().moveBlocks(this.#handle, lba, bytes, writes))
    this.#moving = new Promise((resolve) => this.#waiting.set(this.#id, resolve))
    const status = await this.#moving
    this.#moving = undefined
    if (status === 0) return
    const name = writes ? 'Write' : 'Read'
    throw createStatusError(status, { command: { name, opcode: writes ? 1 : 2, lba } })
  }
}
