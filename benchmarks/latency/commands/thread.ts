// SPDX-License-Identifier: MIT
// One run of one thread: makes its queues and their memory, waits for the others, runs the engine.

import type {
  AwaitQueuePair,
  Controller,
  DmaDescriptor,
  Namespace,
  RawQueuePair,
} from '../../../src/index.ts'
import { AwaitLane, runAwaitLanes } from './await-lane.ts'
import { BatchLane, slotsPerCommand } from './batch-lane.ts'
import { JsLane } from './js-lane.ts'
import type { Lane, LanePlace } from './lane.ts'
import { type LoopTiming, runLanes } from './loop.ts'
import { runNative } from './native-engine.ts'
import { Random } from './random.ts'
import {
  goWord,
  type QueueOutcome,
  type QueueSetting,
  type ThreadSetting,
  type ThreadStart,
} from './setting.ts'

/** What a thread has for all its runs. */
export interface ThreadTools {
  readonly controller: Controller
  readonly namespace: Namespace
  /** Memory of the whole range, which begins with this block. */
  readonly file: { readonly memory: DmaDescriptor; readonly firstLba: number } | undefined
  readonly start: ThreadStart
}

/** What one queue of a run has. */
export interface QueueTools {
  readonly setting: QueueSetting
  readonly memory: DmaDescriptor
  readonly place: LanePlace
}

const timeoutMs = 10_000

/**
 * Does one run; `ready` is called when all is prepared, and the run begins with `goWord`.
 * @throws NvmError when a command fails or does not complete in time
 */
export async function runThread(
  tools: ThreadTools,
  setting: ThreadSetting,
  ready: () => void,
): Promise<QueueOutcome[]> {
  const { controller, start } = tools
  const { engine, depth } = setting
  const mode = engine === 'await' ? 'await' : 'raw'
  const pairs: (RawQueuePair | AwaitQueuePair)[] = []
  const memories: DmaDescriptor[] = []
  try {
    const queues: QueueTools[] = []
    for (const queue of setting.queues) {
      pairs.push(await controller.createQueuePair({ mode, depth, timeoutMs } as { mode: 'raw' }))
      queues.push(await prepare(tools, setting, queue, memories))
    }
    ready()
    Atomics.wait(start.shared.words, goWord, 0)
    const timing: LoopTiming = {
      ...setting,
      timeoutMs,
      words: start.shared.words,
      now: () => performance.now(),
    }
    return await runEngine(tools, setting, { pairs, queues, timing })
  } finally {
    for (const pair of pairs) await pair.close()
    for (const memory of memories) memory[Symbol.dispose]()
  }
}

interface Prepared {
  readonly pairs: readonly (RawQueuePair | AwaitQueuePair)[]
  readonly queues: readonly QueueTools[]
  readonly timing: LoopTiming
}

async function runEngine(
  { namespace, start }: ThreadTools,
  { engine }: ThreadSetting,
  { pairs, queues, timing }: Prepared,
): Promise<QueueOutcome[]> {
  const { shared, thread } = start
  if (engine === 'native') {
    return runNative(pairs as RawQueuePair[], queues, { namespace, shared, thread, timing })
  }
  if (engine === 'await') {
    const lanes = queues.map(({ memory, setting, place }, i) => {
      const pair = pairs[i] as AwaitQueuePair
      return new AwaitLane(pair, namespace, memory, setting, place, shared)
    })
    await runAwaitLanes(lanes, timing)
    return outcomesOf(lanes, queues, thread)
  }
  const lanes = queues.map(({ memory, setting, place }, i) => {
    const pair = pairs[i] as RawQueuePair
    return engine === 'batch'
      ? new BatchLane(pair, namespace, memory, setting, place, shared)
      : new JsLane(pair, namespace.id, memory, setting, place, shared)
  })
  runLanes(lanes, timing)
  return outcomesOf(lanes, queues, thread)
}

function outcomesOf(
  lanes: readonly Lane[],
  queues: readonly QueueTools[],
  thread: number,
): QueueOutcome[] {
  return lanes.map((lane, i) => {
    const { direct, bounce, p2p, doorbells } = lane.stats
    const { index } = (queues[i] as QueueTools).setting
    const durationNs = (lane.lastEnd - lane.countsFrom) * 1e6
    const commands = lane.filledCount
    return { index, id: lane.id, thread, durationNs, commands, direct, bounce, p2p, doorbells }
  })
}

async function prepare(
  { controller, namespace, file }: ThreadTools,
  { engine, depth, commandBytesMax, seed }: ThreadSetting,
  setting: QueueSetting,
  memories: DmaDescriptor[],
): Promise<QueueTools> {
  const { blockSize } = namespace
  if (file !== undefined) {
    const place = { blockSize, slotBytes: 0, firstLba: file.firstLba }
    return { setting, memory: file.memory, place }
  }
  const slots = engine === 'batch' ? slotsPerCommand * depth : depth
  const memory = await controller.allocate(slots * commandBytesMax)
  memories.push(memory)
  if (setting.source.writesBelow > 0) fillRandomly(memory, seed, setting.index)
  else memory.bytes?.fill(0) // its pages are there before the clock runs
  return { setting, memory, place: { blockSize, slotBytes: commandBytesMax, firstLba: 0 } }
}

/** What no device can compress. */
function fillRandomly(memory: DmaDescriptor, seed: number, stream: number): void {
  const bytes = memory.bytes as Uint8Array
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2)
  const random = new Random(seed, ~stream >>> 0)
  for (let i = 0; i < words.length; i++) words[i] = random.uint32()
}
