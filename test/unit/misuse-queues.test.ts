// SPDX-License-Identifier: MIT
// Raw queue pairs and batches called wrongly, and in the wrong order: always an NvmError, and no
// command of somebody else's is touched.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Controller } from '../../src/controller.ts'
import type { DmaDescriptor } from '../../src/dma.ts'
import type { Namespace } from '../../src/namespace.ts'
import { openController } from '../../src/open.ts'
import {
  notACount,
  notAFunction,
  notAnObject,
  notBytes,
  notRefused,
  refusalOf,
} from '../support/misuse.ts'

let controller: Controller
let other: Controller
let namespace: Namespace
let buffer: DmaDescriptor
beforeAll(async () => {
  controller = await openController({ emulator: { size: '1MiB' } })
  other = await openController({ emulator: { size: '1MiB', blockSize: 4096 } })
  namespace = await controller.namespace(1)
  buffer = await controller.allocate(8192)
})
afterAll(async () => {
  await controller.close()
  await other.close()
})

const refused = /^ERR_(ARGUMENT|RANGE|NAMESPACE|ALIGNMENT)$/

describe('a submission queue refuses', () => {
  test.each(['read', 'write'] as const)('%s with odd arguments', async (verb) => {
    await using queue = await controller.createQueuePair({ mode: 'raw' })
    const slot = queue.sq.enqueue()
    const right = [slot, 1, 0, 1, buffer, 0] as const
    const odd = (index: number) => (value: never) =>
      queue.sq[verb](...(right.with(index, value) as never as typeof right))
    const numbers = [undefined, ...notACount]
    expect(await notRefused([...numbers, 2 ** 32], odd(1), refused)).toEqual([])
    expect(await notRefused(numbers, odd(2), refused)).toEqual([])
    expect(await notRefused([...numbers, 0, 1e6], odd(3), refused)).toEqual([])
    expect(await notRefused([undefined, ...notBytes, buffer.bytes], odd(4), refused)).toEqual([])
    expect(await notRefused([...numbers, 8192, 2], odd(5), refused)).toEqual([])
    using foreign = await other.allocate(4096)
    const elsewhere = () => queue.sq[verb](slot, 1, 0, 1, foreign, 0)
    expect(await refusalOf(elsewhere)).toBe('ERR_ARGUMENT')
    const gone = await controller.allocate(4096)
    gone[Symbol.dispose]()
    expect(await refusalOf(() => queue.sq[verb](slot, 1, 0, 1, gone, 0))).toBe('ERR_CLOSED')
  })

  test('slots that enqueue() did not give, and those whose command has completed', async () => {
    await using queue = await controller.createQueuePair({ mode: 'raw', depth: 2 })
    const { sq, cq } = queue
    const use = (slot: never) => sq.read(slot, 1, 0, 1, buffer, 0)
    const flush = (slot: never) => sq.flush(slot, 1)
    const values = [undefined, ...notACount.filter((value) => value !== -1), 0, 1, 2, 3]
    expect(await notRefused(values, use)).toEqual([])
    expect(await notRefused(values, flush)).toEqual([])
    const slots = [sq.enqueue(), sq.enqueue()]
    expect(sq.enqueue()).toBe(-1)
    expect(await refusalOf(() => use(-1 as never))).toBe('ERR_QUEUE_FULL')
    expect(await refusalOf(() => flush(-1 as never))).toBe('ERR_QUEUE_FULL')
    for (const slot of slots) sq.read(slot, 1, 0, 1, buffer, 0)
    sq.submit()
    for (let done = 0; done < 2; ) done += cq.wait()
    cq.update()
    expect(await refusalOf(() => use(slots[0] as never))).toBe('ERR_ARGUMENT')
    expect(queue.stats()).toMatchObject({ commands: 2, strays: 0 })
  })

  test('a flush of no namespace', async () => {
    await using queue = await controller.createQueuePair({ mode: 'raw' })
    const slot = queue.sq.enqueue()
    const attempt = (id: never) => queue.sq.flush(slot, id)
    expect(await notRefused([undefined, ...notACount, 0, 2 ** 32], attempt)).toEqual([])
  })
})

describe('a batch refuses', () => {
  test('options of another kind', async () => {
    await using queue = await controller.createQueuePair({ mode: 'raw' })
    const right = { namespace, memory: buffer, capacity: 4 }
    const make = (options: never) => queue.batch(options)
    expect(await notRefused([undefined, ...notAnObject, {}, { ...right, x: 1 }], make)).toEqual([])
    const odd = (name: string) => (value: unknown) =>
      queue.batch({ ...right, [name]: value } as never)
    expect(await notRefused([undefined, ...notAnObject, {}], odd('namespace'))).toEqual([])
    expect(await notRefused([undefined, ...notBytes], odd('memory'))).toEqual([])
    expect(await notRefused([...notACount, 0, 2 ** 21], odd('capacity'))).toEqual([])
    using foreign = await other.allocate(4096)
    expect(await refusalOf(() => odd('memory')(foreign))).toBe('ERR_ARGUMENT')
    const otherNamespace = await other.namespace(1)
    expect(await refusalOf(() => odd('namespace')(otherNamespace))).toBe('ERR_ARGUMENT')
    expect(await refusalOf(() => odd('memory')(buffer.view(4096, 4096)))).toBe('ERR_ARGUMENT')
    expect(await refusalOf(() => odd('memory')(buffer.view(0, 4096)))).toBe('ERR_ARGUMENT')
    const gone = await controller.allocate(4096)
    gone[Symbol.dispose]()
    expect(await refusalOf(() => odd('memory')(gone))).toBe('ERR_CLOSED')
  })

  test('counts and commands that are none', async () => {
    await using queue = await controller.createQueuePair({ mode: 'raw' })
    const batch = queue.batch({ namespace, memory: buffer, capacity: 4 })
    batch.commands.set([2, 0, 1, 0])
    const numbers = [undefined, ...notACount]
    expect(await notRefused(numbers, (count) => batch.run(count))).toEqual([])
    expect(await notRefused(numbers, (first) => batch.exchange(first, 1, 0))).toEqual([])
    expect(await notRefused(numbers, (count) => batch.exchange(0, count, 0))).toEqual([])
    const wants = numbers.filter((value) => value !== 2 ** 53)
    expect(await notRefused(wants, (wanted) => batch.exchange(0, 0, wanted))).toEqual([])
    expect(await notRefused(notAFunction, (hears) => batch.run(1, hears))).toEqual([])
    for (let word = 0; word < 4; word++) {
      const odd = (value: never) => {
        batch.commands.set([2, 0, 1, 0])
        batch.commands[word] = value
        return batch.exchange(0, 1, 0)
      }
      const values = [Number.NaN, -1, 0.5, 1e9, Infinity].filter(
        (value) => word !== 1 || value !== 1e9,
      )
      expect(await notRefused(values, odd)).toEqual([])
    }
    batch.commands.set([2, 0, 1, 0])
    expect(batch.run(1)).toBe(0)
    expect(queue.stats().commands).toBe(1)
  })

  test.each([
    { command: [256, 0, 1, 0], why: 'its opcode is not 0 to 255' },
    { command: [2, 0.5, 1, 0], why: 'its LBA is not' },
    { command: [2, 0, 65537, 0], why: 'its block count is not 0 to 65536' },
    { command: [2, 0, 0, 0], why: 'its block count is 0, and its opcode moves blocks' },
    { command: [2, 0, 1000, 0], why: 'it moves 512000 bytes, and a command at most 131072' },
    { command: [2, 0, 1, 2], why: 'its byte offset is no multiple of 4 from 0 to 8192' },
    { command: [2, 0, 2, 7680], why: '1024 bytes at offset 7680 end beyond the memory of 8192' },
  ])('and says why: $why', async ({ command, why }) => {
    await using queue = await controller.createQueuePair({ mode: 'raw' })
    const batch = queue.batch({ namespace, memory: buffer, capacity: 2 })
    batch.commands.set([2, 0, 1, 0, ...command])
    expect(() => batch.run(2)).toThrow(`command 1 of the batch: ${why}`)
    expect(queue.stats().commands).toBe(0)
  })

  test('commands that another thread makes unsound, before it submits any of them', async () => {
    await using queue = await controller.createQueuePair({ mode: 'raw', depth: 32 })
    const batch = queue.batch({ namespace, memory: buffer, capacity: 32 })
    for (let i = 0; i < 32; i++) batch.commands.set([2, 0, 1, 0], 4 * i)
    const blockCount = 4 * 31 + 2
    const changeForEver = `
      const commands = require('node:worker_threads').workerData
      for (;;) {
        commands[${blockCount}] = 65536
        commands[${blockCount}] = 1
      }`
    const worker = new Worker(changeForEver, { eval: true, workerData: batch.commands })
    const refusals = new Set<unknown>()
    let runs = 0
    let failed = 0
    try {
      const deadline = performance.now() + 10_000
      for (let i = 0; i < 20_000 || runs === 0 || refusals.size === 0; i++) {
        if (performance.now() > deadline) break
        try {
          batch.exchange(0, 32, 32)
          runs++
        } catch (error) {
          refusals.add((error as { code?: unknown }).code)
        }
        for (let at = 0; at < batch.reaped; at++) if (batch.outcomes[2 * at + 1] !== 0) failed++
      }
    } finally {
      await worker.terminate()
    }
    expect([...refusals]).toEqual(['ERR_RANGE'])
    expect(runs).toBeGreaterThan(0)
    expect(failed).toBe(0)
    expect(queue.stats().commands).toBe(32 * runs)
  })
})

test('the numbers of a batch cannot be transferred away from it', async () => {
  await using queue = await controller.createQueuePair({ mode: 'raw' })
  const batch = queue.batch({ namespace, memory: buffer, capacity: 1 })
  for (const { buffer: memory } of [batch.commands, batch.outcomes]) {
    const transfer = [memory as ArrayBuffer]
    expect(() => structuredClone(memory, { transfer })).toThrow()
    expect(Object.hasOwn(Object.getPrototypeOf(memory), 'transfer')).toBe(false)
    expect(memory.byteLength).toBeGreaterThan(0)
  }
})

describe('a queue pair of the other way', () => {
  test('names the way that it has', async () => {
    await using raw = await controller.createQueuePair({ mode: 'raw' })
    await using promises = await controller.createQueuePair({ mode: 'await' })
    for (const name of ['read', 'write', 'flush', 'readMany', 'writeMany']) {
      expect(await refusalOf(() => Reflect.get(raw, name))).toBe('ERR_QUEUE_MODE')
    }
    for (const name of ['sq', 'cq', 'batch']) {
      expect(await refusalOf(() => Reflect.get(promises, name))).toBe('ERR_QUEUE_MODE')
    }
  })
})

test('waiting where nothing can come says so at once', async () => {
  await using queue = await controller.createQueuePair({ mode: 'raw', depth: 2 })
  const { sq, cq } = queue
  const refusal = expect.objectContaining({ code: 'ERR_ARGUMENT' })
  // Three slots: the last of these commands is behind the wrap.
  for (let i = 0; i < 3; i++) {
    expect(() => cq.wait()).toThrow('no command is outstanding; sq.submit() is what sends')
    sq.read(sq.enqueue(), 1, 0, 1, buffer, 0)
    expect(() => cq.wait()).toThrow(refusal)
    expect(() => cq.wait()).toThrow('1 enqueued, none submitted')
    sq.submit()
    expect(cq.wait()).toBe(1)
    cq.update()
  }
})

describe('after it was closed', () => {
  test('a raw queue pair refuses everything, and still shows what it was', async () => {
    const queue = await controller.createQueuePair({ mode: 'raw' })
    const batch = queue.batch({ namespace, memory: buffer, capacity: 4 })
    const { sq, cq } = queue
    const slot = sq.enqueue()
    await Promise.all([queue.close(), queue.close()])
    const attempts = [
      () => sq.enqueue(),
      () => sq.read(slot, 1, 0, 1, buffer, 0),
      () => sq.write(slot, 1, 0, 1, buffer, 0),
      () => sq.flush(slot, 1),
      () => sq.submit(),
      () => cq.poll(),
      () => cq.wait(),
      () => cq.update(),
      () => queue.batch({ namespace, memory: buffer, capacity: 4 }),
      () => batch.exchange(0, 1, 1),
      () => batch.run(1),
    ]
    expect(await Promise.all(attempts.map(refusalOf))).toEqual(attempts.map(() => 'ERR_CLOSED'))
    expect([sq.words.length, queue.stats().commands]).toEqual([0, 0])
    expect(queue.dump()).toContain('closed')
  })
  test('a submission queue that was transferred is not freed under its owner', async () => {
    const queue = await controller.createQueuePair({ mode: 'raw', depth: 1000 })
    const { words } = queue.sq
    const transferred = new Int32Array(transferOf(words.buffer))
    expect(words.length).toBe(0)
    await queue.close()
    expect(transferred.fill(7)).toHaveLength(1001 * 16)
  })
})

/** ArrayBuffer.prototype.transfer(), which Node 20 has behind a flag. */
function transferOf(buffer: ArrayBufferLike): ArrayBuffer {
  setFlagsFromString('--harmony-rab-gsab-transfer')
  return runInNewContext('ArrayBuffer.prototype.transfer').call(buffer)
}
