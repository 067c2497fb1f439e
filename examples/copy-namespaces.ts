// SPDX-License-Identifier: MIT
// Copies one namespace to another through a buffer that the device fills and empties itself, with
// eight parts on their way at any time.
//   npx tsx examples/copy-namespaces.ts
import { openController, startEmulator } from 'peernvm'

const partByteLength = 128 * 1024
const laneCount = 8

await using device = await startEmulator({
  size: '32MiB',
  namespaces: [{ size: '32MiB', blockSize: 4096 }],
})
await using controller = await openController(device.controller())
const [from, to] = [await controller.namespace(1), await controller.namespace(2)]
await from.write({ lba: 0, from: new Uint8Array(from.byteLength).map((_, i) => i % 251) })

using buffer = await controller.allocate(laneCount * partByteLength)
let nextByte = 0
async function copyParts(lane: number): Promise<void> {
  const view = buffer.view(lane * partByteLength, partByteLength)
  while (nextByte < from.byteLength) {
    const start = nextByte
    nextByte += partByteLength
    await from.read({ lba: start / from.blockSize, into: view })
    await to.write({ lba: start / to.blockSize, from: view })
  }
}
await Promise.all(Array.from({ length: laneCount }, (_, lane) => copyParts(lane)))
await to.flush()

const [source, copy] = [new Uint8Array(from.byteLength), new Uint8Array(to.byteLength)]
await Promise.all([from.read({ lba: 0, into: source }), to.read({ lba: 0, into: copy })])
if (Buffer.compare(source, copy) !== 0) throw new Error('The copy differs')
console.log(`${to.byteLength} bytes copied from blocks of ${from.blockSize} to ${to.blockSize}`)
