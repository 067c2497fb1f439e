// SPDX-License-Identifier: MIT
// A disk on which things go wrong: how a program meets an unreadable block, a controller that
// stops, and a namespace that is plugged in while it works.
//   npx tsx examples/faults.ts
import { NvmError, openController, startEmulator } from 'peernvm'

await using device = await startEmulator({ size: '64MiB' })
await using controller = await openController(device.controller(), { timeoutMs: 1000 })
const namespace = await controller.namespace(1)
await using queue = await controller.createQueuePair({ mode: 'await', depth: 8, timeoutMs: 200 })
const block = new Uint8Array(namespace.blockSize)

const unreadable = device.inject({
  on: { queues: 'io', opcode: 2, lbas: { lba: 100, blockCount: 1 } },
  status: { name: 'unrecovered_read_error', dnr: true },
})
await namespace.read({ lba: 99, into: block }, queue)
const refused = await namespace.read({ lba: 100, into: block }, queue).catch((error) => error)
if (!(refused instanceof NvmError)) throw new Error('Block 100 was read')
console.log(`Block 100: ${refused.status?.name}, ${unreadable.hits()} time`)
unreadable.remove()

device.inject({ on: { queues: 'io', nth: 1 }, controller: 'stop' })
const lost = await namespace.read({ lba: 0, into: block }, queue).catch((error) => error)
await namespace.read({ lba: 0, into: block }, queue) // the same queue, after a reset
console.log(`A controller that stopped: ${lost.code}, then it works again`)

const id = await device.addNamespace({ size: '16MiB', blockSize: 4096 })
const added = await controller.namespace(id)
await added.write({ lba: 0, from: new Uint8Array(added.blockSize) })
console.log(`Namespace ${id} was plugged in, with blocks of ${added.blockSize} bytes`)
