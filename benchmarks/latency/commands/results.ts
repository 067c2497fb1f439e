// SPDX-License-Identifier: MIT
// From the histograms of a run to its result.

import { beyondOf, Histogram } from '../../../src/histogram.ts'
import type {
  DirectionResult,
  Interval,
  LatencyResult,
  ProcessUse,
  QueueResult,
  RunResult,
} from '../../../src/report/result.ts'
import { measuredOf, type QueueOutcome, type SharedRun } from './setting.ts'

/** What one direction of one queue, or of all, came to; undefined when it did not happen. */
function directionOf(
  latency: Histogram,
  bytes: number,
  durationNs: number,
  percents: readonly number[],
): DirectionResult | undefined {
  if (latency.count === 0) return undefined
  const seconds = durationNs / 1e9
  return {
    commands: latency.count,
    bytes,
    iops: latency.count / seconds,
    mibPerSecond: bytes / 2 ** 20 / seconds,
    latency: latencyOf(latency, percents),
  }
}

function latencyOf(latency: Histogram, percents: readonly number[]): LatencyResult {
  return {
    min: latency.min,
    mean: latency.mean,
    max: latency.max,
    deviation: latency.deviation,
    percentiles: percents.map((percent) => ({
      percent,
      ns: latency.quantile(percent / 100),
      beyond: beyondOf(percent, latency.count),
    })),
    steps: Array.from(latency.steps(), ({ fromNs, toNs, count }) => [fromNs, toNs, count] as const),
  }
}

const named = (read: DirectionResult | undefined, write: DirectionResult | undefined) => ({
  ...(read === undefined ? {} : { read }),
  ...(write === undefined ? {} : { write }),
})

/** The result of one run, when its threads have ended. */
export function resultOfRun(
  shared: SharedRun,
  outcomes: readonly QueueOutcome[],
  about: {
    readonly depth: number
    readonly run: number
    readonly interrupted: boolean
    readonly percents: readonly number[]
    readonly intervals: readonly Interval[]
    readonly process?: ProcessUse
  },
): RunResult {
  const { percents } = about
  const durationNs = Math.round(Math.max(0, ...outcomes.map((outcome) => outcome.durationNs)))
  const totals = [new Histogram(), new Histogram()] as const
  const bytes: [number, number] = [0, 0]
  const queues = [...outcomes]
    .sort((a, b) => a.index - b.index)
    .map((outcome): QueueResult => {
      const of = (which: 0 | 1) => {
        const latency = measuredOf(shared, outcome.index, which)
        const moved = shared.bytes[2 * outcome.index + which] as number
        totals[which].merge(latency)
        bytes[which] += moved
        return directionOf(latency, moved, outcome.durationNs, percents)
      }
      return {
        id: outcome.id,
        thread: outcome.thread,
        ...named(of(0), of(1)),
        paths: { direct: outcome.direct, bounce: outcome.bounce, p2p: outcome.p2p },
        doorbells: outcome.doorbells,
      }
    })
  const read = directionOf(totals[0], bytes[0], durationNs, percents)
  const write = directionOf(totals[1], bytes[1], durationNs, percents)
  const { depth, run, intervals, process } = about
  const early = about.interrupted ? { interrupted: true } : {}
  const used = process === undefined ? {} : { process }
  return { depth, run, ...early, durationNs, ...named(read, write), ...used, queues, intervals }
}
