// SPDX-License-Identifier: MIT
// Writes 4 MiB through promises, reads them back into a buffer that the device fills directly, and
// compares. Run it with
//   npx tsx examples/read-write.ts [TARGET]
// TARGET is an image file; its first 4 MiB are overwritten. Without one it uses an emulator in
// memory.
import { randomFillSync } from 'node:crypto'
import { openController } from 'peernvm'

const byteLength = 4 * 1024 * 1024
const chunkByteLength = 64 * 1024

await using controller = await openController(process.argv[2])
const namespace = await controller.namespace(1)
const blocksPerChunk = chunkByteLength / namespace.blockSize
const offsets = Array.from({ length: byteLength / chunkByteLength }, (_, i) => i * chunkByteLength)

const source = randomFillSync(new Uint8Array(byteLength))
await namespace.writeMany(
  offsets.map((offset, i) => ({
    lba: i * blocksPerChunk,
    from: source.subarray(offset, offset + chunkByteLength),
  })),
)
await namespace.flush()

using buffer = await controller.allocate(byteLength)
await namespace.readMany(
  offsets.map((offset, i) => ({
    lba: i * blocksPerChunk,
    into: buffer.view(offset, chunkByteLength),
  })),
)
if (buffer.bytes === undefined || Buffer.compare(source, buffer.bytes) !== 0) {
  throw new Error('What was read is not what was written')
}
console.log(`${byteLength} bytes written, read and compared`)
