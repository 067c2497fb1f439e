// SPDX-License-Identifier: MIT
// The same reads with node:fs and with peernvm: positions become block addresses, and a buffer that
// the device reaches saves the copy.
//   npx tsx examples/from-fs.ts
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openController } from 'peernvm'

const folder = await mkdtemp(join(tmpdir(), 'from-fs-'))
const image = join(folder, 'disk.img')
const content = new Uint8Array(16 * 1024 * 1024).map((_, i) => (i >> 9) % 256)
await writeFile(image, content)
const positions = [0, 4096, 1_048_576, 16_773_120]
const byteLength = 4096

// Before: a file handle, a buffer, a position in bytes.
const file = await open(image)
const before: Uint8Array[] = []
for (const position of positions) {
  before.push((await file.read(new Uint8Array(byteLength), 0, byteLength, position)).buffer)
}
await file.close()

// After: a namespace, memory of the device's reach, a position in blocks.
const controller = await openController(image)
const namespace = await controller.namespace(1)
const memory = await controller.allocate(positions.length * byteLength)
const after = await namespace.readMany(
  positions.map((position, i) => ({
    lba: position / namespace.blockSize,
    into: memory.view(i * byteLength, byteLength),
  })),
)
const same = after.every((bytes, i) => Buffer.compare(bytes, before[i] as Uint8Array) === 0)
console.log(`${after.length} reads of ${byteLength} bytes are ${same ? 'equal' : 'different'}`)
await controller.close()
await rm(folder, { recursive: true })
