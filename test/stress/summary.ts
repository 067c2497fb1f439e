// SPDX-License-Identifier: MIT
// What a run of the stress comes to, in figures and in words.
import { killClasses } from './client.ts'
import type { ManagersResult } from './managers.ts'
import type { Kill, Progress, StressResult } from './stress.ts'

/** In milliseconds. */
export interface Times {
  readonly min: number
  readonly median: number
  readonly p99: number
  readonly max: number
  /** How many were more than 100. */
  readonly late: number
}

export interface ClassSummary {
  readonly class: string
  readonly kills: number
  /** The least that one of its kills had. */
  readonly inFlightMin: number
  readonly verifiedMin: number
  readonly reclaimMs: Times
}

export interface StressSummary extends Progress {
  readonly clean: boolean
  readonly seconds: number
  readonly errors: readonly string[]
  readonly classes: readonly ClassSummary[]
  readonly nodeKills: number
  /** From the signal until the process had ended. */
  readonly diedMs: Times
  /** From the signal until the manager had taken back what the client had. */
  readonly reclaimMs: Times
  readonly holdings: StressResult['holdings']
}

const goalMs = 100

export function timesOf(values: readonly number[]): Times {
  const sorted = [...values].sort((a, b) => a - b)
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
    reclaimMs: timesOf(kills.map(({ reclaimMs }) => reclaimMs)),
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
    diedMs: timesOf(killed.map(({ diedMs }) => diedMs)),
    reclaimMs: timesOf(killed.map(({ reclaimMs }) => reclaimMs)),
  }
}

export function summariseManagers({ killed, ...rest }: ManagersResult) {
  const classes = killClasses.map((name) => {
    const kills = killed.filter((kill) => kill.class === name)
    const inFlightMin = Math.min(...kills.map(({ inFlight }) => inFlight))
    return { class: name, kills: kills.length, inFlightMin }
  })
  const comeMs = timesOf(killed.map((kill) => kill.comeMs))
  return { kills: killed.length, ...rest, classes, comeMs }
}

const grouped = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ' ')

export const progressLine = ({ kills, verified, lost, wrong, leaked }: Progress): string =>
  `kills ${kills}, verified ${grouped(verified)} blocks, lost ${lost}, wrong ${wrong}, leaked ${leaked}`

const timesText = ({ min, median, p99, max, late }: Times): string => {
  const [least, middle, high, most] = [min, median, p99, max].map((each) => each.toFixed(1))
  return `median ${middle}, p99 ${high} (${least}–${most}) ms; ${late} times more than ${goalMs}`
}

export function summaryText(summary: StressSummary): string {
  const { classes, errors, nodeKills, diedMs, reclaimMs, holdings, seconds } = summary
  return [
    progressLine(summary),
    `${seconds.toFixed(0)} s; ${nodeKills} of the killed were Node; errors of survivors: ${errors.length}`,
    ...errors.map((error) => `  ${error}`),
    ...classes.map(
      ({ class: name, kills, inFlightMin, verifiedMin, reclaimMs }) =>
        `  ${name.padEnd(12)} ${String(kills).padStart(5)} kills, each with at least ${inFlightMin} in flight and ${grouped(verifiedMin)} verified, taken back after ${timesText(reclaimMs)}`,
    ),
    `after the signal, the process had ended: ${timesText(diedMs)}`,
    `  and what it had was taken back:        ${timesText(reclaimMs)}`,
    `the manager held before: ${JSON.stringify(holdings.before)}`,
    `                  after: ${JSON.stringify(holdings.after)}`,
  ].join('\n')
}
