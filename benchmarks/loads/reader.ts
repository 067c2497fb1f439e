// SPDX-License-Identifier: MIT
// One of several readers: reads at random on a queue of its own until it is stopped, and counts in
// memory that others see.
import type { DmaDescriptor } from 'peernvm'
import type { Setting } from '../shared/filled-namespace.ts'
import { RandomBlocks } from '../shared/random-blocks.ts'
import { viewsOf } from '../shared/views.ts'
import { commandBytes, readerCounts, readerDepth } from './cells.ts'
import { countWord, stopWord } from './shared-words.ts'
import { verify } from './verification.ts'

const verifiedPlaces = 4 * readerDepth

/** In the reader's own part of the namespace: a mix-up of queues shows as wrong data. */
function ownPlaces(random: RandomBlocks, index: number, blockCount: number): number[] {
  const part = blockCount / Math.max(...readerCounts)
  return Array.from({ length: verifiedPlaces }, () => index * part + (random.nextLba() % part))
}

/** Verifies, says how many bytes to `begun`, and reads until `shared` says that it is enough. */
export async function runReader(
  { controller, namespace }: Setting,
  shared: Int32Array,
  index: number,
  begun: (verifiedBytes: number) => void,
): Promise<void> {
  using buffer = await controller.allocate(readerDepth * commandBytes)
  await using queue = await controller.createQueuePair({ mode: 'await', depth: readerDepth })
  const random = new RandomBlocks(commandBytes, 0, index)
  const buffers = viewsOf(buffer, readerDepth, commandBytes)
  const lbas = ownPlaces(random, index, namespace.blockCount)
  begun(await verify({ namespace, queue, buffers, lbas }))
  let count = 0
  const read = async (into: DmaDescriptor): Promise<void> => {
    while (shared[stopWord] === 0) {
      await queue.read({ namespace, lba: random.nextLba(), into })
      shared[countWord(index)] = ++count
    }
  }
  await Promise.all(buffers.map(read))
}
