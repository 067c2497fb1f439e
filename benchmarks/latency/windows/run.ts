// SPDX-License-Identifier: MIT
// Running the plan of one queue: windows of commands on a raw queue pair, timed from the doorbell
// to the last completion. Building the commands is not part of a sample.

import { createStatusError } from '../../../src/errors.ts'
import type { DmaDescriptor, Namespace, RawQueuePair } from '../../../src/index.ts'
import type { WindowOptions } from '../options.ts'
import type { PlannedCommand, QueuePlan } from './plan.ts'
import type { Sample } from './samples.ts'

export interface BenchQueue {
  /** Number of the queue in the output, from 1. */
  id: number
  pair: RawQueuePair
  plan: QueuePlan
  samples: Sample[]
}

function enqueue(
  { pair: { sq } }: BenchQueue,
  namespace: Namespace,
  buffer: DmaDescriptor,
  write: boolean,
  command: PlannedCommand,
  lba: number,
): void {
  const slot = sq.enqueue()
  const { blockCount, bufferOffset } = command
  if (write) sq.write(slot, namespace.id, lba, blockCount, buffer, bufferOffset)
  else sq.read(slot, namespace.id, lba, blockCount, buffer, bufferOffset)
}

function reap({ pair: { cq, id } }: BenchQueue, count: number): void {
  for (let completed = 0; completed < count; ) {
    const found = cq.wait()
    for (let i = 0; i < found; i++) {
      const status = (cq.done[i] as number) >>> 16
      if (status !== 0) throw createStatusError(status, { queue: id })
    }
    completed += found
    cq.update()
  }
}

/**
 * Runs one repetition on `queue`: one sample per window of at most the queue's depth.
 * @param counted false while warming up: the samples are dropped
 * @throws NvmError when a command fails or does not complete in time
 */
export function runRepetition(
  queue: BenchQueue,
  namespace: Namespace,
  buffer: DmaDescriptor,
  options: WindowOptions,
  counted: boolean,
): void {
  const { commands } = queue.plan
  const depth = queue.pair.depth
  for (let first = 0; first < commands.length; first += depth) {
    const window = commands.slice(first, first + depth)
    let blocks = 0
    for (const command of window) {
      const { blockCount } = command
      const random = Math.floor(Math.random() * (namespace.blockCount - blockCount + 1))
      const lba = options.pattern === 'random' ? random : command.lba
      enqueue(queue, namespace, buffer, options.write, command, lba)
      blocks += blockCount
    }
    const start = performance.now()
    queue.pair.sq.submit()
    reap(queue, window.length)
    const elapsed = (performance.now() - start) * 1000
    if (counted) queue.samples.push({ commands: window.length, blocks, elapsed })
  }
}
