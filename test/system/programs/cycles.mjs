// SPDX-License-Identifier: MIT
// Opens and closes `rounds` times what `what` names, and prints what the process holds at `marks`
// times: memory, file descriptors, threads, mappings. Needs --expose-gc.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openController, startEmulator } from 'peernvm'

const what = process.argv[2]
const [rounds, marks] = process.argv.slice(3).map(Number)
const small = { size: '1MiB' }
const folder = mkdtempSync(join(tmpdir(), 'peernvm-cycles-'))
const path = join(folder, 'shared')
const foreign = new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer)

const ways = {
  async controller() {
    const controller = await openController({ emulator: small })
    await controller.close()
  },
  // Queue pairs and memory are left to the controller to close.
  async everything() {
    const device = await startEmulator(small)
    const controller = await openController(device.controller())
    const namespace = await controller.namespace(1)
    const queue = await controller.createQueuePair({ mode: 'await', depth: 4, histogram: true })
    const raw = await controller.createQueuePair({ mode: 'raw', depth: 4 })
    const memory = await controller.allocate(8192)
    await queue.write({ namespace, lba: 0, from: memory.view(0, 512) })
    await namespace.read({ lba: 0, into: new Uint8Array(512) })
    raw.batch({ namespace, memory, capacity: 1 })
    device.inject({ drop: true, on: { queues: 'io', opcode: 0x99 } })
    device.onCommand(0x92, { name: 'x' }, () => {})
    const mapped = await controller.map(foreign)
    await queue.read({ namespace, lba: 0, into: mapped.view(0, 512) })
    const events = controller.events()
    await events.ready()
    await controller.serve({ path })
    const client = await openController(path)
    const ofClient = await client.namespace(1)
    const shared = await client.allocate(4096)
    await ofClient.read({ lba: 0, into: shared })
    await client.close()
    await controller.close()
    await device.close()
  },
}

function look() {
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage()
  const lines = readFileSync('/proc/self/maps', 'utf8').trim().split('\n')
  return {
    nativeBytes: rss - heapTotal,
    heapBytes: heapUsed + external,
    fds: readdirSync('/proc/self/fd').length,
    threads: readdirSync('/proc/self/task').length,
    // Those of the collector's heap come and go.
    mappings: lines.filter((line) => /peernvm|zero|shm/.test(line)).length,
  }
}

async function settle() {
  for (let i = 0; i < 4; i++) {
    globalThis.gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const held = []
for (let i = 1; i <= rounds; i++) {
  await ways[what]()
  if (i % (rounds / marks) !== 0) continue
  await settle()
  held.push(look())
}
rmSync(folder, { recursive: true })
console.log(JSON.stringify(held))
