// SPDX-License-Identifier: MIT
// Opens and closes `rounds` times what `what` names, and prints what the process holds after each
// third of them: memory, file descriptors, threads, mappings. Needs --expose-gc.
import { readdirSync, readFileSync } from 'node:fs'
import { openController, startEmulator } from 'peernvm'

const [what, rounds] = [process.argv[2], Number(process.argv[3])]
const small = { size: '1MiB' }

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
    const queue = await controller.createQueuePair({ mode: 'await', depth: 4 })
    const raw = await controller.createQueuePair({ mode: 'raw', depth: 4 })
    const memory = await controller.allocate(8192)
    await queue.write({ namespace, lba: 0, from: memory.view(0, 512) })
    await namespace.read({ lba: 0, into: new Uint8Array(512) })
    raw.batch({ namespace, memory, capacity: 1 })
    device.inject({ drop: true, on: { queues: 'io', opcode: 0x99 } })
    device.onCommand(0x92, { name: 'x' }, () => {})
    await controller.close()
    await device.close()
  },
}

function held() {
  const status = readFileSync('/proc/self/status', 'utf8')
  const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1])
  const lines = readFileSync('/proc/self/maps', 'utf8').trim().split('\n')
  return {
    bytes: kilobytes * 1024,
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

const marks = []
for (let i = 1; i <= rounds; i++) {
  await ways[what]()
  if (i % (rounds / 3) !== 0) continue
  await settle()
  marks.push(held())
}
console.log(JSON.stringify(marks))
