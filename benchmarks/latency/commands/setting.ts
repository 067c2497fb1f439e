// SPDX-License-Identifier: MIT
// What the main thread tells the threads that measure, and what all of them share while they do.

import { Histogram, histogramWords } from '../../../src/histogram.ts'
import type { ControllerToken, DescriptorToken, ErrorCode } from '../../../src/index.ts'
import type { Engine } from '../../../src/report/result.ts'
import type { SourceOptions } from './source.ts'

/** Of one queue of a run. */
export interface QueueSetting {
  /** Among all queues of the run, from 0. */
  readonly index: number
  readonly source: SourceOptions
  /** Blocks to move, all in all; Infinity where time ends the run. */
  readonly blocks: number
  /** At a rate: milliseconds from the start to its first command. */
  readonly phaseMs: number
}

/** What one thread does in one run. */
export interface ThreadSetting {
  readonly engine: Engine
  readonly depth: number
  readonly queues: readonly QueueSetting[]
  /** Of the largest command. */
  readonly commandBytesMax: number
  /** Milliseconds; Infinity where a number of blocks ends the run. */
  readonly runtimeMs: number
  readonly rampMs: number
  /** Milliseconds between the commands of one queue that are due; 0: as many as can. */
  readonly intervalMs: number
  /** False: neither clock nor histogram, to see what measuring costs. */
  readonly measures: boolean
  /** What writes fill their buffers from, and the seed of the run. */
  readonly seed: number
}

/** What a thread is started with; its runs follow as messages. */
export interface ThreadStart {
  readonly controller: ControllerToken
  readonly namespaceId: number
  /** The thread's number, from 0. */
  readonly thread: number
  readonly shared: SharedRun
  /** The memory of the whole range, where commands move parts of a file. */
  readonly file: { readonly memory: DescriptorToken; readonly offset: number } | undefined
}

/** Of a queue, when its run has ended. */
export interface QueueOutcome {
  readonly index: number
  readonly id: number
  readonly thread: number
  readonly durationNs: number
  /** Also those that do not count. */
  readonly commands: number
  readonly direct: number
  readonly bounce: number
  readonly p2p: number
  readonly doorbells: number
}

/** A message of a thread. */
export type ThreadMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'ended'; readonly queues: readonly QueueOutcome[] }
  | { readonly kind: 'failed'; readonly failure: ThreadFailure }

/** An error, as far as it can be sent. */
export interface ThreadFailure {
  readonly message: string
  /** Of an NvmError. */
  readonly code?: ErrorCode
  readonly fix?: string
}

/** Memory that all threads see. */
export interface SharedRun {
  /** Words: `goWord`, `stopWord`. */
  readonly words: Int32Array
  /** For each queue two histograms, of reads and of writes. */
  readonly histograms: readonly Float64Array[]
  /** For each queue two sums: bytes read, bytes written. */
  readonly bytes: Float64Array
}

/** Not 0: the run has begun. */
export const goWord = 0
/** Not 0: the run is to end. */
export const stopWord = 1

export function shareRun(queues: number): SharedRun {
  const numbers = (count: number) => new Float64Array(new SharedArrayBuffer(8 * count))
  return {
    words: new Int32Array(new SharedArrayBuffer(64)),
    histograms: Array.from({ length: 2 * queues }, () => numbers(histogramWords)),
    bytes: numbers(2 * queues),
  }
}

/** Everything at 0, for the next run. */
export function clearRun(shared: SharedRun): void {
  for (const words of shared.histograms) words.fill(0)
  shared.bytes.fill(0)
  shared.words.fill(0)
}

/** What has been measured of queue `index` in the direction 0 (reads) or 1 (writes). */
export function measuredOf(shared: SharedRun, index: number, direction: 0 | 1): Histogram {
  return new Histogram(shared.histograms[2 * index + direction])
}
