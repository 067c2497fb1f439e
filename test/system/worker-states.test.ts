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
])('one that is terminated while it is %s leaves everything in order', async (state) => {
  using folder = temporaryFolder('states')
  await using controller = await openController({ emulator: { size: '1MiB' } })
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
    expect(await worker.terminate()).toBe(1)
    const bytes = new Uint8Array(512).fill(round + 1)
    await namespace.write({ lba: 0, from: bytes })
    expect(await namespace.read({ lba: 0, into: buffer.view(0, 512) })).toEqual(bytes)
  }
  await expect.poll(async () => (await server.status()).clients).toEqual([])
  // The controller's own queue pair has the first id; those of Workers were given back.
  await using queue = await controller.createQueuePair({ mode: 'raw' })
  expect(queue.id).toBe(2)
})
