// SPDX-License-Identifier: MIT
// What a run of the stress comes to, in figures and in words.
import { killClasses } from './client.ts'
import type { Kill, Progress, StressResult } from './stress.ts'

/** In milliseconds, from the signal until the manager has taken back what the client had. */
export interface ReclaimTimes {
  readonly min: number
  readonly median: number
  readonly p99: number
  readonly max: number
  /** Of the kills, those that took more than 100 ms. */
  readonly late: number
}

export interface ClassSummary {
  readonly class: string
  readonly kills: number
  /** The least that one of its kills had. */
  readonly inFlightMin: number
  readonly verifiedMin: number
}

export interface StressSummary extends Progress {
  readonly clean: boolean
  readonly seconds: number
  readonly errors: readonly string[]
  readonly classes: readonly ClassSummary[]
  readonly nodeKills: number
  readonly reclaimMs: ReclaimTimes
  readonly holdings: StressResult['holdings']
}

const goalMs = 100

export function reclaimTimes(kills: readonly Kill[]): ReclaimTimes {
  const sorted = kills.map(({ reclaimMs }) => reclaimMs).sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN
  const late = sorted.filter((each) => each > goalMs).length
  return { min: sorted[0] ?? Number.NaN, median: at(0.5), p99: at(0.99), max: at(1), late }
}

function summariseClass(name: string, kills: readonly Kill[]): ClassSummary {
  return {
    class: name,
    kills: kills.length,
    inFlightMin: Math.min(...kills.map(({ inFlight }) => inFlight)),
    verifiedMin: Math.min(...kills.map(({ verified }) => verified)),
  }
}

/** Kills between two phases have a row of their own, where there are any. */
export function summarise(result: StressResult): StressSummary {
  const { killed, lost, wrong, leaked, errors, ...rest } = result
  const classes = [...killClasses, undefined].map((each) =>
    summariseClass(
      each ?? 'changing',
      killed.filter((kill) => kill.class === each),
    ),
  )
  return {
    ...{ ...rest, lost, wrong, leaked, errors },
    clean: lost + wrong + leaked + errors.length === 0,
    classes: classes.filter(({ kills }) => kills > 0),
    nodeKills: killed.filter(({ kind }) => kind === 'node').length,
    reclaimMs: reclaimTimes(killed),
  }
}

const grouped = (count: number): string =>
  String(count).replace(/\B(?=(\d{3})+$)/g, ' ')

export const progressLine = ({ kills, verified, lost, wrong, leaked }: Progress): string =>
  `kills ${kills}, verified ${grouped(verified)} blocks, lost ${lost}, wrong ${wrong}, leaked ${leaked}`

const milliseconds = (value: number): string => value.toFixed(1)

export function summaryText(summary: StressSummary): string {
  const { classes, errors, nodeKills, reclaimMs, holdings, seconds } = summary
  const { min, median, p99, max, late } = reclaimMs
  return [
    progressLine(summary),
    `${seconds.toFixed(0)} s; ${nodeKills} of the killed were Node; errors of survivors: ${errors.length}`,
    ...errors.map((error) => `  ${error}`),
    ...classes.map(
      ({ class: name, kills, inFlightMin, verifiedMin }) =>
        `  ${name.padEnd(12)} ${String(kills).padStart(5)} kills, each with at least ${inFlightMin} in flight and ${grouped(verifiedMin)} verified`,
    ),
    `taken back after ${milliseconds(min)} to ${milliseconds(max)} ms, median ${milliseconds(median)}, p99 ${milliseconds(p99)}; ${late} after more than ${goalMs} ms`,
    `the manager held before: ${JSON.stringify(holdings.before)}`,
    `                  after: ${JSON.stringify(holdings.after)}`,
  ].join('\n')
}
