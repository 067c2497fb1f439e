// SPDX-License-Identifier: MIT
// What is shown while a run goes on: one line on a terminal, which is written over, or JSON lines.
// It has no colours, so that NO_COLOR has nothing to say.

import type { Progress } from '../options.ts'
import type { Slice } from './intervals.ts'

const microseconds = (ns: number): string => {
  const us = ns / 1000
  return us < 10 ? us.toFixed(2) : us < 100 ? us.toFixed(1) : us.toFixed(0)
}

/** Where a display writes, and how wide that is; process.stderr is one. */
export interface Screen {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** What a line says beside the figures. */
export interface Moment {
  readonly depth: number
  readonly run: number
  readonly runs: number
  /** Since the start of what counts; negative during the ramp. */
  readonly elapsedMs: number
  /** Of the run; null when a number of blocks ends it. */
  readonly remainingMs: number | null
}

/** The figures of a slice in a line that a person reads. */
export function lineOf(slice: Slice, moment: Moment): string {
  const { depth, run, runs, remainingMs } = moment
  const seconds = slice.durationNs / 1e9
  const iops = Math.round(slice.commands / seconds).toLocaleString('en-US')
  const mibPerSecond = slice.bytes / 2 ** 20 / seconds
  const mib = mibPerSecond.toFixed(mibPerSecond < 100 ? 1 : 0)
  const [p50, p99] = [0.5, 0.99].map((of) => microseconds(slice.latency.quantile(of)))
  const left =
    remainingMs === null ? '' : `  ${(Math.max(0, remainingMs) / 1000).toFixed(0)} s left`
  const which = runs === 1 ? `qd=${depth}` : `qd=${depth} run ${run + 1}/${runs}`
  return `${which}  ${iops} IOPS  ${mib} MiB/s  p50 ${p50} µs  p99 ${p99} µs${left}`
}

/** The same as one JSON object. */
export function objectOf(slice: Slice, moment: Moment): object {
  const seconds = slice.durationNs / 1e9
  return {
    depth: moment.depth,
    run: moment.run,
    elapsedMs: Math.round(moment.elapsedMs),
    remainingMs: moment.remainingMs === null ? null : Math.max(0, Math.round(moment.remainingMs)),
    commands: slice.commands,
    iops: Math.round(slice.commands / seconds),
    mibPerSecond: Number((slice.bytes / 2 ** 20 / seconds).toFixed(3)),
    p50Ns: slice.latency.quantile(0.5),
    p99Ns: slice.latency.quantile(0.99),
  }
}

/** Shows what a run has come to. */
export class Display {
  readonly #screen: Screen
  readonly #progress: Progress
  #isOpen = false

  /** Without `progress` a line on a terminal, and JSON lines elsewhere. */
  constructor(screen: Screen, progress: Progress | undefined) {
    this.#screen = screen
    this.#progress = progress ?? (screen.isTTY ? 'line' : 'json')
  }

  /** How often show() is worth calling. */
  get periodMs(): number {
    return this.#progress === 'line' ? 250 : 1000
  }

  show(slice: Slice, moment: Moment): void {
    if (this.#progress === 'json') {
      this.#screen.write(`${JSON.stringify(objectOf(slice, moment))}\n`)
    } else if (this.#progress === 'line') {
      const line = lineOf(slice, moment)
      if (this.#screen.isTTY) this.#writeOver(line)
      else this.#screen.write(`${line}\n`)
    }
  }

  /** The line is finished: what is written next begins at the left. */
  clear(): void {
    if (this.#isOpen) this.#screen.write('\r\x1b[K')
    this.#isOpen = false
  }

  #writeOver(line: string): void {
    const width = (this.#screen.columns ?? 80) - 1
    this.#screen.write(`\r${line.slice(0, width)}\x1b[K`)
    this.#isOpen = true
  }
}
