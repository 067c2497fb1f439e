// SPDX-License-Identifier: MIT
// Two workers share one controller and one buffer: each fills its half of the buffer from its half
// of the blocks. Plain JavaScript, because a Worker loads its file without a compiler.
//   node examples/workers.mjs [TARGET]
// TARGET is an image file; its first blocks are overwritten. Without one it uses an emulator in
// memory.
import { once } from 'node:events'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { openController } from 'peernvm'

const workerCount = 2
const blockCount = 1024

async function main() {
  const controller = await openController(process.argv[2])
  const namespace = await controller.namespace(1)
  const buffer = await controller.allocate(blockCount * namespace.blockSize)
  const source = new Uint8Array(buffer.byteLength).map((_, i) => i % 251)
  await namespace.write({ lba: 0, from: source })

  const workers = Array.from({ length: workerCount }, (_, index) => {
    const data = { index, controller: controller.ref(), buffer: buffer.ref() }
    return new Worker(new URL(import.meta.url), { workerData: data })
  })
  const exits = await Promise.all(workers.map((worker) => once(worker, 'exit')))
  if (exits.some(([code]) => code !== 0)) throw new Error('A worker failed')
  if (Buffer.compare(source, buffer.bytes) !== 0) {
    throw new Error('What the workers read is not what was written')
  }
  buffer[Symbol.dispose]()
  await controller.close()
  console.log(`${workerCount} workers read ${blockCount} blocks into one buffer`)
}

async function work() {
  const controller = await openController(workerData.controller)
  const buffer = await controller.attach(workerData.buffer)
  const namespace = await controller.namespace(1)
  const share = blockCount / workerCount
  const byteLength = share * namespace.blockSize
  const into = buffer.view(workerData.index * byteLength, byteLength)
  await namespace.read({ lba: workerData.index * share, into })
  buffer[Symbol.dispose]()
  await controller.close()
}

await (isMainThread ? main() : work())
