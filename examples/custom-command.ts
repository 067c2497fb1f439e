// SPDX-License-Identifier: MIT
// A vendor command, both sides: the device counts the bytes of a value in a range of its blocks, so
// that they need not travel to the host; the host sends it with queue.submit().
//   npx tsx examples/custom-command.ts
import { openController, startEmulator } from 'peernvm'

await using device = await startEmulator({ size: '16MiB' })
device.onCommand(0x90, { name: 'Count Bytes' }, async (command) => {
  const bytes = new Uint8Array((command.cdw12 + 1) * command.blockSize)
  await command.read(command.cdw10, bytes)
  return { dword0: bytes.filter((byte) => byte === command.cdw13).length }
})

await using controller = await openController(device.controller())
const namespace = await controller.namespace(1)
const text = Buffer.from('how many spaces are there in here?'.padEnd(namespace.blockSize, '.'))
await namespace.write({ lba: 8, from: text })

await using queue = await controller.createQueuePair({ mode: 'await' })
const { dword0 } = await queue.submit({
  opcode: 0x90,
  nsid: namespace.id,
  cdw10: 8, // the first block
  cdw12: 0, // one block, zero-based
  cdw13: ' '.charCodeAt(0),
})
console.log(`${dword0} spaces in block 8`)
