// SPDX-License-Identifier: MIT
// The loop that measures, on a clock that the test moves and lanes that complete when it says.
import { describe, expect, test } from 'vitest'
import { Lane } from '../../../benchmarks/latency/commands/lane.ts'
import { type LoopTiming, runLanes } from '../../../benchmarks/latency/commands/loop.ts'
import {
  measuredOf,
  type SharedRun,
  shareRun,
} from '../../../benchmarks/latency/commands/setting.ts'

const whole = 2 ** 32
const msPerCommand = 0.001

/** Time passes when a lane hands something over, and a little with each reading. */
class FakeClock {
  nowMs = 1000
  readings = 0
  readonly now = (): number => {
    this.readings++
    this.nowMs += 1e-6
    return this.nowMs
  }
}

/** Completes one command after the other, each after `serviceMs`. */
class FakeLane extends Lane {
  readonly id = 1
  readonly stats = { direct: 0, bounce: 0, p2p: 0, doorbells: 0 }
  readonly #clock: FakeClock
  readonly #serviceMs: (number: number) => number
  readonly #sent: number[] = []
  readonly #free: number[]
  #busyUntil = 0
  #completed = 0

  constructor(
    clock: FakeClock,
    shared: SharedRun,
    depth: number,
    serviceMs: (number: number) => number,
    blocks = Number.POSITIVE_INFINITY,
    phaseMs = 0,
  ) {
    const sizes = [{ blockCount: 1, below: whole }]
    const range = { offset: 0, blockCount: 1000, random: false, inTurn: false, writesBelow: 0 }
    const source = { ...range, sizes, seed: 0, stream: 0 }
    const place = { blockSize: 512, slotBytes: 512, firstLba: 0 }
    super({ index: 0, source, blocks, phaseMs }, depth, place, shared)
    this.#clock = clock
    this.#serviceMs = serviceMs
    this.#free = Array.from({ length: depth }, (_, i) => i)
  }

  fill(count: number): number {
    let done = 0
    while (done < count && this.blocksLeft > 0) {
      const slot = this.#free.shift() as number
      this.choose(slot)
      this.#sent.push(slot)
      this.filled[done++] = slot
    }
    this.outstanding += done
    return done
  }

  exchange(waits: boolean): number {
    const clock = this.#clock
    const begins = Math.max(this.#busyUntil, clock.nowMs)
    if (this.#busyUntil === 0) this.#busyUntil = begins + this.#serviceMs(this.#completed)
    if (waits) clock.nowMs = Math.max(clock.nowMs, this.#busyUntil)
    else clock.nowMs += 0.0001
    if (this.#busyUntil > clock.nowMs) return 0
    const slot = this.#sent.shift() as number
    this.#free.push(slot)
    this.done[0] = slot
    this.#completed++
    const next = this.#serviceMs(this.#completed)
    this.#busyUntil = this.#sent.length > 0 ? clock.nowMs + next : 0
    return 1
  }
}

const timingOf = (clock: FakeClock, shared: SharedRun, more: Partial<LoopTiming>): LoopTiming => ({
  depth: 1,
  runtimeMs: 10,
  rampMs: 0,
  intervalMs: 0,
  measures: true,
  timeoutMs: 1000,
  words: shared.words,
  now: clock.now,
  ...more,
})

function run(
  more: Partial<LoopTiming>,
  serviceMs: (number: number) => number,
  blocks?: number,
  phaseMs?: number,
) {
  const clock = new FakeClock()
  const shared = shareRun(1)
  const lane = new FakeLane(clock, shared, more.depth ?? 1, serviceMs, blocks, phaseMs)
  runLanes([lane], timingOf(clock, shared, more))
  return { clock, lane, latency: measuredOf(shared, 0, 0), bytes: shared.bytes[0] }
}

describe('as many as can', () => {
  test('a command takes from its doorbell to when it was found', () => {
    const { lane, latency, bytes } = run({}, () => msPerCommand)
    expect(latency.mean).toBeCloseTo(1000, -2)
    expect(latency.count).toBe(lane.filledCount)
    expect(latency.count).toBeGreaterThan(9000)
    expect(bytes).toBe(512 * latency.count)
  })

  test('of a deep queue a reading serves eight commands, and none is measured too short', () => {
    const depth = 64
    const { clock, latency } = run({ depth }, () => msPerCommand / 5)
    expect(clock.readings).toBeLessThan(latency.count / 4)
    expect(latency.mean).toBeCloseTo(200 * depth, -4)
    expect(latency.quantile(0.5)).toBeGreaterThan(0.9 * 200 * depth)
    expect(latency.quantile(0.99)).toBeLessThan(1.2 * 200 * depth)
  })

  test.each([1, 3, 10, 40])('where a command takes %i µs, its latency is no longer', (us) => {
    const depth = 32
    const { latency } = run({ depth, runtimeMs: 100 }, () => us * msPerCommand)
    // No more than `depth` are outstanding (Little's law), and nothing is too short.
    expect(latency.mean).toBeLessThan(1.04 * us * 1000 * depth)
    expect(latency.quantile(0.5)).toBeGreaterThan(0.9 * us * 1000 * depth)
  })

  test('a pause makes no command of a deep queue shorter than it was', () => {
    const depth = 32
    const pausedMs = 5
    const { latency } = run({ depth }, (number) => (number === 3000 ? pausedMs : msPerCommand))
    // All that were outstanding then, and the one that took so long, have the pause.
    const late = [...latency.steps()].filter(({ fromNs }) => fromNs >= 0.99e6 * pausedMs)
    expect(late.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThanOrEqual(depth)
    expect(latency.quantile(0.01)).toBeGreaterThan(0.5 * 1000 * depth)
  })

  test('what completes during the ramp does not count', () => {
    const all = run({ runtimeMs: 10 }, () => msPerCommand).latency.count
    const { latency, lane } = run({ runtimeMs: 5, rampMs: 5 }, () => msPerCommand)
    expect(latency.count).toBeCloseTo(all / 2, -3)
    expect(lane.lastEnd - lane.countsFrom).toBeCloseTo(5, 1)
  })

  test('a number of blocks ends it, with nothing left outstanding', () => {
    const { lane, latency } = run({ depth: 32, runtimeMs: Infinity }, () => msPerCommand, 100)
    expect(latency.count).toBe(100)
    expect(lane.outstanding).toBe(0)
  })

  test('measuring or not, as many commands run', () => {
    const { lane, latency } = run({ measures: false }, () => msPerCommand)
    expect(latency.count).toBe(0)
    expect(lane.filledCount).toBeGreaterThan(9000)
  })
})

describe('at a rate', () => {
  test('a run lasts as long as it was to, however few commands were due', () => {
    const { latency, lane } = run({ intervalMs: 6 }, () => msPerCommand)
    expect(latency.count).toBe(2)
    expect(lane.lastEnd - lane.countsFrom).toBeCloseTo(10, 1)
  })

  test('commands begin when they are due', () => {
    const { latency, lane } = run({ depth: 8, intervalMs: 0.01 }, () => msPerCommand)
    expect(lane.filledCount).toBeCloseTo(1000, -1)
    expect(latency.mean).toBeLessThan(1500)
  })

  test('its first command comes after the phase of its queue', () => {
    const { latency, lane } = run({ intervalMs: 6 }, () => msPerCommand, undefined, 5)
    expect(latency.count).toBe(1)
    expect(lane.lastEnd - lane.countsFrom).toBeCloseTo(10, 1)
  })

  test('a pause counts for every command that was due in it, and not for one alone', () => {
    const pausedMs = 4
    const intervalMs = 0.01
    const service = (number: number) => (number === 300 ? pausedMs : msPerCommand)
    const { latency } = run({ depth: 1, intervalMs, runtimeMs: 20 }, service)
    const due = pausedMs / intervalMs
    const late = [...latency.steps()].filter(({ fromNs }) => fromNs > 1e6)
    const count = late.reduce((sum, each) => sum + each.count, 0)
    // Those in the first three of the four milliseconds waited for longer than one.
    expect(count).toBeGreaterThan(0.6 * due)
    expect(latency.max).toBeGreaterThan(1e6 * pausedMs)
  })
})

test('a lane that never completes anything is an error, and no hang', () => {
  const clock = new FakeClock()
  const shared = shareRun(2)
  const lanes = [0, 1].map(() => new FakeLane(clock, shared, 1, () => 1e9))
  const timing = timingOf(clock, shared, { runtimeMs: 1e6, timeoutMs: 0.5 })
  expect(() => runLanes(lanes, timing)).toThrow(/nothing within 0.5 ms/)
})
