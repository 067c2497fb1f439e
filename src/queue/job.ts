// SPDX-License-Identifier: MIT
// A request that is not one direct command: too large, one of a group, bounced, with words of its
// own, or waiting for its turn because the queue is full.

import type { DmaDescriptor } from '../dma.ts'
import type { NvmError } from '../errors.ts'
import { type Command, filledBytes, type Reach } from './command.ts'
import {
  checkGrouped,
  cutTransfer,
  type GroupRequest,
  isDirect,
  isWithoutFua,
  type NamespaceLike,
  planTransfer,
} from './request.ts'

export type Resolve = (value: unknown) => void
export type Reject = (error: Error) => void

/** What sends the commands of jobs; there is a free command id when a job is asked for one. */
export interface Sender {
  readonly reach: Reach
  /**
   * False when there is no memory to copy through: some comes back before long. `isSplit`: the
   * request has had others.
   */
  send(job: Job, command: Command, isSplit: boolean): boolean
  /** A command on one buffer that the device reaches itself. */
  sendDirect(
    job: Job,
    opcode: number,
    namespace: NamespaceLike,
    lba: number,
    data: DmaDescriptor,
  ): void
}

export abstract class Job {
  /** What the promise resolves to. */
  value: unknown
  error: NvmError | undefined
  outstanding = 0
  /** How often its commands were sent, this time included. */
  attempts = 1
  /** Commands sent since it was last at the end of the line. */
  turnCommands = 0
  /** The next one in the line. */
  next: Job | undefined
  /** Where a signal has to be forgotten once the promise is settled. */
  signal: AbortSignal | undefined
  isSettled = false
  /** A command of the caller's own: sent once, and it resolves to the words of its completion. */
  isRaw = false
  readonly #resolve: Resolve
  readonly #reject: Reject

  constructor(value: unknown, resolve: Resolve, reject: Reject) {
    this.value = value
    this.#resolve = resolve
    this.#reject = reject
  }

  /** Whether it has commands left to send. */
  protected abstract readonly hasMore: boolean
  /** Sends the next one; false when that has to wait for memory. */
  abstract sendNext(sender: Sender): boolean

  /** All of it is on its way, or need not go any more. */
  get isSent(): boolean {
    return this.error !== undefined || !this.hasMore
  }

  /** Settles the promise once nothing is outstanding and nothing is left to send. */
  settleIfFinished(): void {
    if (this.isSettled || this.outstanding > 0 || !this.isSent) return
    this.isSettled = true
    if (this.error === undefined) this.#resolve(this.value)
    else this.#reject(this.error)
  }

  /** Rejects at once; what is outstanding completes for nobody. */
  giveUp(error: NvmError): void {
    this.error ??= error
    if (this.isSettled) return
    this.isSettled = true
    this.#reject(this.error)
  }
}

/** The commands of one request, made as there is room for them. */
class Pieces {
  #next: Command | undefined
  #sent = 0
  readonly #commands: Iterator<Command>

  constructor(commands: Iterable<Command>) {
    this.#commands = commands[Symbol.iterator]()
    this.#next = this.#commands.next().value
  }

  get areLeft(): boolean {
    return this.#next !== undefined
  }

  /** As Job.sendNext(). */
  sendNext(job: Job, sender: Sender): boolean {
    if (this.#next === undefined) return true
    if (!sender.send(job, this.#next, this.#sent > 0)) return false
    this.#sent++
    this.#next = this.#commands.next().value
    return true
  }
}

/** One request of as many commands as it takes. */
export class CommandJob extends Job {
  readonly #pieces: Pieces

  constructor(commands: Iterable<Command>, value: unknown, resolve: Resolve, reject: Reject) {
    super(value, resolve, reject)
    this.#pieces = new Pieces(commands)
  }

  protected get hasMore(): boolean {
    return this.#pieces.areLeft
  }

  sendNext(sender: Sender): boolean {
    return this.#pieces.sendNext(this, sender)
  }
}

/** Reads or writes, each looked at as it is sent: nothing is made for one direct command. */
export class GroupJob extends Job {
  #index = 0
  /** Of the request that was begun last, where it is more than one direct command. */
  #pieces: Pieces | undefined
  readonly #opcode: number
  readonly #requests: readonly GroupRequest[]
  readonly #namespace: NamespaceLike | undefined
  readonly #values: unknown[] | undefined

  /** `values` become what reads resolve to; undefined for writes. */
  constructor(
    opcode: number,
    requests: readonly GroupRequest[],
    namespace: NamespaceLike | undefined,
    values: unknown[] | undefined,
    resolve: Resolve,
    reject: Reject,
  ) {
    super(values, resolve, reject)
    this.#opcode = opcode
    this.#requests = requests
    this.#namespace = namespace
    this.#values = values
  }

  protected get hasMore(): boolean {
    return this.#index < this.#requests.length || this.#pieces?.areLeft === true
  }

  sendNext(sender: Sender): boolean {
    if (this.#pieces?.areLeft === true) return this.#pieces.sendNext(this, sender)
    const index = this.#index++
    const request = this.#requests[index] as GroupRequest
    const { reach } = sender
    const data = checkGrouped(request, this.#values !== undefined, this.#namespace, reach)
    const namespace = this.#namespace ?? (request.namespace as NamespaceLike)
    if (this.#values !== undefined) this.#values[index] = filledBytes(data)
    const { lba } = request
    if (isWithoutFua(request) && isDirect(namespace, lba, data, reach)) {
      sender.sendDirect(this, this.#opcode, namespace, lba as number, data)
      return true
    }
    const transfer = planTransfer(this.#opcode, namespace, request, data, reach)
    this.#pieces = new Pieces(cutTransfer(transfer, reach.transferBytesMax))
    return this.#pieces.sendNext(this, sender)
  }
}
