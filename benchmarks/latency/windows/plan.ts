// SPDX-License-Identifier: MIT
// What each queue transfers in one repetition: commands of at most the controller's transfer size,
// grouped into windows of at most the queue's depth.
import { createError } from '../../../src/errors.ts'
import type { WindowOptions } from '../options.ts'

export interface Geometry {
  /** Bytes. */
  blockSize: number
  /** Blocks of the namespace. */
  blockCount: number
  /** Most bytes of one command. */
  transferBytesMax: number
}

export interface PlannedCommand {
  lba: number
  blockCount: number
  /** Where its data lies in the buffer, in bytes. */
  bufferOffset: number
}

export interface QueuePlan {
  /** First block and number of blocks; for random, the whole namespace is drawn from. */
  offset: number
  blocks: number
  commands: PlannedCommand[]
}

/**
 * Plans one repetition. @returns one plan a queue; `commands` of a random plan have LBA 0, to be
 * drawn for each repetition @throws NvmError ERR_RANGE when the blocks do not lie within the
 * namespace, or a linear range has
 *   fewer blocks than there are queues
 */
export function planQueues(
  options: WindowOptions,
  queues: number,
  geometry: Geometry,
): QueuePlan[] {
  const { blocks, offset, pattern } = options
  const end = pattern === 'random' ? blocks : offset + blocks
  if (end > geometry.blockCount) {
    throw createError(
      'ERR_RANGE',
      `blocks ${offset} to ${end - 1} were asked for, the namespace has ${geometry.blockCount}`,
    )
  }
  if (pattern === 'linear' && blocks < queues) {
    throw createError('ERR_RANGE', `${blocks} blocks cannot be split among ${queues} queues`)
  }
  const perCommand = Math.floor(geometry.transferBytesMax / geometry.blockSize)
  const share = pattern === 'linear' ? Math.ceil(blocks / queues) : blocks
  return Array.from({ length: queues }, (_, queue) => {
    const skip = pattern === 'linear' ? Math.min(queue * share, blocks) : 0
    const mine = Math.min(share, blocks - skip)
    const commands: PlannedCommand[] = []
    for (let done = 0; done < mine; done += perCommand) {
      commands.push({
        lba: pattern === 'random' ? 0 : offset + skip + done,
        blockCount: Math.min(perCommand, mine - done),
        bufferOffset: (skip + done) * geometry.blockSize,
      })
    }
    return { offset: pattern === 'random' ? 0 : offset + skip, blocks: mine, commands }
  }).filter((plan) => plan.commands.length > 0)
}
