// SPDX-License-Identifier: MIT
// The blocks by which the stress of sharing knows what was lost: each wrong one must be found.
import { closeSync, ftruncateSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { blockBytes, fillBlock, versionOf } from '../stress/programs/blocks.mjs'
import { checkBlocks } from '../stress/programs/check-blocks.mjs'
import { Slot, slotBytes, words } from '../stress/programs/slot.mjs'
import { temporaryFolder } from '../support/temporary-folder.ts'

function block(lba: number, version: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(blockBytes)
  fillBlock(bytes, lba, version)
  return bytes
}

test('a block has a version, unless it is torn, or another one', () => {
  expect(versionOf(block(7, 3), 7)).toBe(3)
  expect(versionOf(new Uint8Array(blockBytes), 7)).toBe(0)
  expect(versionOf(block(8, 3), 7)).toBeUndefined()
  const torn = block(7, 3)
  torn.set(block(7, 4).subarray(256), 256)
  expect(versionOf(torn, 7)).toBeUndefined()
  const blank = new Uint8Array(blockBytes)
  blank[511] = 1
  expect(versionOf(blank, 7)).toBeUndefined()
})

test('the completed version and the one in flight are legal; older is lost, other is wrong', () => {
  using folder = temporaryFolder('stress-blocks')
  const fd = openSync(join(folder.path, 'page'), 'w+')
  ftruncateSync(fd, 2 * slotBytes)
  const slot = new Slot(fd, 1)
  slot.setCompleted(4, Uint32Array.of(5, 5, 5, 5, 5))
  slot.setInFlight(4, Uint32Array.of(5, 6, 6, 6, 6))
  const firstLba = 2048
  const versions = [5, 5, 6, 4, 7]
  const read = Buffer.concat(versions.map((version, i) => block(firstLba + 4 + i, version)))
  const bytes = new Uint8Array(read)
  expect(checkBlocks(bytes, slot, firstLba, 4)).toMatchObject({ lost: 1, wrong: 1 })
  bytes.fill(0, 0, blockBytes)
  expect(checkBlocks(bytes, slot, firstLba, 4)).toMatchObject({ lost: 2, wrong: 1 })
  bytes[700] = (bytes[700] as number) ^ 1
  expect(checkBlocks(bytes, slot, firstLba, 4)).toMatchObject({ lost: 2, wrong: 2 })
  closeSync(fd)
})

test('a block of a write under way may be cut in two by the death of the manager, no other', () => {
  using folder = temporaryFolder('stress-blocks')
  const fd = openSync(join(folder.path, 'page'), 'w+')
  ftruncateSync(fd, slotBytes)
  const slot = new Slot(fd, 0)
  slot.setCompleted(0, Uint32Array.of(5, 5, 0, 5))
  slot.setInFlight(0, Uint32Array.of(6, 5, 1, 6))
  const cut = (lba: number, before: number, after: number): Uint8Array => {
    const bytes = before === 0 ? new Uint8Array(blockBytes) : block(lba, before)
    bytes.set(block(lba, after).subarray(0, 200))
    return bytes
  }
  // The second was not being written; the last is of a version that nobody wrote.
  const read = Buffer.concat([cut(0, 5, 6), cut(1, 5, 6), cut(2, 0, 1), cut(3, 5, 7)])
  const bytes = new Uint8Array(read)
  expect(checkBlocks(bytes, slot, 0, 0, true)).toMatchObject({ lost: 0, wrong: 2, torn: 2 })
  expect(checkBlocks(bytes, slot, 0, 0)).toMatchObject({ lost: 0, wrong: 4, torn: 0 })
  closeSync(fd)
})

test('the next client of a slot finds the versions, and nothing else', () => {
  using folder = temporaryFolder('stress-blocks')
  const fd = openSync(join(folder.path, 'page'), 'w+')
  ftruncateSync(fd, slotBytes)
  const slot = new Slot(fd, 0)
  slot.set(words.wrong, 3)
  slot.setCompleted(9, Uint32Array.of(2))
  slot.clear()
  expect(slot.read().every((word) => word === 0)).toBe(true)
  expect(slot.versions(9, 1)).toEqual({
    completed: Uint32Array.of(2),
    inFlight: Uint32Array.of(0),
  })
  closeSync(fd)
})
