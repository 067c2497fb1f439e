// SPDX-License-Identifier: MIT
// Reads records at random, 64 with each native call: a data loader that wants a whole batch.
//   npx tsx examples/batch-reader.ts [TARGET]
import { openController } from 'peernvm'

const recordByteLength = 4096
const batchSize = 64
const batchCount = 100
const opcodeRead = 0x02

await using controller = await openController(process.argv[2] ?? { emulator: { size: '64MiB' } })
const namespace = await controller.namespace(1)
using memory = await controller.allocate(batchSize * recordByteLength)
await using queue = await controller.createQueuePair({ mode: 'raw', depth: batchSize })
const batch = queue.batch({ namespace, memory, capacity: batchSize })

const blocks = recordByteLength / namespace.blockSize
const recordCount = namespace.byteLength / recordByteLength
for (let i = 0; i < batchCount; i++) {
  for (let slot = 0; slot < batchSize; slot++) {
    const lba = Math.floor(Math.random() * recordCount) * blocks
    batch.commands.set([opcodeRead, lba, blocks, slot * recordByteLength], slot * 4)
  }
  const failed = batch.run(batchSize) // memory.bytes has the records, in the order of their slots
  if (failed > 0) throw new Error(`${failed} reads failed`)
}
console.log(`${batchCount * batchSize} records of ${recordByteLength} bytes read`)
