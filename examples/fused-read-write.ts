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

await using queue = await controller.createQueuePair({ mode: 'await', depth: 4 })
await queue.submit({
  opcode: 0x66,
  nsid: namespace.id,
  cdw10: 8, // W goes to blocks 8 … 15,
  cdw12: 7,
  cdw13: 7, // R comes from blocks 64 … 71
  cdw14: 64,
  data: buffer,
})
if (!buffer.bytes?.every((byte) => byte === 0x52)) throw new Error('R did not come back')
const written = await namespace.read({ lba: 8, into: new Uint8Array(4096) })
if (!written.every((byte) => byte === 0x57)) throw new Error('W was not written')
console.log('4096 bytes W written and 4096 bytes R read by one command')
