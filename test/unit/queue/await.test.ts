// SPDX-License-Identifier: MIT
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Controller } from '../../../src/controller.ts'
import type { DmaDescriptor } from '../../../src/dma.ts'
import type { Namespace } from '../../../src/namespace.ts'
import { binding } from '../../../src/native/load.ts'
import { openController } from '../../../src/open.ts'

const blockSize = 512
const blockCount = 4096
let controller: Controller
let namespace: Namespace

beforeAll(async () => {
  controller = await openController({ emulator: { size: blockSize * blockCount } })
  namespace = await controller.namespace(1)
})
afterAll(() => controller.close())

describe('await queue pair', () => {
  test('a shadow copy agrees after random reads and writes of all sizes and kinds', async () => {
    const shadow = new Uint8Array(blockSize * blockCount)
    await namespace.write({ lba: 0, from: shadow })
    using memory = await controller.allocate(2 << 20)
    await using queue = await controller.createQueuePair({ mode: 'await', depth: 7 })
    const operation = fc.record({
      isWrite: fc.boolean(),
      kind: fc.constantFrom('descriptor', 'subarray', 'plain', 'unaligned'),
      lba: fc.nat(blockCount - 1),
      blocks: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 21, max: 3000 })),
      offset: fc.nat(5000),
      seed: fc.nat(255),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 12 }), async (operations) => {
        for (const { isWrite, kind, lba, blocks, offset, seed } of operations) {
          const count = Math.min(blocks, blockCount - lba)
          const target = makeTarget(memory, kind, offset, count * blockSize)
          const bytes = target instanceof Uint8Array ? target : (target.bytes as Uint8Array)
          const expected = shadow.subarray(lba * blockSize, (lba + count) * blockSize)
          if (isWrite) {
            for (let i = 0; i < bytes.length; i += 61) bytes[i] = seed + i
            await queue.write({ namespace, lba, from: target })
            expected.set(bytes)
          } else {
            bytes.fill(seed)
            const filled = await queue.read({ namespace, lba, into: target })
            expect(Buffer.compare(filled, expected)).toBe(0)
          }
        }
      }),
      { numRuns: 40 },
    )
  })

  test('serves more requests than fit, first come first served', async () => {
    await using queue = await controller.createQueuePair({ mode: 'await', depth: 2 })
    using memory = await controller.allocate(blockSize)
    const order: number[] = []
    const reads = Array.from({ length: 50 }, (_, i) =>
      queue.read({ namespace, lba: i, into: memory }).then(() => order.push(i)),
    )
    await Promise.all(reads)
    expect(order).toEqual(Array.from({ length: 50 }, (_, i) => i))
  })

  test('splits what exceeds the transfer limit and says how often', async () => {
    await using queue = await controller.createQueuePair({ mode: 'await', depth: 2 })
    const { transferBytesMax } = controller.info
    await queue.read({ namespace, lba: 0, into: new Uint8Array(2 * transferBytesMax) })
    expect(queue.stats()).toMatchObject({ commands: 2, splits: 1, bounce: 2, direct: 0 })
  })

  test('bounces 128 KiB at a time, however much a command could move', async () => {
    const limits = { mdts: 8 }
    await using other = await openController({ emulator: { size: '1MiB', limits } })
    const whole = await other.namespace(1)
    await using queue = await other.createQueuePair({ mode: 'await', depth: 8 })
    using memory = await other.allocate(2 ** 19)
    const written = Uint8Array.from({ length: 2 ** 19 }, (_, i) => i >> 9)
    await queue.write({ namespace: whole, lba: 0, from: written })
    expect(queue.stats()).toMatchObject({ commands: 4, bounce: 4 })
    await queue.read({ namespace: whole, lba: 0, into: memory })
    expect(queue.stats()).toMatchObject({ commands: 5, bounce: 4, direct: 1 })
    expect(Buffer.compare(memory.bytes as Uint8Array, written)).toBe(0)
  })

  test('one promise for a group; its first error rejects it', async () => {
    await using queue = await controller.createQueuePair({ mode: 'await', depth: 4 })
    const into = Array.from({ length: 9 }, () => new Uint8Array(blockSize))
    const requests = into.map((bytes, i) => ({ namespace, lba: i, into: bytes }))
    expect(await queue.readMany(requests)).toEqual(into)
    expect(await queue.readMany([])).toEqual([])
    const beyond = { namespace, lba: blockCount, into: new Uint8Array(blockSize) }
    await expect(queue.readMany([...requests, beyond])).rejects.toMatchObject({
      code: 'ERR_NVME_STATUS',
      status: { name: 'lba_out_of_range' },
      command: { name: 'Read', lba: blockCount },
    })
  })

  test('takes a bigint for the LBA', async () => {
    const back = await namespace.read({ lba: 3n, into: new Uint8Array(blockSize) })
    expect(back).toHaveLength(blockSize)
  })

  test.each([
    { lba: -1, bytes: 512, code: 'ERR_ARGUMENT' },
    { lba: 0.5, bytes: 512, code: 'ERR_ARGUMENT' },
    { lba: 0, bytes: 0, code: 'ERR_ARGUMENT' },
    { lba: 0, bytes: 100, code: 'ERR_ALIGNMENT' },
    { lba: blockCount, bytes: 512, code: 'ERR_NVME_STATUS' },
  ])('$bytes bytes at LBA $lba: $code', async ({ lba, bytes, code }) => {
    const read = namespace.read({ lba, into: new Uint8Array(bytes) })
    await expect(read).rejects.toMatchObject({ code })
  })

  test('has no submission queue to touch', async () => {
    await using queue = await controller.createQueuePair({ mode: 'await' })
    const raw = queue as unknown as { sq: unknown }
    expect(() => raw.sq).toThrow(expect.objectContaining({ code: 'ERR_QUEUE_MODE' }))
  })

  test('leaves the event loop its turns while it is busy without a pause', async () => {
    await using queue = await controller.createQueuePair({ mode: 'await', depth: 1 })
    using memory = await controller.allocate(blockSize)
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    while (ticks < 5) await queue.read({ namespace, lba: 0, into: memory })
    clearInterval(timer)
    expect(ticks).toBeGreaterThanOrEqual(5)
  })

  test('serves a request that comes while its pump is about to stop', async () => {
    await using queue = await controller.createQueuePair({ mode: 'await', depth: 1 })
    using memory = await controller.allocate(blockSize)
    for (let i = 0; i < 3000; i++) {
      await queue.read({ namespace, lba: 0, into: memory })
      for (let hops = i % 7; hops > 0; hops--) await undefined
      if (i % 5 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(queue.stats().commands).toBe(3000)
  })

  test('sleeps while a slow device works, and is woken', async () => {
    await using slow = await openController({
      emulator: { size: '1MiB', timing: { latencyNs: 20_000_000 } },
    })
    const ns = await slow.namespace(1)
    await using queue = await slow.createQueuePair({ mode: 'await', depth: 4 })
    for (let i = 0; i < 3; i++) {
      await queue.read({ namespace: ns, lba: 0, into: new Uint8Array(blockSize) })
    }
    expect(queue.stats().wakeUps).toBeGreaterThanOrEqual(1)
  })

  test('sleeps soon although giving others the CPU takes long', async () => {
    const timing = { latencyNs: 100e6 }
    await using controller = await openController({ emulator: { size: '1MiB', timing } })
    await using queue = await controller.createQueuePair({ mode: 'await' })
    const namespace = await controller.namespace(1)
    const pump = vi.spyOn(binding(), 'pump').mockImplementation(() => {
      const until = performance.now() + 2
      while (performance.now() < until) {}
      return false
    })
    await queue.read({ namespace, lba: 0, into: new Uint8Array(512) })
    expect(pump.mock.calls.length).toBeLessThan(10)
    pump.mockRestore()
    expect(queue.stats().wakeUps).toBeGreaterThan(0)
  })
})

function makeTarget(
  memory: DmaDescriptor,
  kind: string,
  offset: number,
  byteLength: number,
): DmaDescriptor | Uint8Array {
  const bytes = memory.bytes as Uint8Array
  const at = Math.min(offset, memory.byteLength - byteLength)
  const aligned = at - (at % 4)
  if (kind === 'descriptor') return memory.view(aligned, byteLength)
  if (kind === 'subarray') return bytes.subarray(aligned, aligned + byteLength)
  if (kind === 'unaligned') return bytes.subarray(at, at + byteLength)
  return new Uint8Array(byteLength)
}
