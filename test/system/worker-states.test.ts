// SPDX-License-Identifier: MIT
// A Worker may be terminated in every state: its parent's controller, memory and process go on, and
// what it had is given back.
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { openController, startEmulator } from 'peernvm'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** For so long the device keeps reads from LBA 1000 on, and Abort; those from 1500 on for ever. */
const slowMs = 250
/** Of terminate(), where what a Worker waits for times out after 20 s at the least. */
const terminateMsMax = 5000

const program = new URL('./programs/worker-states.mjs', import.meta.url)

test.each([
  'opening',
  'idle',
  'submitting',
  'batching',
  'closing',
  'attaching',
  'handling',
  'serving',
  'sharing',
  'being a client',
  'reconnecting',
  'using vfio-user',
  'watching',
  'administering',
  'waiting for an admin command',
  'asleep until a read completes',
  'reading into memory that it has mapped',
  'reading through memory of ours',
  'aborting',
  'blocked by cq.wait()',
  'blocked by a batch',
])('one that is terminated while it is %s leaves everything in order', async (state) => {
  using folder = temporaryFolder('states')
  await using slow = await startEmulator({ size: '1MiB' })
  const lbas = (lba: number) => ({ lba, blockCount: 500 })
  slow.inject({ on: { queues: 'io', lbas: lbas(1000) }, delayNs: slowMs * 1e6 })
  slow.inject({ on: { queues: 'io', lbas: lbas(1500) }, drop: true })
  slow.inject({ on: { queues: 'admin', opcode: 8 }, delayNs: slowMs * 1e6 })
  await using controller = await openController(slow.controller())
  const namespace = await controller.namespace(1)
  using buffer = await controller.allocate(4096)
  await using server = await controller.serve({ path: join(folder.path, 'shared') })
  await using device = await startEmulator({ size: '1MiB' })
  const vfioUser = join(folder.path, 'vfio-user')
  mkdirSync(vfioUser)
  await using _ = await device.serve({ vfioUser })
  for (let round = 0; round < 4; round++) {
    const controllerToken = controller.ref()
    const workerData = { state, controllerToken, bufferToken: buffer.ref(), folder: folder.path }
    const worker = new Worker(program, { workerData })
    await once(worker, 'message')
    // Not always at the same place of a state that changes quickly.
    await new Promise((resolve) => setTimeout(resolve, 2 * round))
    const begun = performance.now()
    expect(await worker.terminate()).toBe(1)
    expect(performance.now() - begun).toBeLessThan(terminateMsMax)
    const bytes = new Uint8Array(512).fill(round + 1)
    await namespace.write({ lba: 0, from: bytes })
    expect(await namespace.read({ lba: 0, into: buffer.view(0, 512) })).toEqual(bytes)
  }
  await expect.poll(async () => (await server.status()).clients).toEqual([])
  // The controller's own queue pair has the first id; those of Workers were given back.
  await using queue = await controller.createQueuePair({ mode: 'raw' })
  expect(queue.id).toBe(2)
  // By now the device would have moved the data that the last Worker waited for.
  await new Promise((resolve) => setTimeout(resolve, slowMs))
  await namespace.read({ lba: 0, into: buffer.view(0, 512) })
})

test('memory of one whose queue cannot be deleted stays', async () => {
  await using device = await startEmulator({ size: '1MiB' })
  device.inject({ on: { queues: 'io', lbas: { lba: 1500, blockCount: 500 } }, drop: true })
  device.inject({ on: { queues: 'admin', opcode: 0 }, drop: true, times: 1 })
  await using controller = await openController(device.controller())
  const namespace = await controller.namespace(1)
  using memory = await controller.allocate(4096)
  await using queue = await controller.createQueuePair({ mode: 'raw' })
  const workerData = {
    state: 'in a queue that cannot be deleted',
    controllerToken: controller.ref(),
  }
  const worker = new Worker(program, { workerData })
  const [ioAddress] = await once(worker, 'message')
  await worker.terminate()
  // Whoever writes from that address finds memory there.
  const { sq, cq } = queue
  const slot = sq.enqueue()
  sq.write(slot, namespace.id, 0, 1, memory, 0)
  sq.words[slot * 16 + 6] = ioAddress | 0
  sq.words[slot * 16 + 7] = Math.floor(ioAddress / 2 ** 32)
  sq.submit()
  expect(cq.wait()).toBe(1)
  expect((cq.done[0] as number) >>> 16).toBe(0)
})
