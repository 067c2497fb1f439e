// SPDX-License-Identifier: MIT
// The rows of the tables, and of the saved result: what each round answered, made into spreads.
import { ratiosOf, type Spread, spreadOf } from '../shared/spread.ts'
import { type Disturbance, goalOf, type readers, type Transfer } from './cells.ts'
import type { LatencyAnswer, Quantiles } from './latency.ts'
import type { ReadersAnswer } from './readers.ts'
import { busyThreads, fairness, mebibytesPerSecond } from './reckoning.ts'
import type { TransferAnswer } from './transfers.ts'

export type ReadersCell = (typeof readers)[number]

export interface TransferRow extends Transfer {
  mebibytesPerSecond: Spread
  /** To the machine's copy of the same size in the same round. */
  ratioToCopy: Spread
  goal: number | undefined
  verifiedBytes: number
}

export interface ReadersRow extends ReadersCell {
  /** Threads that want a CPU all the time, and CPUs there are. */
  busyThreads: number
  cpus: number
  oversubscribed: boolean
  /** Of all queues together. */
  millionIops: Spread
  /** What the luckiest queue got to what the unluckiest got: 1 is even. */
  fairness: Spread
  verifiedBytes: number
}

export type QuantileSpreads = Record<keyof Quantiles, Spread>

export interface LatencyRow {
  beside: Disturbance
  millionIops: Spread
  callerUs: QuantileSpreads
  queueUs: QuantileSpreads
  latenessUs: QuantileSpreads | undefined
  collectionsPerSecond: Spread
  garbageMegabytesPerSecond: Spread
  verifiedBytes: number
}

const sumOf = (answers: readonly { verifiedBytes: number }[]): number =>
  answers.reduce((sum, { verifiedBytes }) => sum + verifiedBytes, 0)

/** `copyNs`: of one copy as large, one value a round. */
export function transferRow(
  transfer: Transfer,
  answers: readonly TransferAnswer[],
  copyNs: readonly number[],
): TransferRow {
  const { byteLength } = transfer
  const rates = answers.map(({ transfers, ns }) => mebibytesPerSecond(transfers * byteLength, ns))
  const copyRates = copyNs.map((ns) => mebibytesPerSecond(byteLength, ns))
  return {
    ...transfer,
    mebibytesPerSecond: spreadOf(rates),
    ratioToCopy: ratiosOf(rates, copyRates),
    goal: goalOf(transfer),
    verifiedBytes: sumOf(answers),
  }
}

export function readersRow(
  cell: ReadersCell,
  answers: readonly ReadersAnswer[],
  cpus: number,
): ReadersRow {
  const busy = busyThreads(cell.threads, cell.queues)
  const rateOf = ({ counts, ns }: ReadersAnswer): number =>
    (counts.reduce((sum, count) => sum + count, 0) / ns) * 1000
  return {
    ...cell,
    busyThreads: busy,
    cpus,
    oversubscribed: busy > cpus,
    millionIops: spreadOf(answers.map(rateOf)),
    fairness: spreadOf(answers.map(({ counts }) => fairness(counts))),
    verifiedBytes: sumOf(answers),
  }
}

export function latencyRow(beside: Disturbance, answers: readonly LatencyAnswer[]): LatencyRow {
  const perSecond = (amountOf: (answer: LatencyAnswer) => number): Spread =>
    spreadOf(answers.map((answer) => amountOf(answer) / (answer.ns / 1e9)))
  const lateness = answers.map((answer) => answer.lateness).filter((late) => late !== undefined)
  return {
    beside,
    millionIops: perSecond(({ commands }) => commands / 1e6),
    callerUs: spreadsOf(answers.map(({ caller }) => caller)),
    queueUs: spreadsOf(answers.map(({ queue }) => queue)),
    latenessUs: lateness.length === 0 ? undefined : spreadsOf(lateness),
    collectionsPerSecond: perSecond(({ collections }) => collections),
    garbageMegabytesPerSecond: perSecond(({ garbageBytes }) => garbageBytes / 1e6),
    verifiedBytes: sumOf(answers),
  }
}

function spreadsOf(rounds: readonly Quantiles[]): QuantileSpreads {
  const spread = (name: keyof Quantiles): Spread => spreadOf(rounds.map((round) => round[name]))
  return { p50: spread('p50'), p99: spread('p99'), p999: spread('p999'), max: spread('max') }
}
