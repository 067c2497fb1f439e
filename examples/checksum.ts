// SPDX-License-Identifier: MIT
// The SHA-256 of a whole namespace: while one part is hashed, the next is being read.
//   npx tsx examples/checksum.ts [TARGET]
// TARGET is an image file or a PCI address. Without one it uses an emulator in memory.
import { createHash } from 'node:crypto'
import { openController } from 'peernvm'

const partByteLength = 1024 * 1024

await using controller = await openController(process.argv[2] ?? { emulator: { size: '64MiB' } })
const namespace = await controller.namespace(1)
using buffer = await controller.allocate(2 * partByteLength)

const partCount = Math.ceil(namespace.byteLength / partByteLength)
const read = (part: number): Promise<Uint8Array> => {
  const start = part * partByteLength
  const byteLength = Math.min(partByteLength, namespace.byteLength - start)
  const into = buffer.view((part % 2) * partByteLength, byteLength)
  return namespace.read({ lba: start / namespace.blockSize, into })
}

const hash = createHash('sha256')
let next = read(0)
for (let part = 0; part < partCount; part++) {
  const bytes = await next
  if (part + 1 < partCount) next = read(part + 1)
  hash.update(bytes)
}
console.log(`${hash.digest('hex')}  ${namespace.byteLength} bytes of namespace ${namespace.id}`)
