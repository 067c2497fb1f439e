// SPDX-License-Identifier: MIT
// A request that is not one direct command: too large, one of a group, bounced, with words of its
// own, or waiting for its turn because the queue is full.

import type { DmaDescriptor } from '../dma.ts'
import { createError, type NvmError } from '../errors.ts'
import type { Command } from './command.ts'
import { type GroupRequest, isDirect, type NamespaceLike, refuseIfChanged } from './request.ts'

export type Resolve = (value: unknown) => void
export type Reject = (error: Error) => void

/** What sends the commands of jobs; there is a free command id when a job is asked for one. */
export interface Sender {
  readonly controllerId: number
  /** False when there is no memory to copy through: some comes back before long. */
  send(job: Job, command: Command): boolean
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

/** A request whose commands are made as there is room for them. */
export class CommandJob extends Job {
  #command: Command | undefined
  #sent = 0
  readonly #commands: Iterator<Command>

  constructor(commands: Iterable<Command>, value: unknown, resolve: Resolve, reject: Reject) {
    super(value, resolve, reject)
    this.#commands = commands[Symbol.iterator]()
    this.#command = this.#commands.next().value
  }

  protected get hasMore(): boolean {
    return this.#command !== undefined
  }

  /** Commands sent so far. */
  get sent(): number {
    return this.#sent
  }

  sendNext(sender: Sender): boolean {
    if (this.#command !== undefined) {
      if (!sender.send(this, this.#command)) return false
      this.#sent++
    }
    this.#command = this.#commands.next().value
    return true
  }
}

/** Reads or writes, each of which is one direct command: nothing is made for each of them. */
export class GroupJob extends Job {
  #index = 0
  readonly #opcode: number
  readonly #requests: readonly GroupRequest[]
  readonly #namespace: NamespaceLike | undefined
  readonly #bytesMax: number

  constructor(
    opcode: number,
    requests: readonly GroupRequest[],
    namespace: NamespaceLike | undefined,
    bytesMax: number,
    value: unknown,
    resolve: Resolve,
    reject: Reject,
  ) {
    super(value, resolve, reject)
    this.#opcode = opcode
    this.#requests = requests
    this.#namespace = namespace
    this.#bytesMax = bytesMax
  }

  protected get hasMore(): boolean {
    return this.#index < this.#requests.length
  }

  sendNext(sender: Sender): boolean {
    const request = this.#requests[this.#index++] as GroupRequest
    const namespace = this.#namespace ?? (request.namespace as NamespaceLike)
    const data = request.into ?? request.from
    const { controllerId } = sender
    refuseIfChanged(namespace)
    // It was so when the group was asked for; it may have been disposed or changed since.
    if (
      data === undefined ||
      !isDirect(namespace, request.lba, data, this.#bytesMax, controllerId)
    ) {
      throw createError('ERR_CLOSED', 'memory of a group was disposed before its turn')
    }
    sender.sendDirect(this, this.#opcode, namespace, request.lba as number, data)
    return true
  }
}
