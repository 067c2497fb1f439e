// SPDX-License-Identifier: MIT
// Where commands go and whether they write, at random but the same in every run.
import { lbaBytes, namespaceBytes } from './filled-namespace.ts'

const firstSeed = 0x9e3779b9

/** The same sequence as the C++ clients draw (xorshift32): positions of whole commands. */
export class RandomBlocks {
  #state: number
  readonly #step: number
  readonly #mask: number
  /** Of the 128 values of the upper 7 bits of a draw, how many stand for a write. */
  readonly #writes: number

  /**
   * For commands of `byteLength` bytes, `writePercent` of a hundred of which write. `stream` gives
   * each of several clients a sequence of its own.
   */
  constructor(byteLength: number, writePercent = 0, stream = 0) {
    this.#state = Math.imul(firstSeed, 2 * stream + 1)
    this.#step = byteLength / lbaBytes
    this.#mask = namespaceBytes / byteLength - 1
    this.#writes = Math.round((writePercent * 128) / 100)
  }

  nextLba(): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x
    return (x & this.#mask) * this.#step
  }

  /** Whether the command at the position that was drawn last writes. */
  get isWrite(): boolean {
    return this.#state >>> 25 < this.#writes
  }
}
