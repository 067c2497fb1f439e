// SPDX-License-Identifier: MIT
// A client's part of the page that it shares with whoever kills it; it outlives the client.
// native/slot.h has the same layout.
import { readSync, writeSync } from 'node:fs'

export const blocksOfSlot = 2048
export const slotBytes = 32_768
const completedAt = 4096
const inFlightAt = completedAt + blocksOfSlot * 4

/** The words at the beginning of a slot. */
export const words = {
  phase: 0,
  wanted: 1,
  submitted: 2,
  completed: 3,
  verified: 4,
  wrong: 5,
  lost: 6,
  ending: 7,
  torn: 8,
  managers: 9,
}
const wordCount = Object.keys(words).length

/** What a client can be killed in, and asked to be at: a word's values. */
export const phases = ['changing', 'submit', 'midCopy', 'midRpc', 'queueCreate', 'idle']

/** A slot of the page that is open as `fd`. */
export class Slot {
  #fd
  #at

  /** @param {number} fd @param {number} index */
  constructor(fd, index) {
    this.#fd = fd
    this.#at = index * slotBytes
  }

  #read(at, count) {
    const values = new Uint32Array(count)
    readSync(this.#fd, values, 0, values.byteLength, this.#at + at)
    return values
  }

  #write(at, values) {
    writeSync(this.#fd, values, 0, values.byteLength, this.#at + at)
  }

  /** All words at its beginning. */
  read() {
    return this.#read(0, wordCount)
  }

  /** @param {number} word @param {number} value */
  set(word, value) {
    this.#write(word * 4, Uint32Array.of(value))
  }

  /** For the next client: what it does and has done, but not the versions. */
  clear() {
    this.#write(0, new Uint32Array(wordCount))
  }

  /** The versions that are legal, for `count` blocks from `first` on. */
  versions(first, count) {
    return {
      completed: this.#read(completedAt + first * 4, count),
      inFlight: this.#read(inFlightAt + first * 4, count),
    }
  }

  setCompleted(first, versions) {
    this.#write(completedAt + first * 4, versions)
  }

  setInFlight(first, versions) {
    this.#write(inFlightAt + first * 4, versions)
  }
}
