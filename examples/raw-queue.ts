// SPDX-License-Identifier: MIT
// Reads blocks at random with libnvm's verbs, which work on typed arrays: no promise and no native
// call for a command.
//   npx tsx examples/raw-queue.ts [TARGET]
import { openController } from 'peernvm'

const depth = 32
const commandCount = 100_000

await using controller = await openController(process.argv[2])
const namespace = await controller.namespace(1)
using buffer = await controller.allocate(depth * namespace.blockSize)
await using queue = await controller.createQueuePair({ mode: 'raw', depth, timeoutMs: 10_000 })
const { sq, cq } = queue

let submitted = 0
let completed = 0
while (completed < commandCount) {
  while (submitted < commandCount) {
    const slot = sq.enqueue()
    if (slot < 0) break // the queue is full
    const lba = Math.floor(Math.random() * namespace.blockCount)
    sq.read(slot, namespace.id, lba, 1, buffer, sq.commandId(slot) * namespace.blockSize)
    submitted++
  }
  sq.submit()
  const count = cq.wait() // cq.poll() looks once; wait() gives up after the queue's timeout
  for (let i = 0; i < count; i++) {
    const status = (cq.done[i] ?? 0) >>> 16
    if (status !== 0) throw new Error(`A read failed with status 0x${status.toString(16)}`)
  }
  cq.update()
  completed += count
}
console.log(`${completed} blocks of ${namespace.blockSize} bytes read at depth ${depth}`)
