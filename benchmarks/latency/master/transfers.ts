// SPDX-License-Identifier: MIT
// What each queue of master's spelling transfers: its share of the blocks, cut into commands.

import { createError } from '../../../src/errors.ts'
import type { PlannedCommand } from '../windows/plan.ts'
import type { MasterOptions } from './options.ts'
import { type QueueSpecification, queueDepthMax } from './queue-specification.ts'

export interface Geometry {
  readonly blockSize: number
  readonly blockCount: number
  readonly pageSize: number
  readonly transferBytesMax: number
}

export interface Transfer {
  readonly queue: QueueSpecification
  readonly depth: number
  /** Pages of a command at most. */
  readonly prps: number
  /** Blocks, from the start of the range. */
  readonly blockStart: number
  readonly blockCount: number
  readonly commands: readonly PlannedCommand[]
}

/** Blocks of the whole range: where it begins, and how many. */
export interface BlockRange {
  readonly offset: number
  readonly blockCount: number
}

/** Pages of a command of `queue` at most. */
function prpsOf(queue: QueueSpecification, options: MasterOptions, geometry: Geometry): number {
  const most = Math.floor(geometry.transferBytesMax / geometry.pageSize)
  if (queue.prps === undefined) return options.random ? 1 : most
  if (queue.prps <= most) return queue.prps
  const limit = `a command has at most ${most} pages here`
  throw createError('ERR_RANGE', `queue ${queue.no} asks for ${queue.prps}; ${limit}`)
}

/** The range that is transferred. @throws NvmError ERR_RANGE, ERR_ARGUMENT for half blocks */
export function rangeOf(options: MasterOptions, geometry: Geometry): BlockRange {
  const [first] = options.queues as readonly [QueueSpecification]
  const { blockSize, pageSize } = geometry
  const unitBytes = {
    blocks: blockSize,
    prps: pageSize,
    bytes: 1,
    commands: prpsOf(first, options, geometry) * pageSize,
  }[options.unit]
  const offset = (options.offset * unitBytes) / blockSize
  const blockCount = (options.count * unitBytes) / blockSize
  if (!Number.isInteger(offset) || !Number.isInteger(blockCount)) {
    const what = `${options.offset} and ${options.count} ${options.unit}`
    throw createError('ERR_ARGUMENT', `${what} are no whole number of blocks of ${blockSize} bytes`)
  }
  if (offset + blockCount > geometry.blockCount) {
    const asked = `blocks ${offset} to ${offset + blockCount - 1} were asked for`
    throw createError('ERR_RANGE', `${asked}, the namespace has ${geometry.blockCount}`)
  }
  return { offset, blockCount }
}

/**
 * The transfer of each queue.
 * @throws NvmError ERR_RANGE when there are fewer blocks than queues, or a command is too large
 */
export function planTransfers(
  options: MasterOptions,
  range: BlockRange,
  geometry: Geometry,
): Transfer[] {
  const { queues, shared } = options
  if (!shared && range.blockCount < queues.length) {
    const what = `${range.blockCount} blocks cannot be split among ${queues.length} queues`
    throw createError('ERR_RANGE', what)
  }
  const share = shared ? range.blockCount : Math.floor(range.blockCount / queues.length)
  return queues.map((queue, index) => {
    const blockStart = shared ? 0 : index * share
    const isLast = shared || index === queues.length - 1
    const blockCount = isLast ? range.blockCount - blockStart : share
    const prps = prpsOf(queue, options, geometry)
    const perCommand = Math.max(1, Math.floor((prps * geometry.pageSize) / geometry.blockSize))
    const commands: PlannedCommand[] = []
    for (let done = 0; done < blockCount; done += perCommand) {
      commands.push({
        lba: range.offset + blockStart + done,
        blockCount: Math.min(perCommand, blockCount - done),
        bufferOffset: (blockStart + done) * geometry.blockSize,
      })
    }
    return { queue, depth: queue.depth || queueDepthMax, prps, blockStart, blockCount, commands }
  })
}
