// SPDX-License-Identifier: MIT
// Writes and reads whose buffers are dropped, or disposed, while the device has yet to reach them,
// while garbage is made and collected all the time. Prints how much was found as it was written.
// Needs --expose-gc.
import { openController, startEmulator } from 'peernvm'

const rounds = Number(process.argv[2])
const bytes = 8192
const blocks = bytes / 512
const device = await startEmulator({ size: '16MiB' })
const controller = await openController(device.controller())
const namespace = await controller.namespace(1)
await namespace.read({ lba: 0, into: new Uint8Array(512) }) // its queue is there from now on
// Data moves when the collector has long been through.
device.inject({ delayNs: 3e6, on: { queues: 'io' } })

/** Page-aligned, as map() wants it. */
const pages = (value) => new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer).fill(value)

const patternOf = (round, lane) => ((round * 7 + lane * 31) % 255) + 1
// Nobody holds what is written from but the queue: each returns its promise alone.
const writers = [
  async (lba, value) => {
    const memory = await controller.allocate(bytes)
    memory.bytes.fill(value)
    const written = namespace.write({ lba, from: memory })
    memory[Symbol.dispose]()
    return written
  },
  async (lba, value) => {
    const memory = await controller.allocate(2 * bytes)
    memory.bytes.fill(value)
    return namespace.write({ lba, from: memory.view(bytes, bytes) })
  },
  async (lba, value) => {
    const memory = await controller.map(pages(value))
    const written = namespace.write({ lba, from: memory.view(bytes, bytes) })
    memory[Symbol.dispose]()
    return written
  },
  async (lba, value) => {
    const memory = await controller.allocate(bytes)
    memory.bytes.fill(value)
    const written = namespace.write({ lba, from: memory, fua: true })
    memory[Symbol.dispose]()
    return written
  },
  async (lba, value) => {
    const halves = [await controller.allocate(bytes / 2), await controller.allocate(bytes / 2)]
    for (const half of halves) half.bytes.fill(value)
    const written = namespace.write({ lba, from: halves })
    for (const half of halves) half[Symbol.dispose]()
    return written
  },
  async (lba, value) => namespace.write({ lba, from: new Uint8Array(bytes).fill(value) }),
  async (lba, value) =>
    namespace.writeMany([
      { lba, from: new Uint8Array(bytes / 2).fill(value) },
      { lba: lba + blocks / 2, from: [new Uint8Array(bytes / 2).fill(value)] },
    ]),
]

const readers = [
  async (lba) => {
    const memory = await controller.allocate(bytes)
    return namespace.read({ lba, into: memory })
  },
  async (lba) => {
    const memory = await controller.allocate(2 * bytes)
    return namespace.read({ lba, into: memory.view(bytes, bytes) })
  },
  async (lba) => namespace.read({ lba, into: new Uint8Array(bytes) }),
  async (lba) => {
    const [first, [second]] = await namespace.readMany([
      { lba, into: new Uint8Array(bytes / 2) },
      { lba: lba + blocks / 2, into: [new Uint8Array(bytes / 2)] },
    ])
    return Buffer.concat([first, second])
  },
]

/** Garbage of the kinds that hold memory, filled so that whoever still reads it reads that. */
async function litter() {
  const memory = await controller.allocate(bytes)
  memory.bytes.fill(0)
  memory[Symbol.dispose]()
  return Array.from({ length: 20 }, () => new Uint8Array(bytes))
}

let busy = true
async function collect() {
  while (busy) {
    await litter()
    globalThis.gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

let verified = 0
async function lane(index) {
  const lba = index * blocks
  for (let round = 0; round < rounds; round++) {
    const value = patternOf(round, index)
    await writers[index % writers.length](lba, value)
    const read = await readers[(index + round) % readers.length](lba)
    const other = read.findIndex((each) => each !== value)
    if (read.length !== bytes || other >= 0) {
      throw new Error(`lane ${index}, round ${round}: byte ${other} of ${read.length}`)
    }
    verified++
  }
}

const collecting = collect()
await Promise.all(Array.from({ length: 2 * writers.length }, (_, index) => lane(index)))
busy = false
await collecting
await controller.close()
await device.close()
console.log(verified)
