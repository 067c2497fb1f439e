// SPDX-License-Identifier: MIT
// Groups whose requests have lists of buffers, of every kind and cut anywhere: what is written and
// what is read is what a copy of the namespace in memory says.
import { expect, test } from 'vitest'
import { Random } from '../../../benchmarks/latency/commands/random.ts'
import type { Controller } from '../../../src/controller.ts'
import type { DmaDescriptor } from '../../../src/dma.ts'
import { openController } from '../../../src/open.ts'
import type { DataTarget } from '../../../src/queue/command.ts'

const blockSize = 512
const blocks = 256
const memoryBytes = 1 << 20

const bytesOf = (target: DataTarget): Uint8Array =>
  (target instanceof Uint8Array ? target : target.bytes) as Uint8Array

/** Draws groups of requests, whose buffers and blocks do not overlap. */
class Groups {
  readonly #random: Random
  readonly #memory: DmaDescriptor
  #used = 0

  constructor(seed: number, memory: DmaDescriptor) {
    this.#random = new Random(seed, 0)
    this.#memory = memory
  }

  #below(end: number): number {
    return this.#random.below(end)
  }

  /** A buffer: of the device's reach, or not; of dwords, or of any bytes. */
  #target(byteLength: number): DataTarget {
    if (this.#below(3) === 0) return new Uint8Array(byteLength)
    const { bytes } = this.#memory
    const start = this.#used
    this.#used += 4 * Math.ceil(byteLength / 4) + 4 * this.#below(8)
    if (this.#below(4) === 0) return bytes?.subarray(start, start + byteLength) as Uint8Array
    return this.#memory.view(start, byteLength)
  }

  #list(byteLength: number): DataTarget[] {
    const unit = [1, 4, 512][this.#below(3)] as number
    const list: DataTarget[] = []
    let left = byteLength
    while (left > 0) {
      const part = Math.min(left, unit * (1 + this.#below(Math.ceil(byteLength / unit))))
      list.push(this.#target(part))
      left -= part
    }
    return list
  }

  next(): { readonly lba: number; readonly list: DataTarget[] }[] {
    this.#used = 0
    const group: { readonly lba: number; readonly list: DataTarget[] }[] = []
    for (let lba = this.#below(20); lba < blocks; lba += this.#below(60)) {
      const blockCount = Math.min(1 + this.#below(24), blocks - lba)
      group.push({ lba, list: this.#list(blockCount * blockSize) })
      lba += blockCount
    }
    return group
  }

  fill(list: readonly DataTarget[]): void {
    for (const target of list) {
      const bytes = bytesOf(target)
      for (let i = 0; i < bytes.length; i++) bytes[i] = this.#random.uint32()
    }
  }
}

async function withController(use: (controller: Controller) => Promise<void>): Promise<void> {
  await using controller = await openController({ emulator: { size: blocks * blockSize } })
  await use(controller)
}

test.each([1, 2, 3, 4])('seed %i', (seed) =>
  withController(async (controller) => {
    const namespace = await controller.namespace(1)
    const queue = await controller.createQueuePair({ mode: 'await', depth: 8 })
    const groups = new Groups(seed, await controller.allocate(memoryBytes))
    const shadow = new Uint8Array(blocks * blockSize)
    for (let round = 0; round < 20; round++) {
      const written = groups.next()
      for (const { lba, list } of written) {
        groups.fill(list)
        shadow.set(Buffer.concat(list.map(bytesOf)), lba * blockSize)
      }
      const writes = written.map(({ lba, list }) => ({ lba, from: list }))
      if (round % 2 === 0) await namespace.writeMany(writes, {}, queue)
      else await queue.writeMany(writes.map((write) => ({ ...write, namespace })))

      const asked = groups.next()
      const reads = asked.map(({ lba, list }) => ({ lba, into: list }))
      const read =
        round % 2 === 0
          ? await namespace.readMany(reads, {}, queue)
          : await queue.readMany(reads.map((each) => ({ ...each, namespace })))
      for (const [i, { lba, list }] of asked.entries()) {
        expect(read[i]?.length).toBe(list.length)
        expect(read[i]?.every((each, at) => each === bytesOf(list[at] as DataTarget))).toBe(true)
        const found = Buffer.concat(list.map(bytesOf))
        const start = lba * blockSize
        expect(found.equals(shadow.subarray(start, start + found.length))).toBe(true)
      }
    }
    const { direct, bounce } = queue.stats()
    expect(direct).toBeGreaterThan(0)
    expect(bounce).toBeGreaterThan(0)
  }),
)

test('lists and single buffers in one group', () =>
  withController(async (controller) => {
    const namespace = await controller.namespace(1)
    using memory = await controller.allocate(4096)
    const [one, two] = [new Uint8Array(512).fill(1), new Uint8Array(512).fill(2)]
    await namespace.writeMany([
      { lba: 0, from: [one, two] },
      { lba: 2, from: two },
    ])
    const into = [memory.view(0, 512), new Uint8Array(1024)] as const
    const read = await namespace.readMany([
      { lba: 2, into: into[0] },
      { lba: 0, into: [into[1]] },
    ])
    expect(read).toEqual([two, [Buffer.concat([one, two])].map((each) => new Uint8Array(each))])
  }))

test.each([1, 4, 32])('a request that asks for more while it is looked at, at depth %i', (depth) =>
  withController(async (controller) => {
    const namespace = await controller.namespace(1)
    using memory = await controller.allocate(64 * 512)
    await using queue = await controller.createQueuePair({ mode: 'await', depth })
    const inner: Promise<Uint8Array>[] = []
    const group = Array.from({ length: 10 }, (_, i) => ({
      namespace,
      lba: i,
      get into() {
        const into = new Uint8Array(512)
        if (i === 3) inner.push(queue.read({ namespace, lba: 0, into }))
        return memory.view(i * 512, 512)
      },
    }))
    expect(await queue.readMany(group)).toHaveLength(10)
    expect(inner.length).toBeGreaterThan(0)
    await Promise.all(inner)
    expect(queue.ring.outstanding).toBe(0)
  }),
)
