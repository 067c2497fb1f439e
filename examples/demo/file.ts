// SPDX-License-Identifier: MIT
// A file, written to an NVMe namespace by TypeScript and read back by a C program for libnvm.
//   npm run demo:file -- FILE
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { openController } from 'peernvm'

const [file = 'README.md'] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'peernvm-demo-'))
const image = join(folder, 'disk.img')
const copy = join(folder, 'copy')
const mebibyte = 2 ** 20

/** Returns the number of blocks. */
async function writeFile(path: string): Promise<number> {
  await using source = await open(path)
  const { size } = await source.stat()
  const imageSize = Math.max(1, Math.ceil(size / mebibyte)) * mebibyte
  await using controller = await openController({ emulator: { image, size: imageSize } })
  const namespace = await controller.namespace(1)
  using memory = await controller.allocate(mebibyte) // the device reads it without a copy
  let lba = 0
  for (;;) {
    const { bytesRead } = await source.read(memory.bytes as Uint8Array)
    if (bytesRead === 0) break
    const blockCount = Math.ceil(bytesRead / namespace.blockSize)
    await namespace.write({ lba, from: memory.view(0, blockCount * namespace.blockSize) })
    lba += blockCount
  }
  await namespace.flush()
  console.log(`TypeScript  wrote ${size} bytes of ${file} to ${lba} blocks of disk.img`)
  return lba
}

try {
  const blockCount = await writeFile(file)
  const readBlocks = resolve(import.meta.dirname, '../../build/bin/read-blocks')
  const args = [`--ctrl=${image}`, `--blocks=${blockCount}`, `--output=${copy}`]
  execFileSync(readBlocks, args, { stdio: 'pipe' })
  console.log(`C           read-blocks --ctrl=disk.img --blocks=${blockCount} --output=copy`)
  execFileSync('truncate', ['--reference', file, copy]) // the last block is not full
  execFileSync('cmp', [file, copy], { stdio: 'inherit' })
  console.log(`cmp         ${file} and copy are equal`)
} finally {
  rmSync(folder, { recursive: true })
}
