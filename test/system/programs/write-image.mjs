// SPDX-License-Identifier: MIT
// A program of round-trip.test.ts: writes a pattern over a whole image through promises, or reads
// the image through a raw queue pair and compares. Arguments: what to do, the image.
import { openController } from 'peernvm'

const [task, image] = process.argv.slice(2)
const chunkBytes = 1 << 20
const depth = 16

/** Fills a chunk with words that say where they belong. */
function fill(words, chunkIndex) {
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(chunkIndex + 1, 2654435761) + i
}

async function writeAll(controller, namespace) {
  const buffer = await controller.allocate(depth * chunkBytes)
  const chunkCount = namespace.byteLength / chunkBytes
  let next = 0
  const writer = async (_, slot) => {
    const from = buffer.view(slot * chunkBytes, chunkBytes)
    const words = new Int32Array(from.bytes.buffer, from.bytes.byteOffset, chunkBytes / 4)
    for (let chunk = next++; chunk < chunkCount; chunk = next++) {
      fill(words, chunk)
      await namespace.write({ lba: (chunk * chunkBytes) / namespace.blockSize, from })
    }
  }
  await Promise.all(Array.from({ length: depth }, writer))
  await namespace.flush()
}

/** Reads chunk by chunk, 64 KiB a command, and counts words that differ. */
async function compareAll(controller, namespace) {
  const commandBytes = 64 << 10
  const blockCount = commandBytes / namespace.blockSize
  const buffer = await controller.allocate(chunkBytes)
  const queue = await controller.createQueuePair({ mode: 'raw', depth })
  const { sq, cq } = queue
  const words = new Int32Array(buffer.bytes.buffer)
  const expected = new Int32Array(words.length)
  let different = 0
  for (let chunk = 0; chunk < namespace.byteLength / chunkBytes; chunk++) {
    for (let at = 0; at < chunkBytes; at += commandBytes) {
      const lba = (chunk * chunkBytes + at) / namespace.blockSize
      sq.read(sq.enqueue(), namespace.id, lba, blockCount, buffer, at)
    }
    sq.submit()
    for (let left = chunkBytes / commandBytes; left > 0; ) {
      const count = cq.wait()
      for (let i = 0; i < count; i++) if (cq.done[i] >>> 16 !== 0) different++
      cq.update()
      left -= count
    }
    fill(expected, chunk)
    for (let i = 0; i < words.length; i++) if (words[i] !== expected[i]) different++
  }
  return different
}

const controller = await openController(image)
const namespace = await controller.namespace(1)
if (task === 'write') await writeAll(controller, namespace)
else console.log(`${await compareAll(controller, namespace)} different`)
await controller.close()
