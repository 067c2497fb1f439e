// SPDX-License-Identifier: MIT
// The queues apart: whether they had the same share, and by which path their data went.
import type { BenchResult, QueueResult } from '../result.ts'
import { type DepthRuns, directions, quantiles, runsByDepth, spreadOf } from '../spread.ts'
import { formatMicroseconds, formatNumber } from '../units.ts'
import { folded, table } from './parts.ts'

/** A row for each queue and direction at each depth, folded; nothing where there is one queue. */
export function queuesTable(result: BenchResult): string {
  if (result.workload.queues < 2) return ''
  const head = ['depth', 'queue', 'thread', '', 'IOPS', 'p50 µs', 'p99 µs', 'path']
  return folded('Each queue', table(head, runsByDepth(result).flatMap(rowsOf), [0, 1, 2, 3]), false)
}

function rowsOf({ depth, runs }: DepthRuns): string[][] {
  const byId = new Map<number, QueueResult[]>()
  for (const queue of runs.flatMap((run) => run.queues)) {
    byId.set(queue.id, [...(byId.get(queue.id) ?? []), queue])
  }
  return [...byId].flatMap(([id, queues]) =>
    directions.flatMap((direction) => {
      const results = queues.flatMap((queue) => queue[direction] ?? [])
      if (results.length === 0) return []
      const iops = spreadOf(results.map((r) => r.iops)).mean
      const latencies = [0.5, 0.99].map((fraction) => {
        const values = results.map(({ latency }) => quantiles(latency, [fraction])[0] ?? 0)
        return formatMicroseconds(spreadOf(values).mean)
      })
      const thread = queues[0]?.thread ?? 0
      const names = [depth, id, thread, direction].map(String)
      return [[...names, formatNumber(iops), ...latencies, pathsOf(queues)]]
    }),
  )
}

/** 'direct', or how many commands took which path. */
function pathsOf(queues: readonly QueueResult[]): string {
  const taken = (['direct', 'bounce', 'p2p'] as const).flatMap((path) => {
    const count = queues.reduce((sum, { paths }) => sum + paths[path], 0)
    return count === 0 ? [] : [{ path, count }]
  })
  const [only] = taken
  if (taken.length === 1 && only !== undefined) return only.path
  return taken.map(({ path, count }) => `${path} ${count}`).join(', ')
}
