// SPDX-License-Identifier: MIT
// Who wants to see each command of a queue pair: a histogram of latencies, and the subscribers of
// diagnostics channels. Asked once a doorbell and once a poll that found something.

import type { FailedCommand } from '../errors.ts'
import { Histogram } from '../histogram.ts'
import { commandCompleted, commandSubmitted, isTraced } from '../trace.ts'
import { describeEntry } from './entries.ts'
import { idMask, type QueueRing, slotWords, statusShift } from './ring.ts'

export class QueueWatch {
  readonly latency: Histogram | undefined
  readonly #address: string
  /** By command id: when its doorbell was rung, in milliseconds. */
  readonly #submittedAt: Float64Array

  /** `address` of the controller; `measures`: latencies are wanted. */
  constructor(address: string, depth: number, measures: boolean) {
    this.#address = address
    this.latency = measures ? new Histogram() : undefined
    this.#submittedAt = new Float64Array(depth)
  }

  get isOn(): boolean {
    return this.latency !== undefined || isTraced()
  }

  /** The doorbell is about to be rung for the slots from `from` up to, but not with, `to`. */
  submitted(ring: QueueRing, from: number, to: number, entries: number): void {
    const time = performance.now()
    for (let slot = from; slot !== to; slot = slot + 1 === entries ? 0 : slot + 1) {
      const at = slot * slotWords
      const id = ((ring.words[at] as number) >>> 16) & ring.commandMask
      this.#submittedAt[id] = time
      if (!isTraced()) continue
      const command = describeEntry(ring.words.subarray(at, at + slotWords), id)
      commandSubmitted({ controller: this.#address, queue: ring.id, command, time })
    }
  }

  /** The first `count` of ring.done have completed. */
  completed(ring: QueueRing, count: number): void {
    const time = performance.now()
    for (let i = 0; i < count; i++) {
      const entry = ring.done[i] as number
      const commandId = entry & idMask
      const elapsedMs = time - (this.#submittedAt[commandId] as number)
      this.latency?.record(elapsedMs * 1e6)
      if (!isTraced()) continue
      const status = entry >>> statusShift
      const where = { controller: this.#address, queue: ring.id, commandId }
      commandCompleted({ ...where, status, elapsedMs, time })
    }
  }

  /** What native code submitted and reaped: commands by their index in the batch. */
  batched(queue: number, submitted: Iterable<FailedCommand>, outcomes: Int32Array): void {
    const where = { controller: this.#address, queue }
    const time = performance.now()
    for (const command of submitted) commandSubmitted({ ...where, command, time })
    for (let i = 0; i + 1 < outcomes.length; i += 2) {
      const [commandId, status] = outcomes.subarray(i, i + 2) as unknown as [number, number]
      commandCompleted({ ...where, commandId, status, time })
    }
  }
}
