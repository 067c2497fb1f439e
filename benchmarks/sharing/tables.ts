// SPDX-License-Identifier: MIT
// The tables on standard output.
import { showSpread } from '../shared/spread.ts'
import type { ReadRow, RoundTripRow, ShareRow } from './rows.ts'

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [titles, ...rows]
  const widths = titles.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)))
  return all
    .map((row) =>
      row
        .map((value, i) => value.padEnd((widths[i] ?? 0) + 2))
        .join('')
        .trimEnd(),
    )
    .join('\n')
}

export const readTable = (rows: readonly ReadRow[]): string =>
  table(
    ['reads', 'depth', 'client', 'Mio/s, owner', 'Mio/s, client', 'ratio to the owner'],
    rows.map((row) => [
      `${row.byteLength} B`,
      String(row.depth),
      row.client,
      showSpread(row.ownerMillionIops),
      showSpread(row.millionIops),
      showSpread(row.ratioToOwner),
    ]),
  )

export const roundTripTable = (rows: readonly RoundTripRow[]): string =>
  table(
    ['identify', 'count', 'median µs', 'p99 µs'],
    rows.map(({ client, count, p50Us, p99Us }) => [
      ...[client, String(count), showSpread(p50Us, 1), showSpread(p99Us, 1)],
    ]),
  )

export const shareTable = (rows: readonly ShareRow[]): string =>
  table(
    ['clients', 'Mio/s, sum', 'fairness max/min', 'median µs', 'p99 µs', 'busy threads'],
    rows.map((row) => [
      String(row.clients),
      row.millionIops.toFixed(2),
      row.fairness.toFixed(2),
      showSpread(row.p50Us, 1),
      showSpread(row.p99Us, 1),
      `${row.busyThreads} on ${row.cpus} CPUs${row.oversubscribed ? ', oversubscribed' : ''}`,
    ]),
  )
