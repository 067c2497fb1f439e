// SPDX-License-Identifier: MIT
// The rows of the tables, and of the saved result.
import { availableParallelism } from 'node:os'
import { fairness } from '../loads/reckoning.ts'
import { ratiosOf, type Spread, spreadOf } from '../shared/spread.ts'
import type { RoundTrip } from './process.ts'
import type { ShareAnswer } from './share.ts'

export const clientKinds = ['shared', 'vfio-user'] as const
export type ClientKind = (typeof clientKinds)[number]

export interface ReadCell {
  readonly byteLength: number
  readonly depth: number
  /** Million commands a second, one value a round. */
  readonly owner: number[]
  readonly clients: Record<ClientKind, number[]>
}

export interface ReadRow {
  readonly byteLength: number
  readonly depth: number
  readonly ownerMillionIops: Spread
  readonly client: ClientKind
  readonly millionIops: Spread
  /** To the owner's own reads of the same round. */
  readonly ratioToOwner: Spread
}

export const readRows = ({ byteLength, depth, owner, clients }: ReadCell): ReadRow[] =>
  clientKinds.map((client) => ({
    ...{ byteLength, depth, client },
    ownerMillionIops: spreadOf(owner),
    millionIops: spreadOf(clients[client]),
    ratioToOwner: ratiosOf(clients[client], owner),
  }))

export const roundTripRow = (client: string, answers: readonly RoundTrip[]) => ({
  client,
  count: answers.reduce((sum, { count }) => sum + count, 0),
  p50Us: spreadOf(answers.map(({ p50 }) => p50)),
  p99Us: spreadOf(answers.map(({ p99 }) => p99)),
})
export type RoundTripRow = ReturnType<typeof roundTripRow>

/** `answers`: one for each client. */
export function shareRow(answers: readonly ShareAnswer[], milliseconds: number) {
  const counts = answers.map(({ commands }) => commands)
  const cpus = availableParallelism()
  const busyThreads = answers.length + 1 // whoever has a queue polls, and so does the device
  return {
    clients: answers.length,
    milliseconds,
    ...{ busyThreads, cpus, oversubscribed: busyThreads > cpus },
    millionIops: counts.reduce((sum, count) => sum + count, 0) / milliseconds / 1000,
    fairness: fairness(counts),
    p50Us: spreadOf(answers.map(({ p50Us }) => p50Us)),
    p99Us: spreadOf(answers.map(({ p99Us }) => p99Us)),
  }
}
export type ShareRow = ReturnType<typeof shareRow>

/** Of milliseconds. */
export function quantilesOf(values: readonly number[]) {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] as number
  return { count: values.length, ...spreadOf(values), p99: at(0.99) }
}
