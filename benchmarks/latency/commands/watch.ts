// SPDX-License-Identifier: MIT
// Watches one run: cuts its time into the slices that the result has, and shows how it goes on,
// each at its own pace.

import type { Interval } from '../../../src/report/result.ts'
import type { CommandOptions } from '../options.ts'
import type { Display } from './display.ts'
import { Intervals } from './intervals.ts'
import type { SharedRun } from './setting.ts'

const intervalsMax = 200
const intervalMsMin = 100

export class RunWatch {
  readonly #watched: Intervals
  readonly #shown: Intervals
  readonly #intervals: Interval[] = []
  readonly #startMs: number
  readonly #timers: readonly NodeJS.Timeout[]

  /** From now on, until end(). What counts begins at `startMs`, as performance.now() says it. */
  constructor(
    shared: SharedRun,
    options: CommandOptions,
    display: Display,
    which: { readonly depth: number; readonly run: number; readonly startMs: number },
  ) {
    const { queues, runs, runtimeMs } = options
    const { startMs, ...place } = which
    this.#startMs = startMs
    this.#watched = new Intervals(shared, queues, startMs)
    this.#shown = new Intervals(shared, queues, startMs)
    const show = (): void => {
      const elapsedMs = performance.now() - startMs
      if (elapsedMs <= 0) return
      const remainingMs = runtimeMs === null ? null : runtimeMs - elapsedMs
      const slice = this.#shown.look(startMs + elapsedMs, startMs)
      display.show(slice, { ...place, runs, elapsedMs, remainingMs })
    }
    const sliceMs = Math.max(intervalMsMin, (runtimeMs ?? 0) / intervalsMax)
    this.#timers = [setInterval(() => this.#slice(), sliceMs), setInterval(show, display.periodMs)]
  }

  #slice(): void {
    const now = performance.now()
    if (now <= this.#startMs) return
    const { latency: _, ...interval } = this.#watched.look(now, this.#startMs)
    this.#intervals.push(interval)
  }

  /** The run has ended, well or not; returns its slices. */
  end(): readonly Interval[] {
    for (const timer of this.#timers) clearInterval(timer)
    this.#slice()
    // The time after the last command is no part of the run.
    if (this.#intervals.at(-1)?.commands === 0) this.#intervals.pop()
    return this.#intervals
  }
}
