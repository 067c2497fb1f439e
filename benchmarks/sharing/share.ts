// SPDX-License-Identifier: MIT
// One of several clients that read at random all at once: how many reads it gets, and how long each
// takes.
import { type DmaDescriptor, Histogram, type RawQueuePair } from 'peernvm'
import { fail } from '../peers/workload.ts'
import { lbaBytes, type Setting } from '../shared/filled-namespace.ts'
import { RandomBlocks } from '../shared/random-blocks.ts'

export const shareDepth = 32
const loadMs = 100

export interface ShareAnswer {
  /** Reads of 512 bytes in the time that is counted. */
  commands: number
  p50Us: number
  p99Us: number
}

/**
 * Reads as soon as it is called, counts from `startMs` of the machine's clock on for
 * `milliseconds`, and lets go of its queue.
 */
export type Share = (startMs: number, milliseconds: number) => Promise<ShareAnswer>

/**
 * What takes a while when others keep the CPUs busy, done before they do: then all begin at once.
 * `index`: which of the clients it is.
 */
export async function prepareShare({ controller }: Setting, index: number): Promise<Share> {
  const buffer = await controller.allocate(shareDepth * lbaBytes)
  const queue = await controller.createQueuePair({ mode: 'raw', depth: shareDepth })
  return async (startMs, milliseconds) => {
    const answer = measureShare(queue, buffer, index, startMs, milliseconds)
    await queue.close()
    buffer[Symbol.dispose]()
    return answer
  }
}

function measureShare(
  queue: RawQueuePair,
  buffer: DmaDescriptor,
  index: number,
  startMs: number,
  milliseconds: number,
): ShareAnswer {
  const { sq, cq } = queue
  const random = new RandomBlocks(lbaBytes, 0, index)
  const submittedAt = new Float64Array(shareDepth)
  const tookNs = new Float64Array(shareDepth)
  const submit = (count: number, now: number): void => {
    for (let i = 0; i < count; i++) {
      const slot = sq.enqueue()
      const id = sq.commandId(slot)
      submittedAt[id] = now
      sq.read(slot, 1, random.nextLba(), 1, buffer, id * lbaBytes)
    }
    sq.submit()
  }
  const start = startMs - performance.timeOrigin
  const seen = new Histogram()
  let now = performance.now()
  submit(shareDepth, now)
  // The others go on until the slowest has counted.
  while (now < start + milliseconds + loadMs) {
    const count = cq.wait()
    now = performance.now()
    for (let i = 0; i < count; i++) {
      const entry = cq.done[i] as number
      if (entry >>> 16 !== 0) fail(entry >>> 16)
      tookNs[i] = (now - (submittedAt[entry & 0xffff] as number)) * 1e6
    }
    if (now >= start && now < start + milliseconds) seen.recordAll(tookNs, count)
    cq.update()
    submit(count, now)
  }
  return { commands: seen.count, p50Us: seen.quantile(0.5) / 1e3, p99Us: seen.quantile(0.99) / 1e3 }
}
