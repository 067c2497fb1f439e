// SPDX-License-Identifier: MIT
// Uses a namespace of another command set, zoned, which the library has no functions for: appends
// to a zone, reads what was appended, reports the zone, resets it. Usage: zones TARGET
import { openController } from 'peernvm'

/** The Zoned Namespace command set 1.1: its number, opcodes and actions. */
const zoned = 2
const opcodes = { managementSend: 0x79, managementReceive: 0x7a, append: 0x7d }
const resetZone = 4
const states = ['', 'empty', 'implicitly open', 'explicitly open', 'closed']

const nsid = 1
const blockSize = 512
const appendedBlocks = 8
const zone = 1

const [target = ''] = process.argv.slice(2)
await using controller = await openController(target, { role: 'manager' })
const identified = await controller.admin.identify({
  cns: 'command_set_namespace',
  nsid,
  csi: zoned,
})
const zoneBlocks = Number(dataView(identified).getBigUint64(2816, true)) // LBAFE 0, ZSZE
const namespace = await controller.namespace(nsid)
await using queue = await controller.createQueuePair({ mode: 'await' })
const first = zone * zoneBlocks

const appended: number[] = []
for (const filling of [1, 2]) {
  const data = new Uint8Array(appendedBlocks * blockSize).fill(filling)
  const { append: opcode } = opcodes
  const command = { opcode, nsid, cdw10: first, cdw12: appendedBlocks - 1, data }
  appended.push((await queue.submit(command)).dword0)
}
const into = new Uint8Array(2 * appendedBlocks * blockSize)
const read = await namespace.read({ lba: first, into })
const before = await reportZone()
await queue.submit({ opcode: opcodes.managementSend, nsid, cdw10: first, cdw13: resetZone })
const after = await reportZone()
const holds = [0, appendedBlocks * blockSize].map((at) => read[at])
console.log(JSON.stringify({ zoneBlocks, appended, holds, before, after }))

/** State and write pointer of the zone. */
async function reportZone() {
  const data = new Uint8Array(128) // a header, and one descriptor
  const cdw12 = data.byteLength / 4 - 1
  await queue.submit({ opcode: opcodes.managementReceive, nsid, cdw10: first, cdw12, data })
  const view = dataView(data)
  return {
    state: states[view.getUint8(65) >> 4],
    writePointer: Number(view.getBigUint64(64 + 24, true)),
  }
}

function dataView({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
