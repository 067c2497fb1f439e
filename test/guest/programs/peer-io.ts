// SPDX-License-Identifier: MIT
// Lets one controller move data from and to the memory of another PCI device, through no memory of
// the host, and compares that with ordinary reads and writes. What it leaves on the controller's
// first namespace, verified-io writes over. Usage: peer-io TARGET PEER BAR
import { writeFileSync } from 'node:fs'
import { openController } from 'peernvm'
import { fill, findDifference } from './plan.ts'

const [target = '', peer = '', bar] = process.argv.slice(2)
const byteLength = 256 * 1024
const pieceBytes = [4096, 8192, 20480, 98304, 131072]
await using controller = await openController(target, { role: 'manager' })
const namespace = await controller.namespace(1)
await using queue = await controller.createQueuePair({ mode: 'await' })
using memory = await controller.mapPeer(peer, { bar: Number(bar), byteLength })
const { blockSize } = namespace
const blockWords = blockSize / 4
const words = new Uint32Array(byteLength / 4)
const host = new Uint8Array(words.buffer)

fill(words, blockWords, 0, 7)
await namespace.write({ lba: 0, from: host })
await move('read', 0)
check('read by the device', memory.bytes!, 0, 7)

fill(words, blockWords, 512, 8)
memory.bytes!.set(host)
check('stored by the CPU', memory.bytes!, 512, 8) // and it has arrived, once it is read
await move('write', 512)
const read = await namespace.read({ lba: 512, into: new Uint8Array(byteLength) })
check('written by the device', read, 512, 8)

const { commands, p2p, bounce } = queue.stats()
const { kind, path } = memory

// When a driver claims the BAR, the kernel keeps it for that: the program finds pages of zeroes.
writeFileSync('/sys/bus/pci/drivers/nvme/bind', peer)
const left = memory.bytes!.subarray(4096, 8192)
left[1] = 5
if (left[0] !== 0 || left[1] !== 5) throw new Error(`claimed memory holds ${left.slice(0, 2)}`)
const refused = await controller
  .mapPeer(peer, { bar: Number(bar), byteLength })
  .catch((error) => error.code)

const { transport } = controller.info
console.log(JSON.stringify({ peer: kind, path, transport, commands, p2p, bounce, refused }))

/** All of the memory, in pieces of many sizes that are outstanding together. */
async function move(direction: 'read' | 'write', lba: number): Promise<void> {
  let at = 0
  const moves = pieceBytes.map((length) => {
    const data = memory.view(at, length)
    const first = lba + at / blockSize
    at += length
    return direction === 'read'
      ? queue.read({ namespace, lba: first, into: data })
      : queue.write({ namespace, lba: first, from: data })
  })
  if (at !== byteLength) throw new Error(`the pieces have ${at} bytes`)
  await Promise.all(moves)
}

function check(what: string, bytes: Uint8Array, lba: number, version: number): void {
  const found = new Uint32Array(bytes.slice().buffer)
  const difference = findDifference(found, blockWords, lba, version)
  if (difference !== undefined) throw new Error(`${what}: ${difference}`)
}
