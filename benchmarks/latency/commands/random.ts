// SPDX-License-Identifier: MIT
// Random numbers that a seed repeats, here and in C++ (lib/measure/random.h): xoshiro128**, whose
// state splitmix32 spreads from the seed and the number of the stream.

/** A stream of random numbers of its own for each pair of seed and stream. */
export class Random {
  #a: number
  #b: number
  #c: number
  #d: number

  /** `seed` and `stream` are whole numbers below 2^32. */
  constructor(seed: number, stream: number) {
    const next = splitmix((seed ^ Math.imul(stream + 1, 0x9e3779b9)) >>> 0)
    this.#a = next()
    this.#b = next()
    this.#c = next()
    this.#d = next()
  }

  /** A whole number from 0 to 2^32 − 1. */
  uint32(): number {
    const b = this.#b
    const scrambled = Math.imul(b, 5)
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0
    const c = this.#c ^ this.#a
    const d = this.#d ^ b
    this.#b = b ^ c
    this.#a ^= d
    this.#c = c ^ (b << 9)
    this.#d = (d << 11) | (d >>> 21)
    return result
  }

  /** A whole number from 0 up to, but not with, `end` (at most 2^53); two draws. */
  below(end: number): number {
    const high = this.uint32() >>> 5
    const low = this.uint32() >>> 6
    return Math.floor(((high * 2 ** 26 + low) / 2 ** 53) * end)
  }
}

function splitmix(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    let z = state ^ (state >>> 16)
    z = Math.imul(z, 0x85ebca6b)
    z ^= z >>> 13
    z = Math.imul(z, 0xc2b2ae35)
    return (z ^ (z >>> 16)) >>> 0
  }
}
