// SPDX-License-Identifier: MIT
// What verified-io writes where, and what every block must hold afterwards. Shared by the program,
// which checks what it reads, and by the test, which checks the image behind the device.

export type Path = 'promises' | 'raw' | 'batch'

/** One stretch of the device: written by one path with one depth, then read back by another. */
export interface Phase {
  write: Path
  read: Path
  depth: number
  commandByteLength: number
  /** Where data begins in its page: other than 0, the first page of a transfer is partial. */
  pageOffset: number
  firstByte: number
  byteLength: number
  /** Part of the pattern: a block that is written again holds other data. */
  version: number
}

const kib = 1024
const mib = 1024 * kib

/** 256 MiB in all, with gaps between them that nothing may touch. */
export function phases(deviceByteLength: number): Phase[] {
  const end = deviceByteLength
  const usual = { commandByteLength: 128 * kib, pageOffset: 0, version: 1 }
  const small = { ...usual, commandByteLength: 4 * kib }
  // Written over the end of an earlier phase, and within one; PRP lists of several lengths.
  const again = { ...usual, commandByteLength: 20 * kib, version: 2 }
  return [
    { ...usual, ...paths('promises', 'raw', 1), ...stretch(0, 16 * mib) },
    { ...usual, ...paths('promises', 'batch', 32), ...stretch(20 * mib + 4 * kib, 64 * mib) },
    { ...usual, ...paths('raw', 'promises', 4), ...stretch(90 * mib, 64 * mib), pageOffset: 512 },
    { ...usual, ...paths('batch', 'raw', 64), ...stretch(160 * mib, 64 * mib) },
    { ...again, ...paths('raw', 'batch', 7), ...stretch(80 * mib, 5 * mib), pageOffset: 2048 },
    { ...again, ...paths('batch', 'promises', 3), ...stretch(100 * mib, 5 * mib) },
    { ...usual, ...paths('raw', 'promises', 128), ...stretch(end - 64 * mib, 30 * mib) },
    { ...small, ...paths('promises', 'raw', 16), ...stretch(end - 8 * mib, 8 * mib) },
  ]
}

function paths(write: Path, read: Path, depth: number) {
  return { write, read, depth }
}

function stretch(firstByte: number, byteLength: number) {
  return { firstByte, byteLength }
}

/** The numbers from 0 in an order that looks random and is always the same. */
export function shuffled(count: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index)
  for (let index = count - 1, state = seed | 1; index > 0; index--) {
    state = next(state)
    const other = (state >>> 0) % (index + 1)
    const moved = order[index] as number
    order[index] = order[other] as number
    order[other] = moved
  }
  return order
}

/** Fills whole blocks; every one begins with its own address and version. */
export function fill(words: Uint32Array, blockWords: number, lba: number, version: number): void {
  for (let start = 0; start < words.length; start += blockWords, lba++) {
    words[start] = lba
    words[start + 1] = version
    let state = seedOf(lba, version)
    for (let index = start + 2; index < start + blockWords; index++) {
      state = next(state)
      words[index] = state
    }
  }
}

/** The first block that does not hold what `fill` writes, as an error; undefined when all do. */
export function findDifference(
  words: Uint32Array,
  blockWords: number,
  lba: number,
  version: number,
): string | undefined {
  for (let start = 0; start < words.length; start += blockWords, lba++) {
    let state = seedOf(lba, version)
    let same = words[start] === lba && words[start + 1] === version
    for (let index = start + 2; index < start + blockWords; index++) {
      state = next(state)
      same = same && words[index] === state >>> 0
    }
    if (!same) {
      const found = `block ${words[start]} version ${words[start + 1]}`
      return `block ${lba} version ${version} holds ${found}`
    }
  }
  return undefined
}

function seedOf(lba: number, version: number): number {
  return Math.imul(lba + 1, 0x9e3779b1) ^ Math.imul(version, 0x85ebca6b) || 1
}

/** Xorshift: never 0 for a state other than 0. */
function next(state: number): number {
  state ^= state << 13
  state ^= state >>> 17
  return state ^ (state << 5)
}
