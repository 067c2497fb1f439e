// SPDX-License-Identifier: MIT
// Several threads of one process share a controller and a buffer, each on a queue pair of its own.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { type Controller, type DmaDescriptor, openController } from 'peernvm'
import { describe, expect, test } from 'vitest'

const halfBytes = 1 << 20
const program = new URL('./programs/worker-io.mjs', import.meta.url)

interface Task {
  readonly task: 'write' | 'verify' | 'read-forever' | 'poll-raw-forever' | 'recover-forever'
  readonly offset: number
  readonly value?: number
}

function startWorker(controller: Controller, buffer: DmaDescriptor, { task, offset, value }: Task) {
  const range = { offset, byteLength: halfBytes, value }
  const workerData = {
    controllerToken: controller.ref(),
    bufferToken: buffer.ref(),
    task,
    range,
  }
  return new Worker(program, { workerData })
}

/** Waits for the end of a worker and returns its exit code; its error fails the test. */
async function endOf(worker: Worker): Promise<number> {
  const [code] = (await once(worker, 'exit')) as [number]
  return code
}

/** A third Worker reads the range from the namespace and says whether it is all `value`. */
async function verify(controller: Controller, offset: number, value: number): Promise<boolean> {
  using buffer = await controller.allocate(2 * halfBytes)
  const worker = startWorker(controller, buffer, { task: 'verify', offset, value })
  const [[same], code] = await Promise.all([once(worker, 'message'), endOf(worker)])
  expect(code).toBe(0)
  return same as boolean
}

describe('workers', () => {
  test('two write halves of one buffer, a third verifies them', async () => {
    await using controller = await openController({ emulator: { size: '64MiB' } })
    using buffer = await controller.allocate(2 * halfBytes)
    const workers = [
      startWorker(controller, buffer, { task: 'write', offset: 0, value: 0xaa }),
      startWorker(controller, buffer, { task: 'write', offset: halfBytes, value: 0x55 }),
    ]
    expect(await Promise.all(workers.map(endOf))).toEqual([0, 0])
    expect(await verify(controller, 0, 0xaa)).toBe(true)
    expect(await verify(controller, halfBytes, 0x55)).toBe(true)
    expect(await verify(controller, halfBytes, 0xaa)).toBe(false)
    expect(buffer.bytes?.[0]).toBe(0xaa)
  })

  test.each(['read-forever', 'poll-raw-forever'] as const)(
    'one that is terminated in the middle of I/O (%s) disturbs nobody',
    async (task) => {
      await using controller = await openController({ emulator: { size: '64MiB' } })
      using buffer = await controller.allocate(2 * halfBytes)
      const doomed = startWorker(controller, buffer, { task, offset: 0 })
      await once(doomed, 'message')
      const writer = startWorker(controller, buffer, {
        task: 'write',
        offset: halfBytes,
        value: 0x77,
      })
      const [terminated, written] = await Promise.all([doomed.terminate(), endOf(writer)])
      expect({ terminated, written }).toEqual({ terminated: 1, written: 0 })
      expect(await verify(controller, halfBytes, 0x77)).toBe(true)
    },
  )

  test('one that is terminated while it recovers gives its queues back', async () => {
    const emulator = { size: '64MiB', timing: { latencyNs: 3.6e12 } }
    await using controller = await openController({ emulator })
    using buffer = await controller.allocate(2 * halfBytes)
    for (let round = 0; round < 3; round++) {
      const doomed = startWorker(controller, buffer, { task: 'recover-forever', offset: 0 })
      await once(doomed, 'message')
      const [code] = await Promise.all([doomed.terminate(), controller.reset()])
      expect(code).toBe(1)
      await using queue = await controller.createQueuePair({ mode: 'raw' })
      expect(queue.id).toBe(1)
    }
  })

  test('queues of terminated workers are given back', async () => {
    await using controller = await openController({ emulator: { size: '64MiB' } })
    using buffer = await controller.allocate(2 * halfBytes)
    const doomed = startWorker(controller, buffer, { task: 'read-forever', offset: 0 })
    await once(doomed, 'message')
    await doomed.terminate()
    await using queue = await controller.createQueuePair({ mode: 'raw' })
    expect(queue.id).toBe(1)
  })

  test('one that starts while the controller closes gets ERR_CLOSED', async () => {
    const controller = await openController({ emulator: { size: '64MiB' } })
    const token = controller.ref()
    await controller.close()
    await expect(openController(token)).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })
})
