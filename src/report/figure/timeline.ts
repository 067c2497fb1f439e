// SPDX-License-Identifier: MIT
// The intervals of the runs at one depth, one run after the other, few enough to be drawn.
import type { DepthRuns } from '../spread.ts'

const sliceCountMax = 180

/** Some intervals of a run, as one. */
export interface Slice {
  /** Seconds since the first run at this depth began. */
  readonly from: number
  readonly to: number
  readonly commands: number
  /** Of them, writes; undefined where they are not told from reads. */
  readonly writes: number | undefined
  /** Commands by bin of a quarter of an octave, from 1 ns. */
  readonly bins: ReadonlyMap<number, number>
}

export interface Timeline {
  readonly slices: readonly Slice[]
  /** Seconds at which a run ends and the next begins. */
  readonly seams: readonly number[]
  readonly end: number
}

/** The timeline of a depth; undefined when no run has intervals. */
export function timelineOf({ runs }: DepthRuns): Timeline | undefined {
  const slices: Slice[] = []
  const seams: number[] = []
  const timed = runs.map(({ intervals }) => intervals.filter(({ durationNs }) => durationNs > 0))
  const count = timed.reduce((sum, intervals) => sum + intervals.length, 0)
  if (count === 0) return undefined
  const together = Math.ceil(count / sliceCountMax)
  let start = 0
  for (const intervals of timed) {
    const last = intervals.at(-1)
    if (last === undefined) continue
    if (start > 0) seams.push(start)
    for (let at = 0; at < intervals.length; at += together) {
      const some = intervals.slice(at, at + together)
      const end = some.at(-1) as (typeof some)[number]
      slices.push({
        from: start + (some[0] as typeof end).startNs / 1e9,
        to: start + (end.startNs + end.durationNs) / 1e9,
        commands: some.reduce((sum, { commands }) => sum + commands, 0),
        writes: some.every(({ written }) => written !== undefined)
          ? some.reduce((sum, { written }) => sum + (written?.commands ?? 0), 0)
          : undefined,
        bins: binsOf(some.map(({ bins }) => bins)),
      })
    }
    start += (last.startNs + last.durationNs) / 1e9
  }
  return { slices, seams, end: start }
}

/** The sum of lists of [first bin, counts …]. */
function binsOf(lists: readonly (readonly number[])[]): Map<number, number> {
  const sums = new Map<number, number>()
  for (const [first, ...counts] of lists) {
    counts.forEach((count, i) => {
      const bin = (first as number) + i
      if (count > 0) sums.set(bin, (sums.get(bin) ?? 0) + count)
    })
  }
  return sums
}

/** Where bin `bin` begins, in nanoseconds. */
export const binStart = (bin: number): number => 2 ** (bin / 4)
