// SPDX-License-Identifier: MIT
// Code of the caller's that runs within the library: `then` of what a promise resolves to, methods
// of subclasses; and arrays that go away under a request.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Controller } from '../../../src/controller.ts'
import type { DmaDescriptor } from '../../../src/dma.ts'
import type { Namespace } from '../../../src/namespace.ts'
import { openController } from '../../../src/open.ts'
import { alignedMemory } from '../../support/aligned-memory.ts'

const blockSize = 512
const blocks = 16
let controller: Controller
let namespace: Namespace

beforeAll(async () => {
  controller = await openController({ emulator: { size: '16MiB' } })
  namespace = await controller.namespace(1)
  for (let lba = 0; lba < blocks; lba++) {
    await namespace.write({ lba, from: new Uint8Array(blockSize).fill(1 + lba) })
  }
})
afterAll(() => controller.close())

test.each(['one buffer', 'pieces'])(
  'a read that is asked for while another one resolves has data of its own: %s',
  async (kind) => {
    const readsMax = 100
    await using queue = await controller.createQueuePair({ mode: 'await', depth: 4 })
    // Memory of the caller's, whose arrays have no `then` yet.
    using memory = await controller.map(alignedMemory(readsMax * 4096))
    const asked: Promise<void>[] = []
    const ask = () => {
      if (asked.length < readsMax) asked.push(read(asked.length))
    }
    const then = {
      configurable: true,
      get: () => {
        ask()
        return undefined
      },
    }
    const read = async (index: number) => {
      const lba = index % blocks
      const [first, second] = [0, 256].map((at) => memory.view(4096 * index + at, 256))
      const whole = memory.view(4096 * index, blockSize)
      const bytes = whole.bytes as Uint8Array
      if (kind === 'pieces') {
        await queue.read({ namespace, lba, into: [first, second] as DmaDescriptor[] })
      } else {
        Object.defineProperty(bytes, 'then', then)
        await queue.read({ namespace, lba, into: whole })
      }
      expect(bytes[0]).toBe(1 + lba)
    }
    if (kind === 'pieces') Object.defineProperty(Array.prototype, 'then', then)
    try {
      for (let i = 0; i < 4; i++) ask()
      for (let i = 0; i < asked.length; i++) await asked[i]
    } finally {
      Reflect.deleteProperty(Array.prototype, 'then')
    }
    expect(asked).toHaveLength(readsMax)
  },
)

test('an array that is detached costs its own request, and no memory of the pool', async () => {
  await using queue = await controller.createQueuePair({ mode: 'await', depth: 2 })
  const long = 8 << 20
  for (let i = 0; i < 600; i++) {
    const from = new Uint8Array(long / 8)
    const write = queue.write({ namespace, lba: 1024, from })
    structuredClone(from, { transfer: [from.buffer] })
    await expect(write).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  }
  // Slots of every size are to be had.
  for (let bytes = blockSize; bytes <= long; bytes *= 2) {
    await queue.write({ namespace, lba: 1024, from: new Uint8Array(bytes) })
  }
})

test.each([
  { what: 'detached', change: (buffer: ArrayBuffer) => structuredClone(0, { transfer: [buffer] }) },
  { what: 'resized', change: (buffer: ArrayBuffer) => buffer.resize(blockSize) },
])('what follows an array that was $what is not written in its place', async ({ change }) => {
  const { transferBytesMax: maxByteLength } = controller.info
  const at = (part: number) => ({ lba: 1024 + (part * maxByteLength) / blockSize })
  await namespace.write({ ...at(0), from: new Uint8Array(4 * maxByteLength) })
  await using queue = await controller.createQueuePair({ mode: 'await', depth: 1 })
  const buffers = [1, 2, 3, 4].map(() => new ArrayBuffer(maxByteLength, { maxByteLength }))
  const from = buffers.map((buffer, i) => new Uint8Array(buffer).fill(i + 1))
  const write = queue.write({ namespace, ...at(0), from })
  change(buffers[2] as ArrayBuffer)
  await expect(write).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  const values = [0, 1, 2, 3].map(async (part) => {
    const [value] = await namespace.read({ ...at(part), into: new Uint8Array(blockSize) })
    return value
  })
  expect(await Promise.all(values)).toEqual([1, 2, 0, 0])
})

test('arrays of which one gains what another loses are not written', async () => {
  await namespace.write({ lba: 1024, from: new Uint8Array(3 * blockSize) })
  await using queue = await controller.createQueuePair({ mode: 'await', depth: 1 })
  const buffers = [1, 2].map((blockCount) => {
    return new ArrayBuffer(blockCount * blockSize, { maxByteLength: 2 * blockSize })
  })
  const before = queue.read({ namespace, lba: 0, into: new Uint8Array(blockSize) })
  const from = buffers.map((buffer, i) => new Uint8Array(buffer).fill(i + 1))
  const write = queue.write({ namespace, lba: 1024, from })
  for (const [i, buffer] of buffers.entries()) buffer.resize((2 - i) * blockSize)
  await expect(write).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  await before
  const after = await namespace.read({ lba: 1024, into: new Uint8Array(3 * blockSize) })
  expect(after).toEqual(new Uint8Array(3 * blockSize))
})

test('bytes are set by no method of a subclass', async () => {
  class Odd extends Uint8Array {
    override set(): void {
      throw new Error('the caller’s own')
    }
  }
  const into = await namespace.read({ lba: 3, into: new Odd(blockSize) })
  expect(into[0]).toBe(4)
  await namespace.read({ lba: 0, into: new Uint8Array(blockSize) })
})
