// SPDX-License-Identifier: MIT
// I/O addresses in two words: memory that crosses a multiple of 4 GiB, where the upper one changes.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Controller } from '../../../src/controller.ts'
import type { DmaDescriptor } from '../../../src/dma.ts'
import type { Namespace } from '../../../src/namespace.ts'
import { openController } from '../../../src/open.ts'

const blockSize = 512
const blockCount = 512
const chunkBytes = 256 * 2 ** 20
const chunksMax = 17 // as many as lie one after the other cross it

let controller: Controller
let namespace: Namespace
/** The last one is `memory`. */
const chunks: DmaDescriptor[] = []
let memory: DmaDescriptor
/** Byte of `memory` whose I/O address is the multiple. */
let crossing: number

/** What block `lba` holds, so that no two are alike. */
const contentOf = (lba: number): Uint8Array => new Uint8Array(blockSize).fill(1 + (lba % 251))

beforeAll(async () => {
  controller = await openController({ emulator: { size: '16MiB' } })
  namespace = await controller.namespace(1)
  for (let i = 0; i < chunksMax && crossing === undefined; i++) {
    const chunk = await controller.allocate(chunkBytes)
    chunks.push(chunk)
    const [run] = chunk.runs
    expect(run?.byteLength).toBe(chunkBytes)
    const before = 2 ** 32 - ((run?.ioAddress ?? 0) % 2 ** 32)
    if (before >= chunkBytes) continue
    memory = chunk
    crossing = before
  }
  for (let lba = 0; lba < blockCount; lba++) {
    await namespace.write({ lba, from: contentOf(lba) })
  }
})
afterAll(() => controller.close())

/** From how many bytes before the crossing, and how long: one page, two pages, lists. */
const parts = [
  [8 * blockSize, 8],
  [blockSize, 1],
  [0, 1],
  [0, 8],
  [4 * blockSize, 8],
  [20 * blockSize, 40],
  [0, 64],
] as const

describe('memory that crosses a multiple of 4 GiB', () => {
  const lengthOf = (blocks: number) => blocks * blockSize
  const expected = (lba: number, blocks: number) =>
    Buffer.concat(Array.from({ length: blocks }, (_, i) => contentOf(lba + i)))
  const read = (at: number, blocks: number) =>
    Buffer.from((memory.bytes as Uint8Array).subarray(at, at + lengthOf(blocks)))

  test.each(parts)('raw: from %d bytes before it, %d blocks', async (before, blocks) => {
    const lba = before / blockSize + blocks
    const at = crossing - before
    await using queue = await controller.createQueuePair({ mode: 'raw', depth: 1 })
    const { sq, cq } = queue
    sq.read(sq.enqueue(), 1, lba, blocks, memory, at)
    sq.submit()
    expect(cq.wait()).toBe(1)
    expect((cq.done[0] as number) >>> 16).toBe(0)
    expect(read(at, blocks).equals(expected(lba, blocks))).toBe(true)
  })

  test.each(parts)('await: from %d bytes before it, %d blocks', async (before, blocks) => {
    const lba = before / blockSize + blocks + 100
    const at = crossing - before
    await namespace.read({ lba, into: memory.view(at, lengthOf(blocks)) })
    expect(read(at, blocks).equals(expected(lba, blocks))).toBe(true)
  })
})
