// SPDX-License-Identifier: MIT
// The figures of a result over its runs: every table and every picture takes them from here.
import { beyondOf, rankOf } from '../histogram.ts'
import type { BenchResult, Direction, DirectionResult, RunResult } from './result.ts'
import { percentileName } from './units.ts'

export const directions: readonly Direction[] = ['read', 'write']

/** A figure over runs. */
export interface Spread {
  readonly mean: number
  /** Standard deviation of the sample (n − 1); 0 with one run. */
  readonly deviation: number
  readonly min: number
  readonly max: number
  readonly count: number
}

/** The spread of `values`, which is not empty. */
export function spreadOf(values: readonly number[]): Spread {
  const count = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const deviation = count > 1 ? Math.sqrt(squares / (count - 1)) : 0
  return { mean, deviation, min: Math.min(...values), max: Math.max(...values), count }
}

/** The runs of one depth. */
export interface DepthRuns {
  readonly depth: number
  readonly runs: readonly RunResult[]
}

/**
 * The runs by depth, in ascending order. Runs without any command are left out, and one that was
 * interrupted where there are whole ones: it says something else than they do.
 */
export function runsByDepth(result: BenchResult): DepthRuns[] {
  const groups = new Map<number, RunResult[]>()
  for (const run of result.runs) {
    if (directions.every((direction) => commandsOf(run, direction) === 0)) continue
    groups.set(run.depth, [...(groups.get(run.depth) ?? []), run])
  }
  const whole = (runs: readonly RunResult[]): readonly RunResult[] => {
    const ended = runs.filter(({ interrupted }) => interrupted !== true)
    return ended.length > 0 ? ended : runs
  }
  return [...groups]
    .map(([depth, runs]) => ({ depth, runs: whole(runs) }))
    .sort((a, b) => a.depth - b.depth)
}

const commandsOf = (run: RunResult, direction: Direction): number => run[direction]?.commands ?? 0

/** What `direction` did in each of `runs` in which it did something. */
export function directionResults(
  runs: readonly RunResult[],
  direction: Direction,
): DirectionResult[] {
  return runs.flatMap((run) => {
    const result = run[direction]
    return result === undefined || result.commands === 0 ? [] : [result]
  })
}

/** The directions in which commands were done. */
export const directionsOf = (runs: readonly RunResult[]): Direction[] =>
  directions.filter((direction) => directionResults(runs, direction).length > 0)

/** One row of a table: a figure of one direction at one depth, over its runs. */
export interface Figure {
  /** 'IOPS', 'mean', 'p99.9'. */
  readonly name: string
  readonly unit: '' | 'MiB/s' | 'µs'
  /** Whether more is better. */
  readonly higherIsBetter: boolean
  readonly spread: Spread
}

/** All figures of a direction; none when it did not happen. Latencies are in microseconds. */
export function figuresOf(runs: readonly RunResult[], direction: Direction): Figure[] {
  const results = directionResults(runs, direction)
  if (results.length === 0) return []
  const throughput = (name: string, unit: Figure['unit'], of: (r: DirectionResult) => number) => {
    return { name, unit, higherIsBetter: true, spread: spreadOf(results.map(of)) }
  }
  const latency = (name: string, ofNs: (r: DirectionResult) => number): Figure => {
    const values = results.map((result) => ofNs(result) / 1000)
    return { name, unit: 'µs', higherIsBetter: false, spread: spreadOf(values) }
  }
  return [
    throughput('IOPS', '', (r) => r.iops),
    throughput('throughput', 'MiB/s', (r) => r.mibPerSecond),
    latency('min', (r) => r.latency.min),
    latency('mean', (r) => r.latency.mean),
    latency('deviation', (r) => r.latency.deviation),
    ...commonPercents(results).map((percent) =>
      latency(percentileName(percent), (r) => percentileNs(r, percent)),
    ),
    latency('max', (r) => r.latency.max),
  ]
}

/** Percentiles that all of `results` name. */
function commonPercents(results: readonly DirectionResult[]): number[] {
  const [first, ...others] = results.map((r) => r.latency.percentiles.map((p) => p.percent))
  return (first ?? []).filter((percent) => others.every((list) => list.includes(percent)))
}

const beyondMin = 10

/**
 * Which percentiles say little, as in some run fewer than ten commands lie beyond them: a line for
 * the depths of a direction that have the same ones.
 */
export function thinNotes(result: BenchResult): string[] {
  const groups = runsByDepth(result)
  return directions.flatMap((direction) => {
    const depthsOf = new Map<string, number[]>()
    for (const { depth, runs } of groups) {
      const thin = thinPercentiles(directionResults(runs, direction))
      if (thin !== '') depthsOf.set(thin, [...(depthsOf.get(thin) ?? []), depth])
    }
    return [...depthsOf].map(([thin, depths]) => {
      const where = `${direction}, depth ${depths.join(', ')}`
      return `(${where}: ${thin} rest on fewer than ${beyondMin} commands)`
    })
  })
}

/** 'p1 and below, p99.9 and above'; empty where all percentiles have enough. */
function thinPercentiles(results: readonly DirectionResult[]): string {
  const fewest = Math.min(...results.map(({ commands }) => commands))
  const thin = commonPercents(results).filter((p) => beyondOf(p, fewest) < beyondMin)
  const low = thin.findLast((percent) => percent < 50)
  const high = thin.find((percent) => percent >= 50)
  return [
    ...(low === undefined ? [] : [`${percentileName(low)} and below`]),
    ...(high === undefined ? [] : [`${percentileName(high)} and above`]),
  ].join(', ')
}

const percentileNs = (result: DirectionResult, percent: number): number =>
  result.latency.percentiles.find((p) => p.percent === percent)?.ns ?? 0

/**
 * The latencies in nanoseconds that `fractions` (ascending, from 0 to 1) of the commands of a
 * histogram do not exceed: the ends of their steps, and no more than the maximum.
 */
export function quantiles(
  { steps, max }: DirectionResult['latency'],
  fractions: readonly number[],
): number[] {
  const total = steps.reduce((sum, [, , count]) => sum + count, 0)
  let at = 0
  let seen = steps[0]?.[2] ?? 0
  return fractions.map((fraction) => {
    const rank = rankOf(fraction, total)
    while (seen < rank && at < steps.length - 1) {
      at++
      seen += steps[at]?.[2] ?? 0
    }
    return Math.min(steps[at]?.[1] ?? max, max)
  })
}
