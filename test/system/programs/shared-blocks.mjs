// SPDX-License-Identifier: MIT
// Blocks that say what they are, so that whoever reads one knows which write it is from: the LBA, a
// version, and words that follow from both.

export const blockSize = 512

export function fillBlock(bytes, lba, version) {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, blockSize / 4)
  words[0] = lba
  words[1] = version
  for (let i = 2; i < words.length; i++) words[i] = Math.imul(lba + i, 0x9e3779b1) ^ version
}

/**
 * The version of a block that was never written is 0. Throws for one that is torn or another's.
 * @type {(bytes: Uint8Array, lba: number) => number}
 */
export function versionOf(bytes, lba) {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, blockSize / 4)
  const version = words[1]
  const expected = new Uint8Array(blockSize)
  if (version !== 0) fillBlock(expected, lba, version)
  if (Buffer.compare(bytes.subarray(0, blockSize), expected) !== 0) {
    throw new Error(`block ${lba} is torn: version ${version}, lba ${words[0]}`)
  }
  return version
}
