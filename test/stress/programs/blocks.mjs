// SPDX-License-Identifier: MIT
// Blocks that say what they are: LBA, version, words that follow from both, and a CRC-32 of all
// that. native/block.cc makes the same.
import { crc32 } from 'node:zlib'

export const blockBytes = 512
const wordCount = blockBytes / 4
const crcWord = wordCount - 1

const wordsOf = (bytes) => new Uint32Array(bytes.buffer, bytes.byteOffset, wordCount)
/** What a word is beside the version. */
const pattern = (lba, index) => Math.imul(lba + index, 0x9e3779b1)
const crcOf = (bytes) => crc32(bytes.subarray(0, crcWord * 4))

/** Fills the first block of `bytes`. */
export function fillBlock(bytes, lba, version) {
  const words = wordsOf(bytes)
  words[0] = lba
  words[1] = version
  for (let i = 2; i < crcWord; i++) words[i] = pattern(lba, i) ^ version
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

/** Whether each word of the first block of `bytes` is of one of the versions `from` to `to`. */
export function isMixed(bytes, lba, from, to) {
  const words = wordsOf(bytes)
  const isLegal = (version) => version >>> 0 >= from && version >>> 0 <= to
  const isBlank = (word) => from === 0 && word === 0
  return words.every((word, i) => {
    if (i === crcWord) return true
    if (i === 0) return word === lba || isBlank(word)
    return isLegal(i === 1 ? word : word ^ pattern(lba, i)) || isBlank(word)
  })
}
