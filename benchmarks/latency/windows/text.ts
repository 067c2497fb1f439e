// SPDX-License-Identifier: MIT
// The lines of nvm-latency-bench, in libnvm's format.

import type { Pattern } from '../options.ts'
import type { QueuePlan } from './plan.ts'
import { reportedPercentiles, type Sample, type Summary } from './samples.ts'

const queueName = (id: number) => `Queue #${String(id).padStart(2, '0')}`

/** What queue `id` will do, before anything runs. */
export function planLine(
  id: number,
  location: 'local' | 'remote',
  depth: number,
  pattern: Pattern,
  plan: QueuePlan,
): string {
  const range = pattern === 'random' ? '' : ` offset=${plan.offset}`
  return (
    `${queueName(id)} ${location} qd=${depth} blocks=${plan.blocks}${range} pattern=${pattern} ` +
    `(${plan.commands.length} commands)`
  )
}

/** What queue `id` did: a line and its percentiles, in microseconds. */
export function summaryLines(id: number, summary: Summary): string[] {
  return [
    `${queueName(id)} total-blocks=${summary.blocks} count=${summary.count} ` +
      `min=${summary.min.toFixed(3)} avg=${summary.avg.toFixed(3)} max=${summary.max.toFixed(3)}`,
    ...reportedPercentiles.map(
      (fraction, i) =>
        `\t${fraction.toFixed(2)}: ${(summary.percentiles[i] as number).toFixed(3).padStart(14)}`,
    ),
  ]
}

/** One row of --stats: queue, commands, blocks, microseconds, MB/s. */
export function statsRow(id: number, sample: Sample, blockSize: number): string {
  const megabytesPerSecond = (sample.blocks * blockSize) / sample.elapsed
  return [
    `#${id.toString(16).padStart(4, '0')}`,
    String(sample.commands).padStart(8),
    String(sample.blocks).padStart(12),
    sample.elapsed.toFixed(3).padStart(12),
    megabytesPerSecond.toFixed(3).padStart(12),
  ].join(' ')
}
