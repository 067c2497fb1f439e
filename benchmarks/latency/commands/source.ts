// SPDX-License-Identifier: MIT
// Which command comes next on a queue: where it goes, how many blocks it moves, whether it writes.
// A seed repeats all of it, in C++ too (lib/measure/command_source.h).

import type { Pattern } from '../../../src/report/result.ts'
import { Random } from './random.ts'

/** What the commands of one queue are drawn from. */
export interface SourceOptions {
  /** First block of the range that all commands stay in, and its blocks. */
  readonly offset: number
  readonly blockCount: number
  readonly random: boolean
  /** Blocks of a command; `below` is the end of its share of 2^32 draws, in ascending order. */
  readonly sizes: readonly { readonly blockCount: number; readonly below: number }[]
  /** Sizes come in turn, instead of being drawn. */
  readonly inTurn: boolean
  /** Draws below this one, of 2^32, write. */
  readonly writesBelow: number
  readonly seed: number
  readonly stream: number
}

const drawEnd = 2 ** 32

/** The command that next() chose is in its fields. */
export class CommandSource {
  lba = 0
  blockCount = 0
  isWrite = false
  /** Whether it both reads and writes. */
  readonly mixes: boolean
  /** Blocks of every command; 0 where they are not all as long. */
  readonly everyBlockCount: number
  readonly #options: SourceOptions
  readonly #random: Random
  readonly #ends: Float64Array
  readonly #blockCounts: Float64Array
  #turn = 0
  #position = 0

  constructor(options: SourceOptions) {
    this.#options = options
    this.#random = new Random(options.seed, options.stream)
    this.#ends = Float64Array.from(options.sizes, ({ below }) => below)
    this.#blockCounts = Float64Array.from(options.sizes, ({ blockCount }) => blockCount)
    this.mixes = options.writesBelow > 0 && options.writesBelow < drawEnd
    this.isWrite = options.writesBelow === drawEnd
    const [only = 1, ...others] = this.#blockCounts
    const isExact = options.random || options.blockCount % only === 0
    this.everyBlockCount = others.length === 0 && isExact ? only : 0
  }

  /** Chooses a command. The order of the draws is part of what a seed repeats. */
  next(): void {
    const options = this.#options
    const wanted = this.#nextSize()
    if (this.mixes) this.isWrite = this.#random.uint32() < options.writesBelow
    if (options.random) {
      const places = Math.floor(options.blockCount / wanted)
      this.lba = options.offset + this.#random.below(places) * wanted
      this.blockCount = wanted
      return
    }
    // The last one before the end of the range is as short as it has to be.
    const left = options.blockCount - this.#position
    this.blockCount = Math.min(wanted, left)
    this.lba = options.offset + this.#position
    this.#position = wanted < left ? this.#position + wanted : 0
  }

  #nextSize(): number {
    let at = 0
    if (this.#blockCounts.length === 1) return this.#blockCounts[0] as number
    if (this.#options.inTurn) {
      at = this.#turn
      this.#turn = at + 1 === this.#blockCounts.length ? 0 : at + 1
    } else {
      const drawn = this.#random.uint32()
      while (drawn >= (this.#ends[at] as number)) at++
    }
    return this.#blockCounts[at] as number
  }
}

/**
 * The part of the range that each queue works on: all of it, or with `linear` a share of its own.
 * @throws RangeError when there are fewer blocks than queues
 */
export function shareOf(
  pattern: Pattern,
  range: { readonly offset: number; readonly blockCount: number },
  queue: { readonly index: number; readonly of: number },
): { readonly offset: number; readonly blockCount: number } {
  if (pattern !== 'linear') return range
  const share = Math.floor(range.blockCount / queue.of)
  const skipped = queue.index * share
  const blockCount = queue.index === queue.of - 1 ? range.blockCount - skipped : share
  return { offset: range.offset + skipped, blockCount }
}
