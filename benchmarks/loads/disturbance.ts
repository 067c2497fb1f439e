// SPDX-License-Identifier: MIT
// What goes on beside the commands whose latency is measured: a timer of 1 ms, and garbage that it
// makes.
import { PerformanceObserver } from 'node:perf_hooks'
import { Histogram } from 'peernvm'
import type { Disturbance } from './cells.ts'

const intervalMs = 1
const objectsPerTick = 400
/** Of an object with an array of eight numbers, and its place in the array of all. */
const objectBytes = 160

const makeLitter = (): unknown =>
  Array.from({ length: objectsPerTick }, (_, at) => ({ at, numbers: Array(8).fill(at) }))

export class Disturber {
  /** How much later than 1 ms after the last time the timer fired, in nanoseconds. */
  readonly lateness = new Histogram()
  /** Collections of garbage by V8, whoever made it. */
  collections = 0
  garbageBytes = 0
  /** What the last tick made: some of it survives a collection. */
  readonly #litter: unknown[] = []
  readonly #timer: NodeJS.Timeout | undefined
  readonly #observer: PerformanceObserver
  #dueAt = performance.now() + intervalMs

  constructor(disturbance: Disturbance) {
    const tick = (): void => {
      const now = performance.now()
      this.lateness.record((now - this.#dueAt) * 1e6)
      this.#dueAt = now + intervalMs
      if (disturbance !== 'timer+garbage') return
      this.#litter[0] = makeLitter()
      this.garbageBytes += objectsPerTick * objectBytes
    }
    if (disturbance !== 'nothing') this.#timer = setInterval(tick, intervalMs)
    this.#observer = new PerformanceObserver((list) => this.#count(list.getEntries()))
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  /** Whether there is a timer that has yet to fire. */
  get isPending(): boolean {
    return this.#timer !== undefined && this.lateness.count === 0
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#count(this.#observer.takeRecords())
    this.#observer.disconnect()
  }

  #count(entries: readonly unknown[]): void {
    this.collections += entries.length
  }
}
