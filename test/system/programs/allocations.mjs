// SPDX-License-Identifier: MIT
// A program of allocations.test.ts: which functions of the library allocate while commands run, in
// bytes a command, as the heap profiler samples it, and how many turns the pump took for each.
// Argument: raw, batch, await or readMany. The library is not in one file here, so that functions
// are told by theirs.
import { Session } from 'node:inspector/promises'
import { openController } from '../../../dist/src/index.js'

const commandCount = 40_000
const depth = 8
const blockSize = 512

const controller = await openController({ emulator: { size: '16MiB' } })
const namespace = await controller.namespace(1)
const memory = await controller.allocate(depth * blockSize)
const views = Array.from({ length: depth }, (_, i) => memory.view(i * blockSize, blockSize))

async function openRaw() {
  const { sq, cq } = await controller.createQueuePair({ mode: 'raw', depth })
  return () => {
    for (let done = 0; done < commandCount; done += depth) {
      for (let i = 0; i < depth; i++)
        sq.read(sq.enqueue(), 1, done & 0xfff, 1, memory, i * blockSize)
      sq.submit()
      for (let got = 0; got < depth; got += cq.wait());
      cq.update()
    }
  }
}

async function openBatch() {
  const queue = await controller.createQueuePair({ mode: 'raw', depth })
  const batch = queue.batch({ namespace, memory, capacity: depth })
  for (let i = 0; i < depth; i++) batch.commands.set([2, i, 1, i * blockSize], 4 * i)
  return () => {
    for (let done = 0; done < commandCount; done += depth) batch.run(depth)
  }
}

async function openAwait() {
  const queue = await controller.createQueuePair({ mode: 'await', depth })
  const lane = async (into) => {
    for (let i = 0; i < commandCount / depth; i++) {
      await namespace.read({ lba: i & 0xfff, into }, queue)
    }
  }
  return () => Promise.all(views.map(lane))
}

async function openReadMany() {
  const queue = await controller.createQueuePair({ mode: 'await', depth })
  const requests = views.map((into, lba) => ({ lba, into }))
  return async () => {
    for (let i = 0; i < commandCount / depth; i++)
      await namespace.readMany(requests, undefined, queue)
  }
}

/** Each turn of the pump is asked for by one call; nothing else calls it so often. */
let turns = 0
const { then } = Promise.prototype
Object.defineProperty(Promise.prototype, 'then', {
  value: function countedThen(onResolved, onRejected) {
    turns++
    return then.call(this, onResolved, onRejected)
  },
})

/** Adds up what each function of the library allocated. */
function addUp(node, sums) {
  const { url, functionName } = node.callFrame
  if (url.includes('/dist/src/') || functionName === 'countedThen') {
    const name = `${url.slice(url.lastIndexOf('/') + 1)} ${functionName}`
    sums[name] = (sums[name] ?? 0) + node.selfSize / commandCount
  }
  for (const child of node.children) addUp(child, sums)
  return sums
}

const open = { raw: openRaw, batch: openBatch, await: openAwait, readMany: openReadMany }
const run = await open[process.argv[2]]()
for (let i = 0; i < 10; i++) await run() // until it is compiled
const session = new Session()
session.connect()
await session.post('HeapProfiler.startSampling', {
  samplingInterval: 256,
  includeObjectsCollectedByMajorGC: true,
  includeObjectsCollectedByMinorGC: true,
})
turns = 0
await run()
const turnsPerCommand = turns / commandCount
const { profile } = await session.post('HeapProfiler.stopSampling')
console.log(JSON.stringify({ bytesByFunction: addUp(profile.head, {}), turnsPerCommand }))
await controller.close()
