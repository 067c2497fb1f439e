// SPDX-License-Identifier: MIT
// A Worker of bench:loads: attaches to its parent's controller, and reads when it is told to.
import { parentPort, workerData } from 'node:worker_threads'
import { openController } from 'peernvm'
import { runReader } from './reader.ts'
import type { WorkerSetting } from './shared-words.ts'

const { token, shared, index } = workerData as WorkerSetting
const controller = await openController(token)
const setting = { controller, namespace: await controller.namespace(1) }

parentPort?.on('message', async () => {
  await runReader(setting, shared, index, (bytes) => parentPort?.postMessage(bytes))
  parentPort?.postMessage('ended')
})
