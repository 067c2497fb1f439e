// SPDX-License-Identifier: MIT
// The README's ten lines: writes a block and reads it back. Run it with
//   npx tsx examples/hello.ts [TARGET]
// TARGET is an image file, whose first block is overwritten. Without one it uses an emulator in
// memory.
import { openController } from 'peernvm'

await using controller = await openController(process.argv[2])
const namespace = await controller.namespace(1)
const text = 'Hello, NVMe.'.padEnd(namespace.blockSize)
await namespace.write({ lba: 0, from: new TextEncoder().encode(text) })
await namespace.flush()
const block = await namespace.read({ lba: 0, into: new Uint8Array(namespace.blockSize) })
console.log(new TextDecoder().decode(block).trim())
