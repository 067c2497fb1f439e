// SPDX-License-Identifier: MIT
// What onOutcome of a running batch may not do: each would have waited for ever.
import {
  type Controller,
  type Emulator,
  openController,
  type RawQueuePair,
  startEmulator,
} from 'peernvm'
import { expect, test } from 'vitest'

const opcodeRead = 2

async function makeBatch(controller: Controller, queue: RawQueuePair, count: number) {
  const namespace = await controller.namespace(1)
  const memory = await controller.allocate(4096)
  const batch = queue.batch({ namespace, memory, capacity: count })
  for (let i = 0; i < count; i++) batch.commands.set([opcodeRead, i, 1, 0], 4 * i)
  return batch
}

test('it does not run the batch again, nor exchange, before run() has returned', async () => {
  await using controller = await openController({ emulator: { size: '1MiB' } })
  await using queue = await controller.createQueuePair({ mode: 'raw' })
  const batch = await makeBatch(controller, queue, 4)
  const busy = expect.objectContaining({ code: 'ERR_BUSY' })
  expect(() => batch.run(2, () => batch.run(1))).toThrow(busy)
  expect(() => batch.run(4, () => batch.exchange(0, 0, 0))).toThrow('the outcomes of run()')
  const seen: number[] = []
  expect(batch.run(4, (index) => seen.push(index))).toBe(0)
  expect(seen.sort()).toEqual([0, 1, 2, 3])
  expect(batch.run(1)).toBe(0)
  const other = await makeBatch(controller, queue, 1)
  expect(batch.run(1, () => expect(other.run(1)).toBe(0))).toBe(0)
})

/** A batch whose second command comes so late that onOutcome is told of the first one before. */
async function makeSlowBatch(device: Emulator, controller: Controller, queue: RawQueuePair) {
  const batch = await makeBatch(controller, queue, 2)
  const on = { queues: 'io', opcode: opcodeRead, nth: 2 } as const
  device.inject({ on, delayNs: 200_000_000 })
  return batch
}

test('where it leaves commands of its own, that is said', async () => {
  await using device = await startEmulator({ size: '1MiB' })
  await using controller = await openController(device.controller())
  await using queue = await controller.createQueuePair({ mode: 'raw', timeoutMs: 50 })
  const batch = await makeSlowBatch(device, controller, queue)
  const send = (): void => {
    queue.sq.flush(queue.sq.enqueue(), 1)
    queue.sq.submit()
  }
  expect(() => batch.run(2, send)).toThrow('of which the run has 1 outstanding')
  await expect.poll(() => batch.exchange(0, 0, 0) + queue.ring.outstanding).toBe(0)
})

test('where it takes completions of the run itself, that is said', async () => {
  await using device = await startEmulator({ size: '1MiB' })
  await using controller = await openController(device.controller())
  await using queue = await controller.createQueuePair({ mode: 'raw', timeoutMs: 50 })
  const batch = await makeSlowBatch(device, controller, queue)
  let polls = 0
  const takeTheOther = (): void => {
    for (const end = performance.now() + 5000; performance.now() < end; polls++) {
      if (queue.cq.poll() > 0) return
    }
  }
  expect(() => batch.run(2, takeTheOther)).toThrow('of which the run has 1 outstanding')
  expect(polls).toBeGreaterThan(0)
})
