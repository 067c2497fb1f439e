// SPDX-License-Identifier: MIT
// `--engine await`: promises. As many movers as the queue is deep each wait for one command; with a
// rate, a command is begun when it is due.

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { AwaitQueuePair, DmaDescriptor, Namespace } from '../../../src/index.ts'
import { Lane, type LanePlace, turnsMax } from './lane.ts'
import type { LoopTiming } from './loop.ts'
import { type QueueSetting, type SharedRun, stopWord } from './setting.ts'

export class AwaitLane extends Lane {
  readonly #pair: AwaitQueuePair
  readonly #namespace: Namespace
  readonly #memory: DmaDescriptor
  /** By slot: what its last command moved, which the next one mostly moves too. */
  readonly #views: (DmaDescriptor | undefined)[] = []
  readonly #viewsAt: Float64Array

  constructor(
    pair: AwaitQueuePair,
    namespace: Namespace,
    memory: DmaDescriptor,
    setting: QueueSetting,
    place: LanePlace,
    shared: SharedRun,
  ) {
    super(setting, pair.depth, place, shared)
    this.#pair = pair
    this.#namespace = namespace
    this.#memory = memory
    this.#viewsAt = new Float64Array(pair.depth)
  }

  get id(): number {
    return this.#pair.id
  }

  get stats() {
    return this.#pair.stats()
  }

  /** A promise-based lane hands each command over as it is made: see move(). */
  fill(): number {
    return 0
  }

  exchange(): number {
    return 0
  }

  /** `listener` is told how many commands a poll has found, before any of them ends. */
  onTaken(listener: (count: number) => void): void {
    this.#pair.engine.onTaken = listener
  }

  /** Draws the next command of `slot`, and moves its data. */
  move(slot: number): Promise<unknown> {
    const byteOffset = this.choose(slot)
    const { source } = this
    const { lba } = source
    const namespace = this.#namespace
    const data = this.#viewOf(slot, byteOffset, source.blockCount * namespace.blockSize)
    this.outstanding++
    return source.isWrite
      ? this.#pair.write({ namespace, lba, from: data })
      : this.#pair.read({ namespace, lba, into: data })
  }

  #viewOf(slot: number, byteOffset: number, byteLength: number): DmaDescriptor {
    const view = this.#views[slot]
    if (view?.byteLength === byteLength && this.#viewsAt[slot] === byteOffset) return view
    const fresh = this.#memory.view(byteOffset, byteLength)
    this.#views[slot] = fresh
    this.#viewsAt[slot] = byteOffset
    return fresh
  }

  /** The command of `slot` has completed. */
  ended(slot: number, now: number): void {
    this.done[0] = slot
    this.record(1, now)
  }
}

/** Runs all lanes to their end. */
export async function runAwaitLanes(
  lanes: readonly AwaitLane[],
  timing: LoopTiming,
): Promise<void> {
  const start = timing.now()
  const run = timing.intervalMs > 0 ? runDue : timing.measures ? runMeasured : runUnmeasured
  await Promise.all(
    lanes.map((lane) => {
      lane.begin(start, start + timing.rampMs)
      return run(lane, timing, start)
    }),
  )
}

/**
 * Ends a command and begins the next of the same slot in one continuation. The continuations of
 * what one poll has found follow each other without a pause, so they get times in even steps
 * between a reading of the clock before them and one after them.
 */
async function runMeasured(lane: AwaitLane, timing: LoopTiming, start: number): Promise<void> {
  const { depth, now: clock, words } = timing
  const end = start + timing.rampMs + timing.runtimeMs
  const { turned } = lane
  let expected = 0
  let settlesAt = 0
  let count = 0
  let stops = false
  const expect = (more: number): void => {
    expected = more
    settlesAt = Math.min(more, turnsMax)
  }
  const settle = (): void => {
    const now = clock()
    lane.turnOver(count, now)
    expect(expected - count)
    count = 0
    stops ||= now >= end || Atomics.load(words, stopWord) !== 0
  }
  lane.onTaken((taken) => {
    if (count > 0) settle()
    expect(taken)
    if (taken > 1) lane.turnFrom(clock())
  })
  const mover = async (slot: number): Promise<void> => {
    lane.started[slot] = start
    while (!stops && lane.blocksLeft > 0) {
      await lane.move(slot)
      turned[count++] = slot
      if (count >= settlesAt) settle()
    }
  }
  await Promise.all(Array.from({ length: depth }, (_, slot) => mover(slot)))
}

async function runUnmeasured(lane: AwaitLane, timing: LoopTiming, start: number): Promise<void> {
  const { depth, now: clock, words } = timing
  const end = start + timing.rampMs + timing.runtimeMs
  let round = 0
  let stops = false
  const mover = async (slot: number): Promise<void> => {
    while (!stops && lane.blocksLeft > 0) {
      await lane.move(slot)
      lane.outstanding--
      if (++round % turnsMax !== 0) continue
      stops ||= clock() >= end || Atomics.load(words, stopWord) !== 0
    }
  }
  await Promise.all(Array.from({ length: depth }, (_, slot) => mover(slot)))
  lane.lastEnd = clock()
}

async function runDue(lane: AwaitLane, timing: LoopTiming, start: number): Promise<void> {
  const { depth, intervalMs, words } = timing
  const clock = timing.now
  const end = start + timing.rampMs + timing.runtimeMs
  const first = start + lane.phaseMs
  const free = Array.from({ length: depth }, (_, slot) => slot)
  const moved: Promise<void>[] = []
  let failure: unknown
  const send = async (slot: number): Promise<void> => {
    try {
      await lane.move(slot)
      lane.ended(slot, clock())
      free.push(slot)
    } catch (error) {
      failure ??= error
    }
  }
  while (failure === undefined && lane.blocksLeft > 0 && Atomics.load(words, stopWord) === 0) {
    const now = clock()
    if (now >= end) break
    const due = Math.floor((now - first) / intervalMs) + 1
    while (lane.filledCount < due && lane.blocksLeft > 0) {
      const slot = free.pop()
      if (slot === undefined) break
      lane.started[slot] = first + lane.filledCount * intervalMs
      moved[slot] = send(slot)
    }
    await nextTurn()
  }
  await Promise.all(moved)
  if (failure !== undefined) throw failure
  lane.endDue(Math.min(clock(), end))
}
