// SPDX-License-Identifier: MIT
// The loop of a thread that polls: it keeps each of its lanes full, or sends what is due.
//
// A reading of the clock costs as much as a tenth of a small command. At a low depth it is read
// before each doorbell and after each look that found something. Of a deep queue, up to eight
// commands share a reading: lane.ts says how they get times of their own.

import { createError } from '../../../src/errors.ts'
import type { Lane } from './lane.ts'
import { stopWord } from './setting.ts'

/** How long a run of one thread takes, and who may end it. */
export interface LoopTiming {
  readonly depth: number
  readonly runtimeMs: number
  readonly rampMs: number
  readonly intervalMs: number
  readonly measures: boolean
  readonly timeoutMs: number
  /** `stopWord` of it ends the run. */
  readonly words: Int32Array
  /** Milliseconds, of any epoch. */
  readonly now: () => number
}

/** Depths from here on share readings of the clock. */
const deepFrom = 32
const roundsPerClock = 64

/** Runs all lanes to their end, and what is outstanding then; throws when nothing completes. */
export function runLanes(lanes: readonly Lane[], timing: LoopTiming): void {
  const { now, rampMs } = timing
  const start = now()
  for (const lane of lanes) {
    lane.begin(start, start + rampMs)
  }
  if (timing.intervalMs > 0) runDue(lanes, timing, start)
  else runFull(lanes, timing, start)
}

function runFull(lanes: readonly Lane[], timing: LoopTiming, start: number): void {
  const { depth, measures, words } = timing
  const clock = timing.now
  const end = start + timing.rampMs + timing.runtimeMs
  const waits = lanes.length === 1
  const turn = measures ? (depth < deepFrom ? turnExactly : turnHeld) : turnUnmeasured
  let now = start
  let heardAt = start
  let live = lanes.length
  for (let round = 0; live > 0; round++) {
    const ends = now >= end || Atomics.load(words, stopWord) !== 0
    live = 0
    for (const lane of lanes) {
      const filled = ends ? 0 : lane.fill(depth - lane.outstanding)
      if (lane.outstanding === 0) continue
      live++
      const read = turn(lane, filled, waits, clock)
      if (read !== 0) {
        now = read
        heardAt = read
      }
    }
    if (round % roundsPerClock !== 0 || (waits && measures)) continue
    now = clock()
    if (!measures) heardAt = now
    refuseSilence(lanes, now - heardAt, timing.timeoutMs)
  }
  if (!measures) for (const lane of lanes) lane.lastEnd = clock()
}

/** One turn of a lane; returns the reading of the clock, or 0 when there was none. */
type Turn = (lane: Lane, filled: number, waits: boolean, clock: () => number) => number

const turnExactly: Turn = (lane, filled, waits, clock) => {
  if (filled > 0) {
    const began = clock()
    for (let i = 0; i < filled; i++) lane.started[lane.filled[i] as number] = began
  }
  const count = lane.exchange(waits)
  if (count === 0) return 0
  const ended = clock()
  lane.record(count, ended)
  return ended
}

const turnHeld: Turn = (lane, filled, waits, clock) => {
  const count = lane.exchange(waits)
  if (filled === 0 && count === 0) return 0
  // Nothing stays held when the last commands have completed.
  if (!lane.hold(filled, count) && lane.outstanding > 0) return 0
  const now = clock()
  lane.settle(now)
  return now
}

const turnUnmeasured: Turn = (lane, _filled, waits) => {
  lane.outstanding -= lane.exchange(waits)
  return 0
}

/**
 * Commands begin when they are due, whether those before them have completed or not; the latency of
 * one that found no room begins then too.
 */
function runDue(lanes: readonly Lane[], timing: LoopTiming, start: number): void {
  const { depth, intervalMs, words } = timing
  const clock = timing.now
  const end = start + timing.rampMs + timing.runtimeMs
  let now = start
  let heardAt = start
  for (let live = lanes.length; live > 0; ) {
    const ends = now >= end || Atomics.load(words, stopWord) !== 0
    live = 0
    for (const lane of lanes) {
      const first = start + lane.phaseMs
      const due = Math.floor((now - first) / intervalMs) + 1 - lane.filledCount
      const begun = lane.filledCount
      const room = Math.min(due, depth - lane.outstanding)
      const filled = ends || room <= 0 ? 0 : lane.fill(room)
      for (let i = 0; i < filled; i++) {
        lane.started[lane.filled[i] as number] = first + (begun + i) * intervalMs
      }
      if (!ends && lane.blocksLeft > 0) live++
      if (lane.outstanding === 0) continue
      live++
      const count = lane.exchange(false)
      if (count === 0) continue
      now = clock()
      lane.record(count, now)
      heardAt = now
    }
    now = clock()
    if (lanes.every(({ outstanding }) => outstanding === 0)) heardAt = now
    refuseSilence(lanes, now - heardAt, timing.timeoutMs)
  }
  for (const lane of lanes) lane.endDue(Math.min(now, end))
}

function refuseSilence(lanes: readonly Lane[], silentMs: number, timeoutMs: number): void {
  if (silentMs < timeoutMs || lanes.every(({ outstanding }) => outstanding === 0)) return
  const ids = lanes.map(({ id }) => id).join(', ')
  throw createError('ERR_TIMEOUT', `nothing within ${timeoutMs} ms on queue pairs ${ids}`)
}
