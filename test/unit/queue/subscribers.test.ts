// SPDX-License-Identifier: MIT
// Subscribers of diagnostics channels that use the queue whose commands they are told.
import { channel } from 'node:diagnostics_channel'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Controller } from '../../../src/controller.ts'
import { startEmulator } from '../../../src/emulator/emulator.ts'
import type { Namespace } from '../../../src/namespace.ts'
import { openController } from '../../../src/open.ts'
import type { CompletedCommand, SubmittedCommand } from '../../../src/trace.ts'

type Message = SubmittedCommand | CompletedCommand

const blockSize = 512
const blockCount = 4096
/** What block `lba` begins with. */
const markOf = (lba: number): number => 1 + (lba % 251)

let controller: Controller
let namespace: Namespace

beforeAll(async () => {
  controller = await openController({ emulator: { size: '16MiB', limits: { mdts: 1 } } })
  namespace = await controller.namespace(1)
  const from = new Uint8Array(blockCount * blockSize)
  for (let lba = 0; lba < blockCount; lba++) from[lba * blockSize] = markOf(lba)
  await namespace.write({ lba: 0, from })
})
afterAll(() => controller.close())

/** Calls `listen` with each message of I/O queues, within it, until the test ends. */
function onMessage<M extends Message>(name: 'submit' | 'complete', listen: (message: M) => void) {
  const listenToQueues = (message: unknown): void => {
    if ((message as M).queue !== 0) listen(message as M)
  }
  channel(`peernvm:${name}`).subscribe(listenToQueues)
  onTestFinished(() => void channel(`peernvm:${name}`).unsubscribe(listenToQueues))
}

describe('a subscriber that uses the queue it is told of', () => {
  test('submits to a raw queue: all are sent, once', async () => {
    await using queue = await controller.createQueuePair({ mode: 'raw', depth: 8 })
    const { sq, cq } = queue
    using memory = await controller.allocate(4096)
    const enqueue = (lba: number) => sq.read(sq.enqueue(), 1, lba, 1, memory, blockSize * lba)
    let told: unknown[] = []
    onMessage<SubmittedCommand>('submit', ({ command }) => {
      if (told.push(command.lba) !== 1) return
      enqueue(2)
      sq.submit()
      enqueue(3) // for the next submit()
    })
    for (let lap = 1; lap <= 5; lap++) {
      told = []
      enqueue(0)
      enqueue(1)
      sq.submit()
      const done: number[] = []
      while (done.length < 3) done.push(...cq.done.subarray(0, cq.wait()))
      expect(done.every((entry) => entry >>> 16 === 0)).toBe(true)
      expect(() => cq.wait()).toThrow('1 enqueued, none submitted')
      sq.submit()
      expect(cq.wait()).toBe(1)
      expect(told.toSorted()).toEqual([0, 1, 2, 3])
      const bytes = 4 * blockSize * lap
      expect(queue.stats()).toMatchObject({ commands: 4 * lap, doorbells: 3 * lap, bytes })
    }
  })

  test('polls a raw queue: each completion comes once', async () => {
    await using queue = await controller.createQueuePair({ mode: 'raw', depth: 8 })
    const { sq, cq } = queue
    using memory = await controller.allocate(4096)
    const send = (lba: number): void => {
      sq.read(sq.enqueue(), 1, lba, 1, memory, 0)
      sq.submit()
    }
    const waitForStatuses = () => [...cq.done.subarray(0, cq.wait())].map((each) => each >>> 16)
    let inner: number[] = []
    const told: CompletedCommand[] = []
    onMessage<CompletedCommand>('complete', (message) => {
      if (told.push(message) !== 1) return
      send(2 ** 40)
      inner = waitForStatuses()
    })
    send(0)
    expect(waitForStatuses()).toEqual([0])
    expect(inner.map((status) => status & 0x7ff)).toEqual([0x080])
    expect(told.map(({ status = 0 }) => status & 0x7ff)).toEqual([0, 0x080])
    expect(told.every(({ elapsedMs = 0 }) => elapsedMs > 0 && elapsedMs < 10_000)).toBe(true)
  })

  test('waits for what it is told was submitted', async () => {
    await using queue = await controller.createQueuePair({ mode: 'raw', depth: 8 })
    const { sq, cq } = queue
    using memory = await controller.allocate(4096)
    const log: string[] = []
    let isFirst = true
    onMessage<SubmittedCommand>('submit', ({ command: { commandId } }) => {
      log.push(`submit ${commandId}`)
      if (!isFirst) return
      isFirst = false
      sq.read(sq.enqueue(), 1, 2, 1, memory, 0)
      sq.submit()
      for (let count = 0; count < 3; ) count += cq.wait()
    })
    onMessage<CompletedCommand>('complete', ({ commandId, status }) => {
      log.push(`end ${commandId} ${status}`)
    })
    for (const lba of [0, 1]) sq.read(sq.enqueue(), 1, lba, 1, memory, 0)
    sq.submit()
    expect(log.toSorted()).toEqual(
      [0, 1, 2].flatMap((id) => [`end ${id} 0`, `submit ${id}`]).toSorted(),
    )
  })

  test('cannot fill a slot again that it is told was sent, and laps the queue', async () => {
    await using queue = await controller.createQueuePair({ mode: 'raw', depth: 2 })
    const { sq, cq } = queue
    using memory = await controller.allocate(4096)
    let isFirst = true
    let open = -1
    const refusals: unknown[] = []
    const slot = sq.enqueue()
    onMessage('submit', () => {
      if (!isFirst) return
      isFirst = false
      try {
        sq.flush(slot, 1)
      } catch (error) {
        refusals.push((error as { code: string }).code)
      }
      for (let i = 0; i < 2; i++) {
        expect(cq.wait()).toBe(1)
        sq.read(sq.enqueue(), 1, 1, 1, memory, 0)
        sq.submit()
      }
      expect(cq.wait()).toBe(1)
      open = sq.enqueue()
    })
    sq.read(slot, 1, 0, 1, memory, 0)
    sq.submit()
    expect(refusals).toEqual(['ERR_ARGUMENT'])
    expect(open).toBe(slot)
    sq.read(open, 1, 2, 1, memory, 0)
    sq.submit()
    expect([cq.wait(), cq.done[0] as number]).toEqual([1, (sq.words[16 * open] as number) >>> 16])
    expect(queue.stats()).toMatchObject({ commands: 4, bytes: 4 * blockSize })
  })

  test.each(['submit', 'complete'] as const)(
    'exchanges a batch within its %s message: each exchange has its own outcomes',
    async (name) => {
      await using queue = await controller.createQueuePair({ mode: 'raw', depth: 16 })
      using memory = await controller.allocate(8192)
      const batch = queue.batch({ namespace, memory, capacity: 16 })
      for (let i = 0; i < 16; i++) batch.commands.set([2, i, 1, i * blockSize], 4 * i)
      const counts = { submit: 0, complete: 0 }
      let inner: number[] = []
      onMessage('submit', () => void counts.submit++)
      onMessage('complete', () => void counts.complete++)
      onMessage(name, () => {
        if (inner.length > 0) return
        inner = [-1]
        batch.exchange(12, 1, 1)
        inner = [...batch.outcomes.subarray(0, 2 * batch.reaped)]
      })
      expect(batch.exchange(0, 8, 8)).toBe(8)
      const outer = [...batch.outcomes.subarray(0, 2 * batch.reaped)]
      expect(outer.filter((_, i) => i % 2 === 0).toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
      expect(inner).toEqual([12, 0])
      expect(counts).toEqual({ submit: 9, complete: 9 })
    },
  )

  test('hears of as many ends as submissions, with a batch that was sent before', async () => {
    await using queue = await controller.createQueuePair({ mode: 'raw', depth: 16 })
    using memory = await controller.allocate(4096)
    const batch = queue.batch({ namespace, memory, capacity: 4 })
    for (let i = 0; i < 4; i++) batch.commands.set([2, i, 1, i * blockSize], 4 * i)
    batch.exchange(0, 4, 0)
    const counts = { submit: 0, complete: 0 }
    onMessage('submit', () => void counts.submit++)
    onMessage('complete', () => void counts.complete++)
    batch.exchange(0, 4, 8 - batch.reaped)
    expect(counts).toEqual({ submit: 4, complete: 4 })
  })

  test('aborts a signal: the controller is asked to abort its command', async () => {
    await using device = await startEmulator({ size: '1MiB' })
    await using slow = await openController(device.controller())
    const there = await slow.namespace(1)
    await using queue = await slow.createQueuePair({ mode: 'await' })
    device.inject({ on: { queues: 'io', lbas: { lba: 64, blockCount: 8 } }, delayNs: 20e9 })
    const abort = new AbortController()
    const into = new Uint8Array(blockSize)
    const read = queue.read({ namespace: there, lba: 64, into, signal: abort.signal })
    onMessage('complete', () => abort.abort())
    await queue.read({ namespace: there, lba: 0, into: new Uint8Array(blockSize) })
    await expect(read).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    await expect.poll(() => queue.stats().aborts).toBe(1)
  })

  test.each([1, 2, 4, 32])(
    'reads with promises at depth %d: each settles with its own data, and is told in order',
    async (depth) => {
      await using queue = await controller.createQueuePair({ mode: 'await', depth })
      const asked: Promise<void>[] = []
      const read = (lba: number, blocks: number): void => {
        const check = async () => {
          const into = await queue.read({ namespace, lba, into: Buffer.alloc(blocks * blockSize) })
          for (let i = 0; i < blocks; i++) expect(into[i * blockSize]).toBe(markOf(lba + i))
        }
        asked.push(check())
      }
      // Of 16 KiB, split into two at least, and of one block, in turns.
      let reads = 0
      const readMore = (): void => {
        if (reads++ < 300) read((reads * 37) % 4000, reads % 3 === 0 ? 32 : 1)
      }
      const outstanding = new Set<number>()
      const wrong: string[] = []
      let submitted = 0
      onMessage<SubmittedCommand>('submit', ({ command: { commandId = -1 } }) => {
        submitted++
        if (outstanding.has(commandId)) wrong.push(`${commandId} again`)
        outstanding.add(commandId)
        readMore()
      })
      onMessage<CompletedCommand>('complete', ({ commandId }) => {
        if (!outstanding.delete(commandId)) wrong.push(`${commandId} was not submitted`)
        readMore()
      })
      readMore()
      for (let i = 0; i < asked.length; i++) await asked[i]
      expect(asked).toHaveLength(300)
      expect(wrong).toEqual([])
      expect(outstanding.size).toBe(0)
      expect(queue.stats().commands).toBe(submitted)
    },
  )
})
