// SPDX-License-Identifier: MIT
// A vendor command: opcode 66h writes a buffer to some blocks, then reads others into the same
// buffer. The device's side is the call of onCommand; what follows is a host that uses it.
//   npx tsx examples/fused-read-write.ts
import { openController, startEmulator } from 'peernvm'

await using device = await startEmulator({ size: '64MiB' })
device.onCommand(
  0x66,
  { name: 'Fused Read and Write', data: { blocks: 'cdw13' }, writes: true },
  async (command) => {
    const written = (command.cdw12 + 1) * command.blockSize
    await command.write(command.cdw10, command.data.subarray(0, written))
    await command.read(command.cdw14, command.data)
  },
)

await using controller = await openController(device.controller())
const namespace = await controller.namespace(1)
await namespace.write({ lba: 64, from: new Uint8Array(4096).fill(0x52) }) // R
using buffer = await controller.allocate(4096)
buffer.bytes?.fill(0x57) // W

await using queue = await controller.createQueuePair({ mode: 'raw', depth: 4 })
const { sq, cq } = queue
const slot = sq.enqueue()
sq.read(slot, namespace.id, 0, 8, buffer, 0) // what both have in common: namespace and memory
const entry = sq.words.subarray(slot * 16, slot * 16 + 16)
entry[0] = ((entry[0] ?? 0) & ~0xff) | 0x66
entry.set([8, 0, 7, 7, 64], 10) // cdw10 … cdw14: W to blocks 8 … 15, R from 64 … 71
sq.submit()
// The handler runs on this thread, which therefore must not block in cq.wait().
while (cq.poll() === 0) await new Promise((resolve) => setImmediate(resolve))
if ((cq.done[0] ?? 0) >>> 16 !== 0) throw new Error('The command failed')
cq.update()
if (!buffer.bytes?.every((byte) => byte === 0x52)) throw new Error('R did not come back')
console.log('4096 bytes W written and 4096 bytes R read by one command')
