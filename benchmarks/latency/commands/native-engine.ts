// SPDX-License-Identifier: MIT
// `--engine native`: the loop in C++ (lib/measure), which counts into the same histograms.

import { unwrap } from '../../../src/errors.ts'
import type { Namespace, RawQueuePair } from '../../../src/index.ts'
import { binding } from '../../../src/native/load.ts'
import type { LoopTiming } from './loop.ts'
import type { QueueOutcome, SharedRun } from './setting.ts'
import type { QueueTools } from './thread.ts'

const outcomeWords = 3

/** Runs all queues to their end; blocks the thread. @throws NvmError */
export function runNative(
  pairs: readonly RawQueuePair[],
  queues: readonly QueueTools[],
  about: {
    readonly namespace: Namespace
    readonly shared: SharedRun
    readonly thread: number
    readonly timing: LoopTiming
  },
): QueueOutcome[] {
  const { shared, thread, timing } = about
  const ns = [timing.runtimeMs, timing.rampMs, timing.intervalMs, timing.timeoutMs]
  for (const [i, pair] of pairs.entries()) {
    pair.ring.addBatchMemory((queues[i] as QueueTools).memory.memory)
  }
  const words = unwrap(
    binding().runLoads(
      pairs.map(({ ring }) => ring.handle),
      queues.map(({ memory }) => memory.memory.handle),
      queues.map((queue) => programOf(queue, about.namespace)),
      queues.flatMap(({ setting: { index } }) => shared.histograms.slice(2 * index, 2 * index + 2)),
      queues.map(({ setting: { index } }) => shared.bytes.subarray(2 * index, 2 * index + 2)),
      Float64Array.from([...ns.map((ms) => ms * 1e6), timing.measures ? 1 : 0]),
      timing.words,
    ),
  )
  return queues.map(({ setting: { index } }, i) => {
    const [durationNs = 0, commands = 0, doorbells = 0] = words.subarray(outcomeWords * i)
    const id = (pairs[i] as RawQueuePair).id
    const paths = { direct: commands, bounce: 0, p2p: 0 } // its memory is allocated
    return { index, id, thread, durationNs, commands, ...paths, doorbells }
  })
}

/** As lib/binding/measure_calls.cc reads it. */
function programOf({ setting, place }: QueueTools, namespace: Namespace): Float64Array {
  const { source, blocks, phaseMs } = setting
  return Float64Array.from([
    namespace.id,
    namespace.blockSize,
    place.slotBytes,
    place.firstLba,
    blocks,
    source.offset,
    source.blockCount,
    source.random ? 1 : 0,
    source.inTurn ? 1 : 0,
    source.writesBelow,
    source.seed,
    source.stream,
    phaseMs * 1e6,
    ...source.sizes.flatMap(({ blockCount, below }) => [blockCount, below]),
  ])
}
