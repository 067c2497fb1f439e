// SPDX-License-Identifier: MIT
// How commands behind promises are measured, on a clock that the test moves and a queue pair that
// completes what a poll is to find.

import { expect, test } from 'vitest'
import { AwaitLane, runAwaitLanes } from '../../../benchmarks/latency/commands/await-lane.ts'
import { measuredOf, shareRun } from '../../../benchmarks/latency/commands/setting.ts'
import type { AwaitQueuePair, DmaDescriptor, Namespace } from '../../../src/index.ts'

const whole = 2 ** 32
const continuationMs = 0.0002

class FakeClock {
  nowMs = 1000
  readings = 0
  readonly now = (): number => {
    this.readings++
    return this.nowMs
  }
}

/** Completes half of what is outstanding with each poll; whoever moves a command takes time. */
class FakePair {
  readonly id = 1
  readonly engine: { onTaken?: (count: number) => void } = {}
  readonly depth: number
  readonly #clock: FakeClock
  readonly #outstanding: (() => void)[] = []

  constructor(depth: number, clock: FakeClock) {
    this.depth = depth
    this.#clock = clock
  }

  stats = () => ({ direct: 0, bounce: 0, p2p: 0, doorbells: 0 })

  read(): Promise<void> {
    this.#clock.nowMs += continuationMs
    return new Promise((resolve) => this.#outstanding.push(resolve))
  }

  /** Polls until nothing is outstanding any more; `pauseMs` passes before each poll. */
  async pollUntilIdle(pauseMs: (poll: number) => number): Promise<void> {
    for (let poll = 0; this.#outstanding.length > 0; poll++) {
      this.#clock.nowMs += pauseMs(poll)
      const taken = this.#outstanding.splice(0, Math.ceil(this.#outstanding.length / 2))
      this.engine.onTaken?.(taken.length)
      for (const resolve of taken) resolve()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

async function run(depth: number, pauseMs: (poll: number) => number) {
  const clock = new FakeClock()
  const shared = shareRun(1)
  const pair = new FakePair(depth, clock)
  const sizes = [{ blockCount: 1, below: whole }]
  const range = { offset: 0, blockCount: 1000, random: true, inTurn: false, writesBelow: 0 }
  const source = { ...range, sizes, seed: 0, stream: 0 }
  const lane = new AwaitLane(
    pair as unknown as AwaitQueuePair,
    { id: 1, blockSize: 512 } as unknown as Namespace,
    { view: (_: number, byteLength: number) => ({ byteLength }) } as unknown as DmaDescriptor,
    { index: 0, source, blocks: Number.POSITIVE_INFINITY, phaseMs: 0 },
    { blockSize: 512, slotBytes: 512, firstLba: 0 },
    shared,
  )
  const timing = { depth, runtimeMs: 50, rampMs: 0, intervalMs: 0, timeoutMs: 1000 }
  const ended = runAwaitLanes([lane], {
    ...timing,
    measures: true,
    words: shared.words,
    now: clock.now,
  })
  await pair.pollUntilIdle(pauseMs)
  await ended
  return { clock, lane, latency: measuredOf(shared, 0, 0), bytes: shared.bytes[0] as number }
}

/** Mean latency × commands a time: how many were outstanding on average. */
const outstandingOf = ({ lane, latency }: Awaited<ReturnType<typeof run>>): number =>
  (latency.mean * latency.count) / (1e6 * (lane.lastEnd - lane.countsFrom))

test.each([1, 8, 32, 128])(
  'at depth %i as many are outstanding as the queue is deep',
  async (n) => {
    const ran = await run(n, () => 0.001)
    expect(outstandingOf(ran) / n).toBeGreaterThan(0.99)
    expect(outstandingOf(ran) / n).toBeLessThan(1.0001)
    expect(ran.bytes).toBe(512 * ran.latency.count)
  },
)

test('time between polls is in a latency once for each outstanding command', async () => {
  const depth = 32
  const pausedMs = 0.4
  const ran = await run(depth, (poll) => (poll % 20 === 19 ? pausedMs : 0.001))
  expect(outstandingOf(ran) / depth).toBeLessThan(1.0001)
  const pauses = Math.floor(ran.clock.nowMs - 1000) / (pausedMs + 19 * 0.001 + 320 * continuationMs)
  const late = [...ran.latency.steps()].filter(({ fromNs }) => fromNs >= 0.99e6 * pausedMs)
  const count = late.reduce((sum, each) => sum + each.count, 0)
  expect(count / depth / pauses).toBeCloseTo(1, 1)
})

test('two readings of the clock serve all that one poll has found', async () => {
  const { clock, latency } = await run(128, () => 0.001)
  expect(clock.readings).toBeLessThan(latency.count / 16)
})
