// SPDX-License-Identifier: MIT
// Blocks that say what they are: LBA, version, words that follow from both, and a CRC-32 of all
// that. native/block.cc makes the same.
import { crc32 } from 'node:zlib'

export const blockBytes = 512
const wordCount = blockBytes / 4
const crcWord = wordCount - 1

const wordsOf = (bytes) => new Uint32Array(bytes.buffer, bytes.byteOffset, wordCount)
const crcOf = (bytes) => crc32(bytes.subarray(0, crcWord * 4))

/** Fills the first block of `bytes`. */
export function fillBlock(bytes, lba, version) {
  const words = wordsOf(bytes)
  words[0] = lba
  words[1] = version
  for (let i = 2; i < crcWord; i++) words[i] = Math.imul(lba + i, 0x9e3779b1) ^ version
  words[crcWord] = crcOf(bytes)
}

/**
 * The version of the first block of `bytes`; 0 for one that was never written, undefined for one
 * that is torn, or another's.
 */
export function versionOf(bytes, lba) {
  const words = wordsOf(bytes)
  if (words[1] === 0) return words.every((word) => word === 0) ? 0 : undefined
  return words[0] === lba && words[crcWord] === crcOf(bytes) ? words[1] : undefined
}
