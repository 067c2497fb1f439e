// SPDX-License-Identifier: MIT
// A program of trace.test.ts: a thread sends an admin command and ends, then the main thread sends
// one. What the main thread is to trace is in the environment; the other one's is an argument.
import { once } from 'node:events'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { openController } from 'peernvm'

if (isMainThread) {
  const controller = await openController()
  const options = {
    workerData: controller.ref(),
    env: { ...process.env, PEERNVM_TRACE: process.argv[2] },
  }
  await once(new Worker(new URL(import.meta.url), options), 'exit')
  await controller.admin.keepAlive()
  await controller.close()
} else {
  const controller = await openController(workerData)
  await controller.admin.keepAlive()
  await controller.close()
}
