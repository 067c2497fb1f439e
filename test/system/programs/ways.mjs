// SPDX-License-Identifier: MIT
// Each way of working once, for a Node that the addon was not built with: promises, a raw queue, a
// batch, an added command, a Worker, errors, and memory that is detached.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { NvmError, openController, startEmulator } from 'peernvm'

const same = (what, is, wanted) => {
  if (is !== wanted) throw new Error(`${what}: ${is}, and not ${wanted}`)
}

async function work() {
  const device = await startEmulator({ size: '1MiB' })
  device.onCommand(0x92, { name: 'answer' }, () => ({ dword0: 42 }))
  const controller = await openController(device.controller())
  const namespace = await controller.namespace(1)
  const memory = await controller.allocate(8192)
  memory.bytes.fill(7)
  await namespace.write({ lba: 0, from: memory })
  const read = await namespace.read({ lba: 8, into: new Uint8Array(4096) })
  same('a byte', read[4095], 7)

  const queue = await controller.createQueuePair({ mode: 'raw', depth: 2 })
  queue.sq.read(queue.sq.enqueue(), 1, 0, 1, memory, 0)
  queue.sq.submit()
  same('completions', queue.cq.wait(), 1)
  queue.cq.update()
  const batch = queue.batch({ namespace, memory, capacity: 2 })
  batch.commands.set([1, 9, 1, 0, 2, 9, 1, 512])
  same('failures', batch.run(2), 0)
  batch.commands.set([0x92, 0, 0, 0])
  batch.exchange(0, 1, 0)
  while (batch.reaped === 0) {
    await new Promise((resolve) => setImmediate(resolve))
    batch.exchange(0, 0, 0)
  }

  const worker = new Worker(new URL(import.meta.url), {
    workerData: { controller: controller.ref(), memory: memory.ref() },
  })
  const [[byte]] = await Promise.all([
    new Promise((resolve) => worker.once('message', (value) => resolve([value]))),
    new Promise((resolve) => worker.once('exit', resolve)),
  ])
  same('a byte of the Worker', byte, 7)

  const refused = await controller.namespace(9).catch((error) => error)
  same('an error', refused instanceof NvmError && refused.code, 'ERR_NAMESPACE')
  const { bytes } = memory
  await controller.close()
  await device.close()
  same('bytes after close()', bytes.length, 0)
  console.log(`All ways work in Node ${process.versions.node}.`)
}

async function assist() {
  const controller = await openController(workerData.controller)
  const memory = await controller.attach(workerData.memory)
  const namespace = await controller.namespace(1)
  await namespace.read({ lba: 0, into: memory.view(0, 512) })
  parentPort.postMessage(memory.bytes[0])
  await controller.close()
}

await (isMainThread ? work() : assist())
