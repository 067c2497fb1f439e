// SPDX-License-Identifier: MIT
// A request that is more than one command at once: too large, one of a group, bounced, or waiting
// for its turn because the queue is full. Jobs are served in the order they came.

import type { DmaDescriptor } from '../dma.ts'
import type { NvmError } from '../errors.ts'
import { nvme } from '../spec/nvme.ts'
import type { BouncePool } from './bounce.ts'
import { copyBounced, type Transfer } from './transfer.ts'

const opcodeRead = nvme.codes.nvm_opcode.read[0]

export class Job {
  readonly opcode: number
  readonly transfers: readonly Transfer[]
  /** What the promise resolves to. */
  readonly value: unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  error: NvmError | undefined
  outstanding = 0
  /** How often its commands were sent, this time included. */
  attempts = 1
  #index = 0
  #done = 0

  constructor(
    opcode: number,
    transfers: readonly Transfer[],
    value: unknown,
    resolve: (value: unknown) => void,
    reject: (error: Error) => void,
  ) {
    this.opcode = opcode
    this.transfers = transfers
    this.value = value
    this.resolve = resolve
    this.reject = reject
  }

  /** The transfer that the next command belongs to; undefined when all are submitted. */
  get transfer(): Transfer | undefined {
    return this.error === undefined ? this.transfers[this.#index] : undefined
  }

  /** Bytes of that transfer that were submitted already. */
  get done(): number {
    return this.#done
  }

  /** Counts a command of `byteLength` bytes as submitted. */
  advance(byteLength: number): void {
    this.outstanding++
    this.#done += byteLength
    const transfer = this.transfers[this.#index]
    if (transfer !== undefined && this.#done < transfer.byteLength) return
    this.#index++
    this.#done = 0
  }

  /** Settles the promise once nothing is outstanding and nothing is left to submit. */
  settleIfFinished(): boolean {
    if (this.outstanding > 0 || this.transfer !== undefined) return false
    if (this.error === undefined) this.resolve(this.value)
    else this.reject(this.error)
    return true
  }
}

/** One command of a job, by its command id. */
export interface Part {
  readonly job: Job
  readonly byteLength: number
  /** Where bounced data goes or came from. */
  readonly slot: DmaDescriptor | undefined
  readonly bytes: Uint8Array | undefined
}

/** Ends a part, and its job with the last one; data that was bounced goes where it was wanted. */
export function finishPart(part: Part, error: NvmError | undefined, bounce: BouncePool): void {
  const { job, slot, bytes, byteLength } = part
  job.outstanding--
  job.error ??= error
  if (slot !== undefined) {
    if (bytes !== undefined && job.opcode === opcodeRead && job.error === undefined) {
      job.error = copyBounced(slot, bytes, byteLength)
    }
    bounce.give(slot)
  }
  job.settleIfFinished()
}
