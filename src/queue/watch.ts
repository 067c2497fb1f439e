// SPDX-License-Identifier: MIT
// Who wants to see each command of a queue pair: a histogram of latencies, and the subscribers of
// diagnostics channels. Asked once a doorbell and once a poll that found something.

import type { ErrorCode } from '../error-table.ts'
import type { FailedCommand } from '../errors.ts'
import { Histogram, histogramWords } from '../histogram.ts'
import type { BatchHandle } from '../native/binding.ts'
import { binding } from '../native/load.ts'
import {
  type CompletedCommand,
  commandCompleted,
  commandSubmitted,
  isTraced,
  type SubmittedCommand,
} from '../trace.ts'
import { describeEntry } from './entries.ts'
import { idMask, type QueueRing, slotWords, statusShift } from './ring.ts'

type Outcome = { readonly status: number } | { readonly error: ErrorCode }

/** The clock that native code reads too. */
function nowNs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e9 + nanoseconds
}

export class QueueWatch {
  readonly latency: Histogram | undefined
  readonly #address: string
  /** By command id: when its doorbell was rung, in nanoseconds; 0: unseen. */
  readonly #submittedAt: Float64Array<SharedArrayBuffer>
  /** By command id: 1 for one whose submission was told, and whose end is to be. */
  readonly #told: Uint8Array
  /** Of what batches left outstanding, by command id: the index that its submission named. */
  readonly #batched = new Map<number, number>()
  /** Something may be in the two. */
  #tells = false
  /** Of what was submitted, and is to be told. */
  #submissions: SubmittedCommand[] = []
  /** There are some: tellSubmissions(). */
  owesSubmissions = false
  /** Of what has completed, and is to be told. */
  #ends: CompletedCommand[] = []
  /** There are some: tellEnds(). */
  owesEnds = false

  /** `address` of the controller; `measures`: latencies are wanted. */
  constructor(address: string, depth: number, measures: boolean) {
    this.#address = address
    // Native code has both, under which nobody can transfer shared memory away.
    const shared = (words: number) => new Float64Array(new SharedArrayBuffer(8 * words))
    this.latency = measures ? new Histogram(shared(histogramWords)) : undefined
    this.#submittedAt = shared(depth)
    this.#told = new Uint8Array(depth)
  }

  get isOn(): boolean {
    if (isTraced()) return true
    if (this.#tells) this.#forget()
    return this.latency !== undefined
  }

  /** Ends went by while nobody listened: what was told before has none to come. */
  #forget(): void {
    this.#tells = false
    this.#told.fill(0)
    this.#batched.clear()
  }

  /** The doorbell is about to be rung for the slots from `from` up to, but not with, `to`. */
  submitted(ring: QueueRing, from: number, to: number, entries: number): void {
    const now = nowNs()
    const traced = isTraced()
    const time = traced ? performance.now() : 0
    if (traced) this.#tells = true
    for (let slot = from; slot !== to; slot = slot + 1 === entries ? 0 : slot + 1) {
      const at = slot * slotWords
      const id = ((ring.words[at] as number) >>> 16) & ring.commandMask
      this.#submittedAt[id] = now
      if (!traced) continue
      this.#told[id] = 1
      const command = describeEntry(ring.words.subarray(at, at + slotWords), id)
      this.#submissions.push({ controller: this.#address, queue: ring.id, command, time })
    }
    this.owesSubmissions = traced
  }

  /** Tells what was submitted, after the doorbell: a subscriber may use the queue. */
  tellSubmissions(): void {
    const submissions = this.#submissions
    this.#submissions = []
    this.owesSubmissions = false
    for (const submission of submissions) commandSubmitted(submission)
  }

  /** The first `count` of ring.done have completed. */
  completed(ring: QueueRing, count: number): void {
    const now = nowNs()
    const traced = isTraced()
    const time = traced ? performance.now() : 0
    for (let i = 0; i < count; i++) {
      const entry = ring.done[i] as number
      const id = entry & idMask
      const submittedAt = this.#submittedAt[id] as number
      if (submittedAt !== 0) this.latency?.record(now - submittedAt)
      if (traced) this.#keepEnd(ring.id, id, { status: entry >>> statusShift }, time)
      this.#submittedAt[id] = 0
      this.#told[id] = 0
    }
    this.owesEnds = this.#ends.length > 0
  }

  #keepEnd(queue: number, id: number, how: Outcome, time: number): void {
    const end = this.#endOf(queue, id, how, time)
    if (end !== undefined) this.#ends.push(end)
  }

  /** Tells what has completed, after the poll: a subscriber may use the queue. */
  tellEnds(): void {
    const ends = this.#ends
    this.#ends = []
    this.owesEnds = false
    for (const end of ends) commandCompleted(end)
  }

  /** Nothing completes command `id` any more. */
  lost(queue: number, id: number, error: ErrorCode): void {
    const end = this.#endOf(queue, id, { error }, performance.now())
    if (end !== undefined) commandCompleted(end)
  }

  /** Nothing completes any command any more. */
  lostAll(queue: number, error: ErrorCode): void {
    for (let id = 0; id < this.#told.length; id++) this.lost(queue, id, error)
  }

  /** Native code does for the commands of a batch what submitted() and completed() do. */
  measure(batch: BatchHandle): void {
    if (this.latency === undefined) return
    binding().measureBatch(batch, this.#submittedAt, this.latency.words)
  }

  /** The end of what command `id` is, if its submission was told. */
  #endOf(queue: number, id: number, how: Outcome, time: number): CompletedCommand | undefined {
    const where = { controller: this.#address, queue }
    const index = this.#batched.get(id)
    const wasTold = this.#told[id] !== 0
    this.#told[id] = 0
    this.#batched.delete(id)
    if (wasTold) {
      const elapsedMs = (nowNs() - (this.#submittedAt[id] as number)) / 1e6
      return { ...where, commandId: id, ...how, elapsedMs, time }
    }
    return index === undefined ? undefined : { ...where, commandId: index, ...how, time }
  }

  /**
   * What native code submitted, by the index in the batch; and what it reaped, in which commands
   * that were enqueued by hand have the complement of their id.
   */
  batched(ring: QueueRing, submitted: readonly FailedCommand[], outcomes: Int32Array): void {
    const where = { controller: this.#address, queue: ring.id }
    const time = performance.now()
    // How many of each index have an end to come.
    const owed = new Map<number, number>()
    const owe = (index: number, more: number) => owed.set(index, (owed.get(index) ?? 0) + more)
    for (const index of this.#batched.values()) owe(index, 1)
    for (const { commandId } of submitted) owe(commandId as number, 1)
    const ends: CompletedCommand[] = []
    for (let i = 0; i + 1 < outcomes.length; i += 2) {
      const [commandId, status] = outcomes.subarray(i, i + 2) as unknown as [number, number]
      if (commandId < 0) {
        const end = this.#endOf(ring.id, ~commandId, { status }, time)
        if (end !== undefined) ends.push(end)
      } else if ((owed.get(commandId) ?? 0) > 0) {
        owe(commandId, -1)
        ends.push({ ...where, commandId, status, time })
      }
    }
    this.#tells = true
    this.#batched.clear()
    for (let id = 0; id < ring.depth; id++) {
      const index = (ring.commands[ring.depth + id] as number) - 1
      if (this.#told[id] !== 0 || (owed.get(index) ?? 0) === 0) continue
      owe(index, -1)
      this.#batched.set(id, index)
    }
    for (const command of submitted) commandSubmitted({ ...where, command, time })
    for (const end of ends) commandCompleted(end)
  }
}
