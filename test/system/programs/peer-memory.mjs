// SPDX-License-Identifier: MIT
// Moves data between an emulated controller and the memory of a PCI function, of which the tests
// make files: BAR 2 of 0000:06:00.0, 64 KiB. Prints what came of it as JSON. Usage:
// peer-memory FILE
import { readFileSync, truncateSync } from 'node:fs'
import { openController } from 'peernvm'

const [file] = process.argv.slice(2)
const peer = '0000:06:00.0'
const small = { emulator: { size: '1MiB' } }
const codeOf = (attempt) =>
  Promise.resolve()
    .then(attempt)
    .then(
      () => 'nothing',
      ({ code }) => code,
    )
const page = (value) => new Uint8Array(4096).fill(value)
/** The values that the bytes of a page have. */
const inFile = (page) => [...new Set(readFileSync(file).subarray(4096 * page, 4096 * (page + 1)))]
const report = {}

const controller = await openController(small)
const namespace = await controller.namespace(1)
const range = { bar: 2, byteOffset: 4096, byteLength: 49152 }
const memory = await controller.mapPeer(peer, range)
const { kind, path, byteLength } = memory
report.memory = { kind, path, byteLength, sizes: memory.runs.map((run) => run.byteLength) }

for (let i = 0; i < 8; i++) await namespace.write({ lba: 8 * i, from: page(i + 1) })
const queue = await controller.createQueuePair({ mode: 'await' })
// One page, many pages, a list with memory of the host, the typed array of a part.
await queue.read({ namespace, lba: 0, into: memory.view(0, 4096) })
await queue.read({ namespace, lba: 8, into: memory.view(4096, 12288) })
const host = await controller.allocate(4096)
await queue.read({ namespace, lba: 32, into: [host, memory.view(16384, 4096)] })
await queue.read({ namespace, lba: 48, into: memory.bytes.subarray(20480, 24576) })
report.read = [1, 2, 3, 4, 5, 6].map(inFile).concat([[host.bytes[0]]])
memory.bytes.fill(9, 0, 4096)
await queue.write({ namespace, lba: 64, from: memory.view(0, 4096) })
report.written = [...new Set(await namespace.read({ lba: 64, into: new Uint8Array(4096) }))]
await queue.flush({ namespace })
await queue.read({ namespace, lba: 0, into: host })
await queue.read({ namespace, lba: 0, into: new Uint8Array(512) })
report.promises = queue.stats()

const raw = await controller.createQueuePair({ mode: 'raw' })
raw.sq.read(raw.sq.enqueue(), 1, 0, 8, memory, 8192)
raw.sq.read(raw.sq.enqueue(), 1, 0, 8, host, 0)
raw.sq.submit()
for (let left = 2; left > 0; ) left -= raw.cq.wait()
raw.cq.update()
const batch = raw.batch({ namespace, memory, capacity: 4 })
for (let i = 0; i < 3; i++) batch.commands.set([2, 8 * i, 8, 4096 * i], 4 * i)
batch.commands.set([0, 0, 0, 0], 12) // a Flush
report.failed = batch.run(4)
report.raw = raw.stats()
await raw.close()

// Another controller does not know its addresses: there its data is copied.
const other = await openController(small)
const copying = await other.createQueuePair({ mode: 'await' })
await copying.write({ namespace: await other.namespace(1), lba: 0, from: memory.view(0, 4096) })
report.other = copying.stats()

const again = await openController(controller.ref())
const same = await again.attach(memory.ref())
report.attached = [same.kind, same.path, same.bytes.byteLength]

const drive = await openSysfs()
report.address = drive.runs[0].ioAddress

report.refused = {}
const refusals = {
  text: () => controller.mapPeer('resource2', range),
  absent: () => controller.mapPeer('0000:07:00.0', range),
  noBar: () => controller.mapPeer(peer, { ...range, bar: 3 }),
  ports: () => controller.mapPeer(peer, { ...range, bar: 1 }),
  odd: () => controller.mapPeer(peer, { ...range, byteLength: 100 }),
  beyond: () => controller.mapPeer(peer, { ...range, byteLength: 65536 }),
}
for (const [name, attempt] of Object.entries(refusals)) report.refused[name] = await codeOf(attempt)

// Disposed while a command is on its way: its memory stays for as long as that takes.
const slow = await openController({ emulator: { timing: { latencyNs: 2e7 } } })
const late = await slow.mapPeer(peer, { ...range, byteOffset: 57344, byteLength: 4096 })
await (await slow.namespace(1)).write({ lba: 0, from: page(11) })
const reading = (await slow.namespace(1)).read({ lba: 0, into: late })
late[Symbol.dispose]()
await reading
report.late = inFile(14)

// The file ends: what reaches its memory fails, and the process lives.
truncateSync(file, 4096)
const vanished = memory.view(8192, 4096)
report.vanished = await codeOf(() => queue.read({ namespace, lba: 0, into: vanished }))
report.seen = memory.bytes[0]

const isMapped = () => readFileSync('/proc/self/maps', 'utf8').includes('/resource2')
report.mapped = [isMapped()]
for (const each of [memory, same, drive]) each[Symbol.dispose]()
await new Promise(setImmediate) // when what was detached is let go of
report.mapped.push(isMapped())
report.disposed = [memory.bytes.byteLength, await codeOf(() => memory.view(0, 1))]
for (const each of [again, other, slow, controller]) await each.close()
console.log(JSON.stringify(report))

/** The same memory for a real device, which gets addresses on the bus. */
async function openSysfs() {
  const real = await openController('0000:05:00.0', { role: 'reference' })
  report.itself = await codeOf(() => real.mapPeer('0000:05:00.0', range))
  return real.mapPeer(peer, range)
}
