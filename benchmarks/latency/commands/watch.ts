// SPDX-License-Identifier: MIT
// Watches one run: cuts its time into the slices that the result has, and shows how it goes on,
// each at its own pace.

import type { Interval, ProcessUse } from '../../../src/report/result.ts'
import type { CommandOptions } from '../options.ts'
import type { Display } from './display.ts'
import { Intervals, merged } from './intervals.ts'
import type { SharedRun } from './setting.ts'

const intervalsMax = 200
const intervalMsMin = 100

export class RunWatch {
  readonly #watched: Intervals
  readonly #shown: Intervals
  #intervals: Interval[] = []
  #sliceMs: number
  readonly #startMs: number
  readonly #usedBefore = useNow()
  #slicer: NodeJS.Timeout
  readonly #shower: NodeJS.Timeout

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
    this.#sliceMs = Math.max(intervalMsMin, (runtimeMs ?? 0) / intervalsMax)
    this.#slicer = setInterval(this.#onTime, this.#sliceMs)
    this.#shower = setInterval(show, display.periodMs)
  }

  readonly #onTime = (): void => {
    this.#slice()
    if (this.#intervals.length < 2 * intervalsMax) return
    // A run over blocks, whose length nobody knew: from here on, slices are twice as long.
    const pairs = this.#intervals.filter((_, i) => i % 2 === 0)
    this.#intervals = pairs.map((first, i) => merged(first, this.#intervals[2 * i + 1] as Interval))
    this.#sliceMs *= 2
    clearInterval(this.#slicer)
    this.#slicer = setInterval(this.#onTime, this.#sliceMs)
  }

  #slice(): void {
    const now = performance.now()
    if (now <= this.#startMs) return
    const { latency: _, ...interval } = this.#watched.look(now, this.#startMs)
    this.#intervals.push(interval)
  }

  /** The run has ended, well or not; returns its slices, and what it took. */
  end(): { readonly intervals: readonly Interval[]; readonly process: ProcessUse } {
    for (const timer of [this.#slicer, this.#shower]) clearInterval(timer)
    this.#slice()
    // The time after the last command is no part of the run.
    if (this.#intervals.at(-1)?.commands === 0) this.#intervals.pop()
    this.#mergeRest()
    return { intervals: this.#intervals, process: useSince(this.#usedBefore) }
  }

  /** The rest behind the last slice is too short for rates of its own. */
  #mergeRest(): void {
    const [before, rest] = this.#intervals.slice(-2)
    if (before === undefined || rest === undefined) return
    if (rest.durationNs < 0.5e6 * this.#sliceMs) this.#intervals.splice(-2, 2, merged(before, rest))
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
