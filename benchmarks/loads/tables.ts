// SPDX-License-Identifier: MIT
// The tables on standard output.
import { type Spread, showSpread, verdict } from '../shared/spread.ts'
import type { LatencyRow, QuantileSpreads, ReadersRow, TransferRow } from './rows.ts'

type Column = readonly [title: string, width: number]

const line = (columns: readonly Column[], values: readonly string[]): string =>
  columns
    .map(([, width], i) => (values[i] ?? '').padEnd(width))
    .join('')
    .trimEnd()

const table = (columns: readonly Column[], rows: readonly (readonly string[])[]): string =>
  [columns.map(([title]) => title), ...rows].map((values) => line(columns, values)).join('\n')

const kibibytes = (byteLength: number): string => `${byteLength / 1024} KiB`

export interface CopyRow {
  byteLength: number
  depth: number
  mebibytesPerSecond: Spread
}

export function transferTable(copies: readonly CopyRow[], rows: readonly TransferRow[]): string {
  const columns: Column[] = [
    ['large transfers', 24],
    ['size', 10],
    ['depth', 7],
    ['MiB a second', 26],
    ['ratio to copy', 20],
    ['goal', 0],
  ]
  const memories = { device: 'device memory', plain: 'plain, bounced' }
  return table(columns, [
    ...copies.map(({ byteLength, depth, mebibytesPerSecond }) => [
      'copy by the CPU',
      kibibytes(byteLength),
      String(depth),
      showSpread(mebibytesPerSecond, 0),
    ]),
    ...rows.map((row) => [
      `${row.direction}, ${memories[row.memory]}`,
      kibibytes(row.byteLength),
      String(row.depth),
      showSpread(row.mebibytesPerSecond, 0),
      showSpread(row.ratioToCopy),
      verdict(row.goal, row.ratioToCopy),
    ]),
  ])
}

export function readersTable(rows: readonly ReadersRow[]): string {
  const columns: Column[] = [
    ['queues', 9],
    ['of', 16],
    ['busy threads on CPUs', 38],
    ['million I/O a second', 24],
    ['luckiest to unluckiest', 0],
  ]
  return table(
    columns,
    rows.map((row) => [
      String(row.queues),
      row.threads === 'one' ? 'one thread' : 'a Worker each',
      `${row.busyThreads} on ${row.cpus}${row.oversubscribed ? ', oversubscribed' : ''}`,
      showSpread(row.millionIops),
      showSpread(row.fairness),
    ]),
  )
}

export function latencyTable(rows: readonly LatencyRow[]): string {
  const columns: Column[] = [
    ['beside', 15],
    ['µs', 30],
    ['p50', 20],
    ['p99', 24],
    ['p99.9', 26],
    ['max', 0],
  ]
  const quantiles = (title: string, what: string, spreads: QuantileSpreads): string[] => {
    const { p50, p99, p999, max } = spreads
    return [title, what, ...[p50, p99, p999, max].map((spread) => showSpread(spread, 1))]
  }
  return table(
    columns,
    rows.flatMap((row) => [
      quantiles(row.beside, 'await, as its caller sees it', row.callerUs),
      quantiles('', 'the command on the queue', row.queueUs),
      ...(row.latenessUs === undefined ? [] : [quantiles('', 'timer is late by', row.latenessUs)]),
      [
        '',
        `${showSpread(row.collectionsPerSecond, 0)} collections a second, ` +
          `${showSpread(row.garbageMegabytesPerSecond, 0)} MB a second of garbage by the timer`,
      ],
    ]),
  )
}
