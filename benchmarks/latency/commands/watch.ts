// SPDX-License-Identifier: MIT
// Watches one run: cuts its time into the slices that the result has, and shows how it goes on,
// each at its own pace.

import type { Interval, ProcessUse } from '../../../src/report/result.ts'
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
  readonly #usedBefore = useNow()
  readonly #timers: readonly NodeJS.Timeout[]

  /** From now on, until end(). What counts begins at `startMs`, as performance.now() says it. */
  constructor(
    shared: SharedRun,
    options: CommandOptions,
    display: Display,
    which: { readonly depth: number; readonly run: number; readonly startMs: number },
  ) {
    const { queues, runs, runtimeMs, writePercent } = options
    const { startMs, ...place } = which
    this.#startMs = startMs
    const mixes = writePercent > 0 && writePercent < 100
    this.#watched = new Intervals(shared, queues, startMs, mixes)
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

  /** The run has ended, well or not; returns its slices, and what it took. */
  end(): { readonly intervals: readonly Interval[]; readonly process: ProcessUse } {
    for (const timer of this.#timers) clearInterval(timer)
    this.#slice()
    // The time after the last command is no part of the run.
    if (this.#intervals.at(-1)?.commands === 0) this.#intervals.pop()
    return { intervals: this.#intervals, process: useSince(this.#usedBefore) }
  }
}

function useNow(): ProcessUse {
  const use = process.resourceUsage()
  return {
    wallNs: performance.now() * 1e6,
    userNs: use.userCPUTime * 1000,
    systemNs: use.systemCPUTime * 1000,
    contextSwitches: use.voluntaryContextSwitches + use.involuntaryContextSwitches,
    majorFaults: use.majorPageFault,
    minorFaults: use.minorPageFault,
  }
}

function useSince(before: ProcessUse): ProcessUse {
  const now = useNow()
  const names = Object.keys(now) as (keyof ProcessUse)[]
  const differences = names.map((name) => [name, Math.round(now[name] - before[name])])
  return Object.fromEntries(differences) as ProcessUse
}
