// SPDX-License-Identifier: MIT
// A client of sharing.test.ts: writes blocks of its own with growing versions, reads them back,
// and tells its parent which versions were completed. Arguments: socket, first LBA, blocks. It ends
// when it is told to, or killed, or with what an operation failed with.
import { openController } from 'peernvm'
import { blockSize, fillBlock, versionOf } from './shared-blocks.mjs'

const [socket, first, count] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const controller = await openController(socket)
const namespace = await controller.namespace(1)
const queue = await controller.createQueuePair({ mode: 'await', depth: 8 })
const memory = await controller.allocate(count * blockSize)
let ending = false
process.on('message', () => {
  ending = true
})

async function lane(index) {
  const lba = first + index
  const into = memory.view(index * blockSize, blockSize)
  await queue.read({ namespace, lba, into })
  let version = versionOf(into.bytes, lba)
  while (!ending) {
    version++
    fillBlock(into.bytes, lba, version)
    await queue.write({ namespace, lba, from: into })
    into.bytes.fill(0xee)
    await queue.read({ namespace, lba, into })
    if (versionOf(into.bytes, lba) !== version) throw new Error(`block ${lba} is not ${version}`)
    if (version % 16 === 0) process.send({ lba, version })
  }
}

try {
  await Promise.all(Array.from({ length: count }, (_, index) => lane(index)))
  await controller.close()
  process.send({ end: 'told' })
} catch (error) {
  const since = performance.timeOrigin + performance.now()
  // What it has in memory is still there: blocks, or what a read was to replace.
  const readable =
    memory.bytes.length === count * blockSize && memory.bytes.some((byte) => byte !== 0)
  await controller.close().catch(() => {})
  process.send({ end: error.code ?? String(error), since, readable })
}
process.disconnect()
