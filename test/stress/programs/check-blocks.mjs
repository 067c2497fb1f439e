// SPDX-License-Identifier: MIT
// Whether blocks that were read are of a version that is legal.
import { blockBytes, isMixed, versionOf } from './blocks.mjs'

/**
 * Judges the blocks in `bytes`, the first of which is block `first` of slot `index`.
 * `mayTear`: those of writes under way may be cut in two.
 * @returns what is wrong, and the versions that were found
 */
export function checkBlocks(bytes, slot, firstLba, first, mayTear = false) {
  const count = bytes.byteLength / blockBytes
  const { completed, inFlight } = slot.versions(first, count)
  const outcome = { wrong: 0, lost: 0, torn: 0, found: new Uint32Array(count) }
  for (let i = 0; i < count; i++) {
    const block = bytes.subarray(i * blockBytes, (i + 1) * blockBytes)
    const version = versionOf(block, firstLba + first + i)
    outcome.found[i] = version ?? completed[i]
    if (version === completed[i] || version === inFlight[i]) continue
    const mayBeTorn = mayTear && version === undefined && inFlight[i] !== completed[i]
    if (mayBeTorn && isMixed(block, firstLba + first + i, completed[i], inFlight[i])) outcome.torn++
    else if (version !== undefined && version < completed[i]) outcome.lost++
    else outcome.wrong++
  }
  return outcome
}
