// SPDX-License-Identifier: MIT
// The verbs of a raw queue in the wrong order: nothing in flight changes, and nothing is lost.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Controller } from '../../../src/controller.ts'
import type { DmaDescriptor } from '../../../src/dma.ts'
import { type Emulator, startEmulator } from '../../../src/emulator/emulator.ts'
import type { Namespace } from '../../../src/namespace.ts'
import { openController } from '../../../src/open.ts'
import type { RawQueuePair } from '../../../src/queue/raw.ts'

const blockSize = 512
const slowLba = 1000
const slowNs = 100e6
let device: Emulator
let controller: Controller
let namespace: Namespace
let memory: DmaDescriptor
let queue: RawQueuePair

beforeAll(async () => {
  device = await startEmulator({ size: '1MiB' })
  device.inject({ on: { queues: 'io', lbas: { lba: slowLba, blockCount: 8 } }, delayNs: slowNs })
  device.inject({ on: { queues: 'admin', opcode: 0 }, delayNs: slowNs })
  controller = await openController(device.controller())
  namespace = await controller.namespace(1)
  memory = await controller.allocate(64 * 1024)
})
beforeEach(async () => {
  queue = await controller.createQueuePair({ mode: 'raw', depth: 8 })
  return () => queue.close()
})
afterAll(async () => {
  await controller.close()
  await device.close()
})

/** Every verb that fills a slot, and the one that asks for its id. */
const uses: [string, (slot: number) => unknown][] = [
  ['read', (slot) => queue.sq.read(slot, 1, 0, 1, memory, 0)],
  ['write', (slot) => queue.sq.write(slot, 1, 0, 1, memory, 0)],
  ['flush', (slot) => queue.sq.flush(slot, 1)],
  ['commandId', (slot) => queue.sq.commandId(slot)],
]

test.each(uses)('%s refuses a slot that was sent, while its command is outstanding', (_, use) => {
  const { sq, cq } = queue
  const slot = sq.enqueue()
  sq.read(slot, 1, slowLba, 1, memory, 0)
  sq.submit()
  expect(() => use(slot)).toThrow(expect.objectContaining({ code: 'ERR_ARGUMENT' }))
  expect(cq.wait()).toBe(1)
})

test.each(uses)('%s refuses slots that enqueue() has not given', (_, use) => {
  const { sq, cq } = queue
  const given = sq.enqueue()
  for (let slot = 0; slot <= queue.depth; slot++) {
    if (slot === given) continue
    expect(() => use(slot)).toThrow(expect.objectContaining({ code: 'ERR_ARGUMENT' }))
  }
  sq.read(given, 1, 0, 1, memory, 0)
  sq.submit()
  expect([cq.wait(), cq.done[0]]).toEqual([1, 0])
})

test('memory of a command in flight stays, whatever is asked of its slot', async () => {
  const { sq, cq } = queue
  await namespace.write({ lba: slowLba, from: new Uint8Array(4096).fill(0xee) })
  const reached = await controller.allocate(4096)
  const slot = sq.enqueue()
  sq.read(slot, 1, slowLba, 8, reached, 0)
  sq.submit()
  expect(() => sq.flush(slot, 1)).toThrow()
  reached[Symbol.dispose]()
  const others = await Promise.all(Array.from({ length: 16 }, () => controller.allocate(4096)))
  for (const { bytes } of others) bytes?.fill(0)
  expect(cq.wait()).toBe(1)
  expect(others.filter(({ bytes }) => bytes?.[0] !== 0)).toEqual([])
  for (const each of others) each[Symbol.dispose]()
})

test('`done` cannot be transferred away: statuses stay to be seen', () => {
  const { sq, cq } = queue
  expect(() => structuredClone(0, { transfer: [cq.done.buffer as ArrayBuffer] })).toThrow()
  sq.read(sq.enqueue(), 1, 2 ** 40, 1, memory, 0)
  sq.submit()
  expect(cq.wait()).toBe(1)
  expect((cq.done[0] as number) >>> 16).not.toBe(0)
})

test('what is submitted after close() was called reaches no queue', async () => {
  const { sq } = queue
  await namespace.write({ lba: 8, from: new Uint8Array(blockSize).fill(1) })
  memory.bytes?.fill(2)
  const closing = queue.close()
  sq.write(sq.enqueue(), 1, 8, 1, memory, 0)
  sq.submit()
  await closing
  expect((await namespace.read({ lba: 8, into: new Uint8Array(blockSize) }))[0]).toBe(1)
})
