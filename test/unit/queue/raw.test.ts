// SPDX-License-Identifier: MIT

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Controller } from '../../../src/controller.ts'
import { openController } from '../../../src/open.ts'
import type { RawQueuePair } from '../../../src/queue/raw.ts'

const blockSize = 512
let controller: Controller

/** Polls until `count` completions came; returns them as done had them. */
function collect({ cq }: RawQueuePair, count: number): number[] {
  const entries: number[] = []
  while (entries.length < count) {
    const got = cq.wait()
    entries.push(...cq.done.subarray(0, got))
    cq.update()
  }
  return entries
}

beforeAll(async () => {
  controller = await openController({ emulator: { size: '16MiB' } })
  await controller.namespace(1)
})
afterAll(() => controller.close())

describe('raw queue pair', () => {
  test('is full at any depth, and laps its queues without losing a command', async () => {
    using buffer = await controller.allocate(4096)
    for (const depth of [1, 2, 3, 7, 32]) {
      await using queue = await controller.createQueuePair({ mode: 'raw', depth })
      const { sq } = queue
      for (let lap = 0; lap < 5; lap++) {
        const ids = new Set<number>()
        for (let i = 0; i < depth; i++) {
          const slot = sq.enqueue()
          ids.add(sq.commandId(slot))
          sq.read(slot, 1, i, 1, buffer, 0)
        }
        expect(ids.size).toBe(depth)
        expect(sq.enqueue()).toBe(-1)
        sq.submit()
        const done = collect(queue, depth)
        expect(new Set(done.map((entry) => entry & 0xffff))).toEqual(ids)
        expect(done.every((entry) => entry >>> 16 === 0)).toBe(true)
      }
    }
  })

  test('moves data that needs one page, two pages, and a list', async () => {
    using buffer = await controller.allocate(1 << 20)
    const bytes = buffer.bytes as Uint8Array
    await using queue = await controller.createQueuePair({ mode: 'raw', depth: 4 })
    const { sq } = queue
    for (const { offset, blockCount } of [
      { offset: 512, blockCount: 1 },
      { offset: 3584, blockCount: 2 },
      { offset: 4096, blockCount: 16 },
      { offset: 1536, blockCount: 100 },
    ]) {
      const byteLength = blockCount * blockSize
      const part = bytes.subarray(offset, offset + byteLength)
      for (let i = 0; i < byteLength; i++) part[i] = (i * 7 + offset) & 0xff
      const written = part.slice()
      sq.write(sq.enqueue(), 1, 100, blockCount, buffer, offset)
      sq.submit()
      expect(collect(queue, 1)).toEqual([expect.any(Number)])
      bytes.fill(0)
      sq.read(sq.enqueue(), 1, 100, blockCount, buffer, offset)
      sq.submit()
      collect(queue, 1)
      expect(Buffer.compare(part, written)).toBe(0)
    }
  })

  test('the status field of a failed command is in bits 30:16', async () => {
    using buffer = await controller.allocate(4096)
    await using queue = await controller.createQueuePair({ mode: 'raw', depth: 2 })
    queue.sq.read(queue.sq.enqueue(), 1, 1e6, 1, buffer, 0)
    queue.sq.submit()
    const [entry = 0] = collect(queue, 1)
    expect((entry >>> 16) & 0x7ff).toBe(0x80)
  })

  test('rings one doorbell for all that was enqueued', async () => {
    using buffer = await controller.allocate(4096)
    await using queue = await controller.createQueuePair({ mode: 'raw', depth: 8 })
    for (let i = 0; i < 8; i++) queue.sq.read(queue.sq.enqueue(), 1, i, 1, buffer, 0)
    queue.sq.submit()
    queue.sq.submit()
    collect(queue, 8)
    expect(queue.stats()).toMatchObject({ commands: 8, bytes: 4096, direct: 8, doorbells: 1 })
  })

  test('counts what it has sent, whoever filled a slot, and however often', async () => {
    using buffer = await controller.allocate(8192)
    await using queue = await controller.createQueuePair({ mode: 'raw', depth: 8 })
    const { sq } = queue
    const fill = (slot: number, ...dwords: number[]): void => {
      dwords[0] = (dwords[0] as number) | (sq.commandId(slot) << 16)
      sq.words.fill(0, 16 * slot, 16 * slot + 16)
      sq.words.set(dwords, 16 * slot)
    }
    const send = (count: number) => {
      sq.submit()
      expect(collect(queue, count).every((entry) => entry >>> 16 === 0)).toBe(true)
      return queue.stats()
    }
    const twice = sq.enqueue()
    sq.read(twice, 1, 0, 8, buffer, 0)
    sq.read(twice, 1, 0, 2, buffer, 0)
    const flushed = sq.enqueue()
    sq.read(flushed, 1, 0, 8, buffer, 0)
    sq.flush(flushed, 1)
    expect(queue.stats()).toMatchObject({ commands: 0, bytes: 0, direct: 0 })
    expect(send(2)).toMatchObject({ commands: 2, bytes: 1024, direct: 1, doorbells: 1 })

    const { ioAddress = 0 } = buffer.runs[0] ?? {}
    const low = ioAddress | 0
    const high = Math.floor(ioAddress / 2 ** 32)
    fill(sq.enqueue(), 2, 1, 0, 0, 0, 0, low, high) // Read of one block
    fill(sq.enqueue(), 0, 1) // Flush
    expect(send(2)).toMatchObject({ commands: 4, bytes: 1024, direct: 2, doorbells: 2 })

    // Again and again through all slots: nothing is left of what a slot was before.
    for (let lap = 1; lap <= 9; lap++) {
      sq.write(sq.enqueue(), 1, 0, 3, buffer, 0)
      fill(sq.enqueue(), 0, 1)
      const { commands, bytes, direct } = send(2)
      expect([commands, bytes, direct]).toEqual([4 + 2 * lap, 1024 + 1536 * lap, 2 + lap])
    }
  })

  test('counts what a batch sends, and what it sends for others', async () => {
    const namespace = await controller.namespace(1)
    using memory = await controller.allocate(64 * blockSize)
    await using queue = await controller.createQueuePair({ mode: 'raw', depth: 5 })
    const batch = queue.batch({ namespace, memory, capacity: 12 })
    const kinds = [
      [2, 0, 8, 0],
      [0, 0, 0, 0], // Flush
      [1, 8, 3, 4096],
      [8, 100, 9, 0], // Write Zeroes
    ]
    for (let i = 0; i < 12; i++) batch.commands.set(kinds[i % 4] as number[], 4 * i)
    expect(batch.run(12)).toBe(0)
    const bytes = 3 * 11 * blockSize
    expect(queue.stats()).toMatchObject({ commands: 12, bytes, direct: 6, bounce: 0, p2p: 0 })

    queue.sq.read(queue.sq.enqueue(), 1, 0, 4, memory, 0)
    queue.sq.flush(queue.sq.enqueue(), 1)
    const { doorbells } = queue.stats()
    batch.exchange(0, 3, 5)
    expect(batch.reaped).toBe(5)
    expect(queue.stats()).toMatchObject({
      commands: 17,
      bytes: bytes + 15 * blockSize,
      direct: 9,
      doorbells: doorbells + 2,
    })
    const before = queue.stats()
    expect(() => batch.exchange(0, 13, 0)).toThrow(expect.objectContaining({ code: 'ERR_RANGE' }))
    expect(queue.stats()).toEqual(before)
  })

  test('refuses what lies outside of the descriptor, and an unknown namespace', async () => {
    using buffer = await controller.allocate(4096)
    await using queue = await controller.createQueuePair({ mode: 'raw', depth: 2 })
    const slot = queue.sq.enqueue()
    const range = expect.objectContaining({ code: 'ERR_RANGE' })
    expect(() => queue.sq.read(slot, 1, 0, 9, buffer, 0)).toThrow(range)
    expect(() => queue.sq.read(slot, 1, 0, 1, buffer, 4096)).toThrow(range)
    expect(() => queue.sq.read(slot, 1, 0, 0, buffer, 0)).toThrow(range)
    const unknown = expect.objectContaining({ code: 'ERR_NAMESPACE' })
    expect(() => queue.sq.read(slot, 9, 0, 1, buffer, 0)).toThrow(unknown)
  })

  test('has no promises', async () => {
    await using queue = await controller.createQueuePair({ mode: 'raw' })
    const promising = queue as unknown as { read(): void }
    expect(() => promising.read()).toThrow(expect.objectContaining({ code: 'ERR_QUEUE_MODE' }))
  })

  test('a batch writes and reads what its numbers say', async () => {
    const namespace = await controller.namespace(1)
    using memory = await controller.allocate(64 * blockSize)
    const bytes = memory.bytes as Uint8Array
    await using queue = await controller.createQueuePair({ mode: 'raw', depth: 5 })
    const batch = queue.batch({ namespace, memory, capacity: 64 })
    const describeAll = (opcode: number): void => {
      for (let i = 0; i < 64; i++) batch.commands.set([opcode, 200 + i, 1, i * blockSize], 4 * i)
    }
    for (let i = 0; i < 64; i++) bytes.fill(i + 1, i * blockSize, (i + 1) * blockSize)
    const written = bytes.slice()
    describeAll(1)
    expect(batch.run(64)).toBe(0)
    bytes.fill(0)
    describeAll(2)
    const seen = new Set<number>()
    expect(batch.run(64, (index) => seen.add(index))).toBe(0)
    expect(seen.size).toBe(64)
    expect(Buffer.compare(bytes, written)).toBe(0)
    batch.commands[1] = 1e9
    expect(batch.run(1)).toBe(1)
    batch.commands[3] = 64 * blockSize
    const range = expect.objectContaining({ code: 'ERR_RANGE' })
    expect(() => batch.run(1)).toThrow(range)
  })

  test('commands of all kinds follow each other in a batch, whatever its depth', async () => {
    const namespace = await controller.namespace(1)
    using memory = await controller.allocate(16 * 4096)
    const bytes = memory.bytes as Uint8Array
    // In turn one page, two, a list, and none: each with words that the others leave 0.
    const kinds = [
      [1, 3],
      [6, 4],
      [20, 24],
    ] as const
    const at = (i: number) => kinds.slice(0, i % 4).reduce((sum, [, blocks]) => sum + blocks, 0)
    for (const depth of [1, 3]) {
      await using queue = await controller.createQueuePair({ mode: 'raw', depth })
      const batch = queue.batch({ namespace, memory, capacity: 12 })
      const describeAll = (opcode: number): void => {
        for (let i = 0; i < 12; i++) {
          const [first, blocks] = kinds[i % 4] ?? [0, 0]
          const lba = 1000 * (1 + i) + at(i)
          batch.commands.set(i % 4 === 3 ? [0, 0, 0, 0] : [opcode, lba, blocks, 512 * first], 4 * i)
        }
      }
      const data = bytes.map((_, i) => (depth + i * 7 + (i >> 9)) & 0xff).slice(0, 44 * 512)
      bytes.set(data)
      describeAll(1)
      expect(batch.run(12)).toBe(0)
      for (let i = 0; i < 12; i++) {
        const [first, blocks] = kinds[i % 4] ?? [0, 0]
        if (blocks === 0) continue
        const into = new Uint8Array(512 * blocks)
        await namespace.read({ lba: 1000 * (1 + i) + at(i), into })
        expect(into).toEqual(data.subarray(512 * first, 512 * (first + blocks)))
      }
      bytes.fill(0)
      describeAll(2)
      expect(batch.run(12)).toBe(0)
      for (const [first, blocks] of kinds) {
        const part = [512 * first, 512 * (first + blocks)] as const
        expect(bytes.subarray(...part)).toEqual(data.subarray(...part))
      }
      expect(queue.stats()).toMatchObject({ commands: 24, direct: 18 })
    }
  })

  test('what has completed last makes room for a command that an exchange leaves', async () => {
    const namespace = await controller.namespace(1)
    using memory = await controller.allocate(blockSize)
    await using queue = await controller.createQueuePair({ mode: 'raw', depth: 1 })
    const batch = queue.batch({ namespace, memory, capacity: 4 })
    for (let i = 0; i < 4; i++) batch.commands.set([2, i, 1, 0], 4 * i)
    expect(batch.exchange(0, 4, 3)).toBe(4)
    expect(batch.reaped).toBe(3)
    expect(batch.exchange(0, 0, 1)).toBe(0)
    expect(batch.outcomes.slice(0, 2)).toEqual(Int32Array.of(3, 0))
  })

  test('one exchange runs more commands than fit, as far as completions are wanted', async () => {
    const namespace = await controller.namespace(1)
    using memory = await controller.allocate(blockSize)
    await using queue = await controller.createQueuePair({ mode: 'raw', depth: 2 })
    const batch = queue.batch({ namespace, memory, capacity: 20 })
    for (let i = 0; i < 20; i++) batch.commands.set([2, i, 1, 0], 4 * i)
    expect(batch.exchange(0, 10, 10)).toBe(10)
    expect(batch.reaped).toBe(10)
    const indices = Array.from({ length: 10 }, (_, i) => batch.outcomes[2 * i])
    expect(indices.sort((a, b) => Number(a) - Number(b))).toEqual([...Array(10).keys()])
    const { doorbells } = queue.stats()
    expect(doorbells).toBeGreaterThanOrEqual(5)

    const submitted = batch.exchange(0, 20, 3)
    expect(batch.reaped).toBeGreaterThanOrEqual(3)
    expect(submitted - batch.reaped).toBeLessThanOrEqual(2)
    expect(submitted).toBeLessThanOrEqual(5)
    const left = submitted - batch.reaped
    batch.exchange(submitted, 0, 2)
    expect(batch.reaped).toBe(left)
    expect(queue.stats().commands).toBe(10 + submitted)

    // What somebody else has begun is none of a run's.
    batch.exchange(18, 2, 0)
    const begun = 2 - batch.reaped
    if (begun > 0) {
      expect(() => batch.run(3)).toThrow(expect.objectContaining({ code: 'ERR_BUSY' }))
    }
    batch.exchange(0, 0, begun)
    const seen: number[] = []
    expect(batch.run(3, (index) => seen.push(index))).toBe(0)
    expect(seen.sort()).toEqual([0, 1, 2])
    const { commands } = queue.stats()
    expect(commands).toBe(10 + submitted + 5)

    // What a call may come to is looked at before anything is sent.
    batch.commands[4 * 5 + 3] = blockSize
    expect(() => batch.exchange(0, 20, 20)).toThrow(
      expect.objectContaining({ code: 'ERR_RANGE', message: expect.stringContaining('command 5') }),
    )
    expect([queue.stats().commands, batch.reaped]).toEqual([commands, 0])
    expect(batch.exchange(0, 20, 1)).toBeLessThanOrEqual(3)
    expect(batch.run(0)).toBe(0)
  })
})
