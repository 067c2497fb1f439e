// SPDX-License-Identifier: MIT
// The time of a run in slices: what was measured in each, from the histograms that the threads
// share.

import { Histogram, histogramWords } from '../../../src/histogram.ts'
import type { Interval } from '../../../src/report/result.ts'
import { measuredOf, type SharedRun } from './setting.ts'

const binsPerDoubling = 4

/** What happened since the look before. */
export interface Slice extends Interval {
  /** All directions of all queues. */
  readonly latency: Histogram
}

/** Looks at what the threads have measured so far, and tells what was new. */
export class Intervals {
  readonly #shared: SharedRun
  readonly #queues: number
  readonly #mixes: boolean
  #seen = new Histogram()
  #seenBytes = 0
  #seenWrites = { commands: 0, bytes: 0 }
  #lookedAt: number

  /**
   * `startMs`: when what counts began, as performance.now() says it; `mixes`: writes are told
   * from reads.
   */
  constructor(shared: SharedRun, queues: number, startMs: number, mixes = false) {
    this.#mixes = mixes
    this.#shared = shared
    this.#queues = queues
    this.#lookedAt = startMs
  }

  /** From the look before to now. `startMs` is that of the constructor. */
  look(nowMs: number, startMs: number): Slice {
    const total = new Histogram(new Float64Array(histogramWords))
    for (let queue = 0; queue < this.#queues; queue++) {
      total.merge(measuredOf(this.#shared, queue, 0))
      total.merge(measuredOf(this.#shared, queue, 1))
    }
    const bytes = this.#shared.bytes.reduce((sum, each) => sum + each, 0)
    const latency = total.since(this.#seen)
    const slice: Slice = {
      startNs: Math.round((this.#lookedAt - startMs) * 1e6),
      durationNs: Math.round((nowMs - this.#lookedAt) * 1e6),
      commands: latency.count,
      bytes: bytes - this.#seenBytes,
      ...(this.#mixes ? { written: this.#newWrites() } : {}),
      bins: binsOf(latency),
      latency,
    }
    this.#seen = total
    this.#seenBytes = bytes
    this.#lookedAt = nowMs
    return slice
  }

  #newWrites(): { commands: number; bytes: number } {
    const all = { commands: 0, bytes: 0 }
    for (let queue = 0; queue < this.#queues; queue++) {
      all.commands += measuredOf(this.#shared, queue, 1).count
      all.bytes += this.#shared.bytes[2 * queue + 1] as number
    }
    const { commands, bytes } = this.#seenWrites
    this.#seenWrites = all
    return { commands: all.commands - commands, bytes: all.bytes - bytes }
  }
}

/** First bin, then counts: bin i has the latencies from 2^(i/4) up to 2^((i+1)/4). */
export function binsOf(latency: Histogram): number[] {
  const counts: number[] = []
  let first = 0
  for (const { fromNs, count } of latency.steps()) {
    const bin = Math.floor(binsPerDoubling * Math.log2(Math.max(1, fromNs)))
    if (counts.length === 0) first = bin
    while (counts.length <= bin - first) counts.push(0)
    counts[bin - first] = (counts[bin - first] as number) + count
  }
  return counts.length === 0 ? [] : [first, ...counts]
}

/** Two neighbouring slices as one. */
export function merged(first: Interval, second: Interval): Interval {
  const written = first.written &&
    second.written && {
      commands: first.written.commands + second.written.commands,
      bytes: first.written.bytes + second.written.bytes,
    }
  return {
    startNs: first.startNs,
    durationNs: first.durationNs + second.durationNs,
    commands: first.commands + second.commands,
    bytes: first.bytes + second.bytes,
    ...(written === undefined ? {} : { written }),
    bins: sumOfBins(first.bins, second.bins),
  }
}

function sumOfBins(one: readonly number[], other: readonly number[]): readonly number[] {
  if (one.length === 0 || other.length === 0) return one.length === 0 ? other : one
  const ends = [one, other].map((bins) => (bins[0] as number) + bins.length - 1)
  const first = Math.min(one[0] as number, other[0] as number)
  const counts = new Array<number>(Math.max(...ends) - first).fill(0)
  for (const [from = 0, ...own] of [one, other]) {
    for (const [i, count] of own.entries()) {
      const at = from - first + i
      counts[at] = (counts[at] as number) + count
    }
  }
  return [first, ...counts]
}
