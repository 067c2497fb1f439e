// SPDX-License-Identifier: MIT
// A Worker of workers.test.ts: attaches to the controller and the buffer of its parent and does, on
// a queue of its own, what `task` says with `range` of the buffer, which lies at the same place of
// the namespace.
import { parentPort, workerData } from 'node:worker_threads'
import { openController } from 'peernvm'

const { controllerToken, bufferToken, task, range } = workerData

const controller = await openController(controllerToken)
const namespace = await controller.namespace(1)
const buffer = await controller.attach(bufferToken)
const queue = await controller.createQueuePair({ mode: 'await', depth: 16 })
const chunkBytes = 4096

function requests(key) {
  return Array.from({ length: range.byteLength / chunkBytes }, (_, i) => {
    const at = range.offset + i * chunkBytes
    return { namespace, lba: at / namespace.blockSize, [key]: buffer.view(at, chunkBytes) }
  })
}

switch (task) {
  case 'write':
    buffer.bytes.fill(range.value, range.offset, range.offset + range.byteLength)
    await queue.writeMany(requests('from'))
    await controller.close()
    break
  case 'verify': {
    await queue.readMany(requests('into'))
    const read = buffer.bytes.subarray(range.offset, range.offset + range.byteLength)
    parentPort.postMessage(read.every((byte) => byte === range.value))
    await controller.close()
    break
  }
  case 'read-forever':
    for (let rounds = 0; ; rounds++) {
      await queue.readMany(requests('into'))
      if (rounds === 3) parentPort.postMessage('busy')
    }
  case 'recover-forever': {
    // The device is too slow: every command is overdue, aborted, and asked for again.
    const hasty = await controller.createQueuePair({ mode: 'await', depth: 4, timeoutMs: 8 })
    const some = requests('into').slice(0, 16)
    for (let rounds = 0; ; rounds++) {
      const reads = some.map((request) => hasty.read(request))
      if (rounds === 1) parentPort.postMessage('busy')
      await Promise.allSettled(reads)
    }
  }
  case 'poll-raw-forever': {
    const raw = await controller.createQueuePair({ mode: 'raw', depth: 16 })
    parentPort.postMessage('busy')
    for (;;) {
      for (let slot = raw.sq.enqueue(); slot >= 0; slot = raw.sq.enqueue()) {
        raw.sq.read(slot, namespace.id, 0, 1, buffer, range.offset)
      }
      raw.sq.submit()
      if (raw.cq.poll() > 0) raw.cq.update()
    }
  }
}
