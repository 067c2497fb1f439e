// SPDX-License-Identifier: MIT
// A thread of the benchmark: it attaches to the main thread's controller and does one run for each
// message.

import { parentPort, workerData } from 'node:worker_threads'
import { type Controller, NvmError, openController } from '../../../src/index.ts'
import type { ThreadMessage, ThreadSetting, ThreadStart } from './setting.ts'
import { runThread } from './thread.ts'

const start = workerData as ThreadStart
const say = (message: ThreadMessage): void => parentPort?.postMessage(message)

async function serve(controller: Controller): Promise<void> {
  const namespace = await controller.namespace(start.namespaceId)
  const file = start.file && {
    memory: await controller.attach(start.file.memory),
    firstLba: start.file.offset,
  }
  parentPort?.on('message', (setting: ThreadSetting | 'end') => {
    if (setting === 'end') {
      parentPort?.close()
      void controller.close()
      return
    }
    runThread({ controller, namespace, file, start }, setting, () => say({ kind: 'ready' })).then(
      (queues) => say({ kind: 'ended', queues }),
      fail,
    )
  })
}

function fail(error: unknown): void {
  const { message } = error as Error
  const known = error instanceof NvmError ? { code: error.code, fix: error.fix } : {}
  say({ kind: 'failed', failure: { message, ...known } })
}

openController(start.controller).then(serve).catch(fail)
