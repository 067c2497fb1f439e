// SPDX-License-Identifier: MIT
// The lines of nvm-latency-bench in the format of libnvm's master.

import { percentile } from '../windows/samples.ts'
import type { Geometry, Transfer } from './transfers.ts'

/** A window, or with --bandwidth a pass. */
export interface Sample {
  readonly commands: number
  readonly blocks: number
  /** Microseconds. */
  readonly elapsed: number
}

const fractions = [0.99, 0.97, 0.95, 0.9, 0.75, 0.5, 0.25, 0.1, 0.05, 0.01] as const
const columns = ['bandwidth', 'adj iops', 'cmd latency', 'prp latency'] as const
const twoDigits = (value: number) => String(value).padStart(2, '0')

/** What a sample comes to: MB/s, µs, pages. */
function figuresOf({ commands, blocks, elapsed }: Sample, { blockSize, pageSize }: Geometry) {
  const blocksPerPage = Math.max(1, pageSize / blockSize)
  const cmdLatency = elapsed / commands
  const blkLatency = elapsed / blocks
  const prpLatency = blkLatency * blocksPerPage
  const size = blocks * blockSize
  return {
    prps: Math.ceil(size / pageSize),
    size,
    cmdLatency,
    blkLatency,
    prpLatency,
    bandwidth: size / elapsed,
    iops: 1e6 / cmdLatency,
    blksPerSecond: 1e6 / blkLatency,
    prpsPerSecond: 1e6 / prpLatency,
  }
}

/** The percentiles of one queue, or of all where `queue` is undefined. */
export function percentileLines(
  queue: number | undefined,
  direction: 'read' | 'write',
  samples: readonly Sample[],
  geometry: Geometry,
): string[] {
  const figures = samples.map((sample) => figuresOf(sample, geometry))
  const sorted = (['bandwidth', 'prpsPerSecond', 'cmdLatency', 'prpLatency'] as const).map((name) =>
    Float64Array.from(figures, (figure) => figure[name]).sort(),
  )
  const row = (label: string, fraction: number) =>
    `${label.padStart(5)}: ${sorted
      .map((values) => percentile(values, fraction).toFixed(3).padStart(14))
      .join(', ')}`
  const who = queue === undefined ? 'Aggregated' : `Queue #${twoDigits(queue)}`
  return [
    `${who} ${direction} percentiles (${samples.length} samples)`,
    `       ${columns.map((name) => name.padStart(14)).join(', ')}`,
    row('max', 1),
    ...fractions.map((fraction) => row(fraction.toFixed(2), fraction)),
    row('min', 0),
  ]
}

const statsNames = ['queue', 'rd/wr', 'commands', 'time', 'blocks', 'prps', 'size', 'cmd-latency']
const moreStatsNames = ['blk-latency', 'prp-latency', 'bandwidth', 'iops', 'blks-per-sec']
const statsWidths = [5, 5, 8]
const statsCells = (cells: readonly string[]) =>
  cells.map((cell, i) => `${cell.padStart(statsWidths[i] ?? 12)};`).join(' ')

/** What stands above the rows of --stats. */
export function statsHeader(): string {
  return `#${statsCells([...statsNames, ...moreStatsNames, 'prps-per-sec'])}`
}

/** A row of --stats; without a queue it is the sum of all. */
export function statsRow(
  queue: number | undefined,
  direction: 'read' | 'write',
  sample: Sample,
  geometry: Geometry,
): string {
  const figures = figuresOf(sample, geometry)
  const { prps, size, cmdLatency, blkLatency, prpLatency, bandwidth, iops } = figures
  const fractionsOf = [cmdLatency, blkLatency, prpLatency, bandwidth, iops]
  const rest = [...fractionsOf, figures.blksPerSecond, figures.prpsPerSecond]
  return ` ${statsCells([
    queue === undefined ? 'aggr' : twoDigits(queue),
    direction,
    String(sample.commands),
    sample.elapsed.toFixed(3),
    String(sample.blocks),
    String(prps),
    String(size),
    ...rest.map((value) => value.toFixed(3)),
  ])}`
}

/** The lines of --info. */
export function infoLines(
  transfers: readonly Transfer[],
  about: {
    readonly namespace: number
    readonly blocks: number
    readonly random: boolean
    readonly controllerId: number
  },
  { blockSize, pageSize, blockCount }: Geometry,
): string[] {
  const pages = (blocks: number) => Math.ceil((blocks * blockSize) / pageSize)
  const { namespace, blocks, random, controllerId } = about
  return [
    ...transfers.map(
      ({ queue, depth, prps }) =>
        `- QUEUE no=${twoDigits(queue.no)} location=${queue.location} cmds=${depth} prps=${prps}`,
    ),
    `- BUFFER location=local size=${blocks * blockSize} prps=${pages(blocks)} blocks=${blocks}`,
    `- CTRL fdid=${controllerId.toString(16)} namespace=${namespace} ` +
      `total-blocks=${blockCount} total-prps=${pages(blockCount)}`,
    ...transfers.map(
      (transfer) =>
        `- TRANSFER queue=${twoDigits(transfer.queue.no)} ` +
        `pattern=${random ? 'random' : 'sequential'} total-cmds=${transfer.commands.length} ` +
        `total-blocks=${transfer.blockCount} total-prps=${pages(transfer.blockCount)} ` +
        `block-start=${transfer.blockStart} block-count=${transfer.blockCount} ` +
        `prp-start=${pages(transfer.blockStart)} prp-count=${pages(transfer.blockCount)}`,
    ),
  ]
}
