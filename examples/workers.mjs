// SPDX-License-Identifier: MIT
// Two workers share one controller and one buffer: each fills its half of the buffer from its half
// of the blocks. Plain JavaScript, because a Worker loads its file without a compiler.
//   node examples/workers.mjs [TARGET]
// TARGET is an image file; its first blocks are overwritten. Without one: an emulator in memory.
import { once } from 'node:events'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { openController } from 'peernvm'

const workerCount = 2
const blockCount = 1024
const controller = await openController(isMainThread ? process.argv[2] : workerData.controller)
const namespace = await controller.namespace(1)
await (isMainThread ? main() : work())
await controller.close()

async function main() {
  const buffer = await controller.allocate(blockCount * namespace.blockSize)
  const source = new Uint8Array(buffer.byteLength).map((_, i) => i % 251)
  await namespace.write({ lba: 0, from: source })
  const tokens = { controller: controller.ref(), buffer: buffer.ref() }
  const workers = Array.from({ length: workerCount }, (_, index) => {
    return new Worker(new URL(import.meta.url), { workerData: { index, ...tokens } })
  })
  await Promise.all(workers.map((worker) => once(worker, 'exit')))
  if (Buffer.compare(source, buffer.bytes) !== 0) throw new Error('What was read is different')
  console.log(`${workerCount} workers read ${blockCount} blocks into one buffer`)
}

async function work() {
  const buffer = await controller.attach(workerData.buffer)
  const share = blockCount / workerCount
  const byteLength = share * namespace.blockSize
  const into = buffer.view(workerData.index * byteLength, byteLength)
  await namespace.read({ lba: workerData.index * share, into })
}
