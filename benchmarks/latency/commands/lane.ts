// SPDX-License-Identifier: MIT
// One queue of a run and what is outstanding on it: the part that all engines but the native one
// have in common. A lane fills commands, hands them over, and hands back what has completed.

import { createStatusError } from '../../../src/errors.ts'
import type { Histogram, QueueStats } from '../../../src/index.ts'
import { measuredOf, type QueueSetting, type SharedRun } from './setting.ts'
import { CommandSource } from './source.ts'

/** What the commands of a lane move their data from and to. */
export interface LanePlace {
  /** Bytes of a block. */
  readonly blockSize: number
  /** Bytes of memory for each slot; 0 where memory mirrors the range, from this block on. */
  readonly slotBytes: number
  readonly firstLba: number
}

// What one reading of the clock serves at most, and in how long a time: beyond, it was a pause.
const roundsHeld = 8
const commandsHeld = 8
const pauseMs = 0.016
/** What is held spans about so long: where completions are slower, each has its own reading. */
const heldMs = 0.002
/** After a pause, readings that serve one command each: where there is one, there are more. */
const exactReadings = 16

/** Turns that turnOver() takes at most. */
export const turnsMax = 64
const turnsPauseMs = 0.05

export abstract class Lane {
  /** Slots of what fill() wrote and nobody handed over yet, and of what completed last. */
  readonly filled: Int32Array
  readonly done: Int32Array
  /** By slot: when the command began, in milliseconds. */
  readonly started: Float64Array
  /** Slots whose command has ended and whose next one has begun, for turnOver(). */
  readonly turned = new Int32Array(turnsMax)
  outstanding = 0
  /** Commands that were filled, all in all. */
  filledCount = 0
  /** Blocks that are yet to be moved. */
  blocksLeft: number
  /** At a rate: when the first command is due, after the start. */
  readonly phaseMs: number
  /** When it began to count, and when the last command that counts had completed. */
  countsFrom = 0
  lastEnd = 0
  protected readonly source: CommandSource
  readonly #blockBytes: number
  readonly #slotBytes: number
  readonly #firstLba: number
  readonly #byteLengths: Float64Array
  readonly #writes: Uint8Array
  readonly #reads: Histogram
  readonly #written: Histogram
  readonly #bytes: Float64Array
  readonly #bytesAt: number
  // Rounds of fill() and exchange() that have no time yet.
  #rounds = 0
  #roundsMax = 1
  #readingsSincePause = 0
  #filledEnd = 0
  #doneEnd = 0
  #settledAt = 0
  readonly #filledEnds = new Int32Array(roundsHeld)
  readonly #doneEnds = new Int32Array(roundsHeld)
  readonly #heldFilled: Int32Array
  readonly #heldDone: Int32Array
  readonly #latencies: Float64Array

  constructor(setting: QueueSetting, slots: number, place: LanePlace, shared: SharedRun) {
    this.filled = new Int32Array(slots)
    this.done = new Int32Array(slots)
    this.started = new Float64Array(slots)
    this.blocksLeft = setting.blocks
    this.phaseMs = setting.phaseMs
    this.source = new CommandSource(setting.source)
    this.#blockBytes = place.blockSize
    this.#slotBytes = place.slotBytes
    this.#firstLba = place.firstLba
    this.#byteLengths = new Float64Array(slots)
    this.#writes = new Uint8Array(slots)
    this.#reads = measuredOf(shared, setting.index, 0)
    this.#written = measuredOf(shared, setting.index, 1)
    this.#bytes = shared.bytes
    this.#bytesAt = 2 * setting.index
    this.#heldFilled = new Int32Array(roundsHeld * slots)
    this.#heldDone = new Int32Array(roundsHeld * slots)
    this.#latencies = new Float64Array(Math.max(turnsMax, roundsHeld * slots))
  }

  /** The run begins, and what counts of it. */
  begin(now: number, countsFrom: number): void {
    this.#settledAt = now
    this.countsFrom = countsFrom
    this.lastEnd = countsFrom
  }

  /** Writes up to `count` commands into free slots; returns how many. */
  abstract fill(count: number): number
  /** Hands over what was filled; `done` has what has completed. Returns how many. */
  abstract exchange(waits: boolean): number
  /** What its pair says of itself. */
  abstract get stats(): Pick<QueueStats, 'direct' | 'bounce' | 'p2p' | 'doorbells'>
  abstract get id(): number

  /** The next command is that of `slot`; returns where its data is in the memory. */
  protected choose(slot: number): number {
    const { source } = this
    source.next()
    const byteLength = source.blockCount * this.#blockBytes
    this.#byteLengths[slot] = byteLength
    this.#writes[slot] = source.isWrite ? 1 : 0
    this.blocksLeft -= source.blockCount
    this.filledCount++
    const skipped = (source.lba - this.#firstLba) * this.#blockBytes
    return this.#slotBytes === 0 ? skipped : slot * this.#slotBytes
  }

  /** The first `count` of `done` had completed at `now`. */
  record(count: number, now: number): void {
    this.outstanding -= count
    if (now < this.countsFrom) return
    for (let i = 0; i < count; i++) {
      const slot = this.done[i] as number
      this.#recordOne(slot, (now - (this.started[slot] as number)) * 1e6)
    }
    this.lastEnd = now
  }

  #recordOne(slot: number, latencyNs: number): void {
    const writes = this.#writes[slot] as number
    const at = this.#bytesAt + writes
    // Small integers need no memory when they are handed on.
    const value = latencyNs < 0x7fffffff ? latencyNs | 0 : latencyNs
    if (writes === 0) this.#reads.record(value)
    else this.#written.record(value)
    this.#bytes[at] = (this.#bytes[at] as number) + (this.#byteLengths[slot] as number)
  }

  /**
   * Keeps what fill() wrote and what then completed, without a reading of the clock; true when it
   * is time for one: settle() follows.
   */
  hold(filled: number, count: number): boolean {
    const round = this.#rounds++
    for (let i = 0; i < filled; i++) this.#heldFilled[this.#filledEnd++] = this.filled[i] as number
    for (let i = 0; i < count; i++) this.#heldDone[this.#doneEnd++] = this.done[i] as number
    this.#filledEnds[round] = this.#filledEnd
    this.#doneEnds[round] = this.#doneEnd
    this.outstanding -= count
    return round + 1 >= this.#roundsMax || this.#doneEnd >= commandsHeld
  }

  /**
   * Gives the rounds that are held their times, in even steps from the reading before to `now`.
   * After a pause nobody knows when in it a command began or ended: those that began are taken to
   * have begun before it, those that ended after it, so that no latency is too short.
   */
  settle(now: number): void {
    const from = this.#settledAt
    const step = (now - from) / this.#rounds
    const paused = now - from > pauseMs
    let filledAt = 0
    let doneAt = 0
    let count = 0
    for (let round = 0; round < this.#rounds; round++) {
      const began = paused ? from : from + round * step
      const ended = paused ? now : began + step
      while (filledAt < (this.#filledEnds[round] as number)) {
        this.started[this.#heldFilled[filledAt++] as number] = began
      }
      const doneEnd = this.#doneEnds[round] as number
      if (ended < this.countsFrom) doneAt = doneEnd
      for (; doneAt < doneEnd; doneAt++) {
        const slot = this.#heldDone[doneAt] as number
        this.#heldDone[count] = slot
        this.#latencies[count++] = (ended - (this.started[slot] as number)) * 1e6
      }
    }
    this.#recordMany(this.#heldDone, count)
    this.#readingsSincePause = paused ? 0 : this.#readingsSincePause + 1
    this.#roundsMax =
      this.#readingsSincePause < exactReadings
        ? 1
        : Math.min(roundsHeld, Math.max(1, Math.floor(heldMs / step)))
    this.#rounds = 0
    this.#filledEnd = 0
    this.#doneEnd = 0
    this.#settledAt = now
    if (now >= this.countsFrom) this.lastEnd = now
  }

  /** What turnOver() is told next began to happen at `now`; one turn alone needs no such reading. */
  turnFrom(now: number): void {
    this.#settledAt = now
  }

  /**
   * In each of the first `count` slots of `turned` a command ended and the next began, from the
   * reading before to `now` in even steps. After a pause all are taken to have done so at its end:
   * then each slot has it in one latency, whichever of its two commands it was.
   */
  turnOver(count: number, now: number): void {
    const { turned, started } = this
    const latencies = this.#latencies
    const paused = now - this.#settledAt > turnsPauseMs
    const from = count === 1 || paused ? now : this.#settledAt
    const step = (now - from) / count
    let turnedAt = from
    for (let i = 0; i < count; i++) {
      const slot = turned[i] as number
      turnedAt += step
      latencies[i] = (turnedAt - (started[slot] as number)) * 1e6
      started[slot] = turnedAt
    }
    this.outstanding -= count
    this.#settledAt = now
    if (now < this.countsFrom) return
    this.#recordMany(turned, count)
    this.lastEnd = now
  }

  /** What `#latencies` holds of the commands of the first `count` slots. */
  #recordMany(slots: Int32Array, count: number): void {
    const latencies = this.#latencies
    if (this.source.mixes) {
      for (let i = 0; i < count; i++) this.#recordOne(slots[i] as number, latencies[i] as number)
      return
    }
    let bytes = count * this.source.everyBlockCount * this.#blockBytes
    if (bytes === 0) {
      for (let i = 0; i < count; i++) bytes += this.#byteLengths[slots[i] as number] as number
    }
    const at = this.#bytesAt + (this.source.isWrite ? 1 : 0)
    this.#bytes[at] = (this.#bytes[at] as number) + bytes
    const histogram = this.source.isWrite ? this.#written : this.#reads
    histogram.recordAll(latencies, count)
  }

  /** A run at a rate lasts until its time is over: silence at its end belongs to it. */
  endDue(at: number): void {
    if (this.blocksLeft > 0) this.lastEnd = Math.max(this.lastEnd, at)
  }

  /** A command of this lane ended with a status that is not success. */
  protected refuse(status: number): never {
    throw createStatusError(status, { queue: this.id })
  }
}
