// SPDX-License-Identifier: MIT
// What a run of the way per command is on a namespace: its range, its sizes in blocks, and which
// thread has which queues.

import { createError } from '../../../src/errors.ts'
import type { CommandOptions } from '../options.ts'
import { blocksOf } from '../values.ts'
import type { ThreadSetting } from './setting.ts'
import { type SourceOptions, shareOf } from './source.ts'

/** What the plan needs to know of what is measured. */
export interface Geometry {
  /** Bytes. */
  readonly blockSize: number
  /** Blocks of the namespace. */
  readonly blockCount: number
  /** Most bytes of one command. */
  readonly transferBytesMax: number
}

/** What the controller has for all that asks for queues. */
export interface QueueLimits {
  /** Commands that a queue holds. */
  readonly depthMax: number
  readonly queuesMax: number
}

/**
 * Looks at all depths and the number of queues at once: a sweep is not to end half-way.
 * @throws NvmError ERR_RANGE naming the option and the limit
 */
export function refuseBeyond(
  { depths, queues }: CommandOptions,
  { depthMax, queuesMax }: QueueLimits,
): void {
  const deep = depths.filter((depth) => depth > depthMax)
  if (deep.length > 0) {
    const what = `--depth ${deep.join(', ')}: a queue of this controller holds ${depthMax} commands`
    throw createError('ERR_RANGE', `${what}; ${depthMax} is the deepest`)
  }
  if (queues > queuesMax) {
    const what = `--queues ${queues}: this controller grants ${queuesMax} queue pairs`
    throw createError('ERR_RANGE', `${what}; --queues ${queuesMax} is the most`)
  }
}

export interface Range {
  /** First block. */
  readonly offset: number
  readonly blockCount: number
}

/** The range that is used. @throws NvmError ERR_RANGE when the namespace is smaller */
export function rangeOf(options: CommandOptions, geometry: Geometry): Range {
  const offset = blocksOf('offset', options.offset, geometry.blockSize)
  const rest = geometry.blockCount - offset
  const has = `the namespace has ${geometry.blockCount} blocks`
  if (rest <= 0) throw createError('ERR_RANGE', `--offset ${offset} is behind the end: ${has}`)
  const wanted =
    options.size === undefined ? rest : blocksOf('size', options.size, geometry.blockSize)
  if (wanted < 1) throw createError('ERR_RANGE', '--size is at least one block')
  if (wanted > rest) {
    const what = `--offset ${offset} and --size ${wanted} reach beyond the end`
    throw createError('ERR_RANGE', `${what}: ${has}; --size ${rest} is the most from there`)
  }
  return { offset, blockCount: wanted }
}

/** What all queues draw their commands from, but for their share of the range and their stream. */
export type SourceShape = Omit<SourceOptions, 'offset' | 'blockCount' | 'stream'>

/**
 * Checks the sizes, and makes shares of 2^32 draws of their weights.
 * @throws NvmError ERR_ARGUMENT for a size that is no whole number of blocks; ERR_RANGE for one
 *   that no command moves
 */
export function shapeOf(options: CommandOptions, geometry: Geometry, seed: number): SourceShape {
  let share = 0
  const sizes = options.sizes.sizes.map(({ byteLength, weight }, index, all) => {
    if (byteLength > geometry.transferBytesMax) {
      const limit = `a command moves at most ${geometry.transferBytesMax} bytes here`
      throw createError('ERR_RANGE', `--block-size ${byteLength}: ${limit}`)
    }
    share += weight
    const below = index === all.length - 1 ? 2 ** 32 : Math.round(share * 2 ** 32)
    return { blockCount: blocksOf('block-size', { bytes: byteLength }, geometry.blockSize), below }
  })
  return {
    random: options.pattern === 'random',
    sizes,
    inTurn: options.sizes.inTurn,
    writesBelow: Math.round((options.writePercent / 100) * 2 ** 32),
    seed,
  }
}

const blocksMaxOf = (shape: SourceShape): number =>
  Math.max(...shape.sizes.map(({ blockCount }) => blockCount))

/** @throws NvmError ERR_RANGE when a queue's share of the range is smaller than a command */
export function refuseSmallShares(
  { pattern, queues }: CommandOptions,
  range: Range,
  shape: SourceShape,
): void {
  const share = shareOf(pattern, range, { index: 0, of: queues }).blockCount
  const most = blocksMaxOf(shape)
  if (share >= most) return
  const what = `${share} blocks for each queue, but a command has ${most}`
  throw createError('ERR_RANGE', `${what}; take fewer queues or a larger --size`)
}

/**
 * What each thread does in one run. `run` counts the runs of all depths, so that each draws
 * something else.
 */
export function planThreads(
  options: CommandOptions,
  range: Range,
  shape: SourceShape,
  { depth, run, blockSize }: { depth: number; run: number; blockSize: number },
): ThreadSetting[] {
  const { queues, threads } = options
  const intervalMs = options.rate === null ? 0 : (1000 * queues) / options.rate
  const settings = Array.from({ length: queues }, (_, index) => {
    const share = shareOf(options.pattern, range, { index, of: queues })
    const source = { ...shape, ...share, stream: run * queues + index }
    const blocks = options.runtimeMs === null ? share.blockCount : Number.POSITIVE_INFINITY
    // Over all threads, so that commands at a rate come one by one.
    return { index, source, blocks, phaseMs: (index * intervalMs) / queues }
  })
  return Array.from({ length: threads }, (_, thread) => ({
    engine: options.engine,
    depth,
    queues: settings.filter(({ index }) => index % threads === thread),
    commandBytesMax: blocksMaxOf(shape) * blockSize,
    runtimeMs: options.runtimeMs ?? Number.POSITIVE_INFINITY,
    rampMs: options.rampMs,
    intervalMs,
    measures: true,
    seed: shape.seed,
  }))
}
