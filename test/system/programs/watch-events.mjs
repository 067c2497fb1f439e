// SPDX-License-Identifier: MIT
// Ends in different ways while events are watched: `node watch-events.mjs WAY`.
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { openController, startEmulator } from 'peernvm'

const size = '1MiB'

async function watch(controller) {
  const events = controller.events()
  await events.ready()
  return events
}

if (!isMainThread) {
  const controller = await openController(workerData)
  const { parentPort } = await import('node:worker_threads')
  const events = await watch(controller)
  parentPort.postMessage('watching')
  await events.next()
  parentPort.postMessage('event')
} else {
  const device = await startEmulator({ size })
  const controller = await openController(device.controller())
  const ways = {
    // Nobody waits: nothing keeps the process alive.
    idle: () => watch(controller),
    // The timer does not keep it alive; waiting does.
    waiting: async () => {
      const events = await watch(controller)
      setTimeout(() => device.addNamespace({ size }), 100).unref()
      const { value } = await events.next()
      console.log(value.text)
    },
    exit: async () => {
      const events = await watch(controller)
      events.next()
      process.exit(7)
    },
    // One watches in a Worker that is terminated, then another here.
    worker: async () => {
      const worker = new Worker(new URL(import.meta.url), { workerData: controller.ref() })
      await new Promise((resolve) => worker.once('message', resolve))
      const events = await watch(controller)
      await worker.terminate()
      const [{ value }] = await Promise.all([events.next(), device.addNamespace({ size })])
      console.log(value.text)
    },
  }
  await ways[process.argv[2]]()
}
