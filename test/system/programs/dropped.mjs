// SPDX-License-Identifier: MIT
// Drops what `what` names without closing it, under garbage collection, and prints what it was told
// and whether everything still works. Needs --expose-gc.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openController, startEmulator } from 'peernvm'

const warnings = []
process.on('warning', ({ code, message }) => warnings.push(`${code}: ${message}`))

async function collect() {
  for (let i = 0; i < 6; i++) {
    globalThis.gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const ways = {
  async controller() {
    await openController({ emulator: { size: '1MiB' } })
  },
  // One that hears of events, since nobody counts changes of its namespaces.
  async client() {
    const folder = mkdtempSync(join(tmpdir(), 'peernvm-dropped-'))
    const device = await startEmulator({ size: '1MiB' })
    await device.serve({ vfioUser: folder })
    await (await openController(folder)).namespace(1)
    await collect()
    await device.close()
    rmSync(folder, { recursive: true })
  },
  async memory(controller) {
    await controller.allocate(8192)
  },
  async disposed(controller) {
    const memory = await controller.allocate(8192)
    memory[Symbol.dispose]()
  },
  // The command's memory is known to nobody but the device.
  async reading(controller, namespace) {
    const queue = await controller.createQueuePair({ mode: 'await' })
    const reads = Array.from({ length: 8 }, async () => {
      const memory = await controller.allocate(4096)
      return queue.read({ namespace, lba: 0, into: memory })
    })
    await collect()
    for (const bytes of await Promise.all(reads)) {
      if (bytes.length !== 4096 || bytes.some((byte) => byte !== 0x5a)) throw new Error('lost')
    }
  },
  // Known only by what controller() gave, and by the path of its socket.
  async device() {
    const target = (await startEmulator({ size: '1MiB' })).controller()
    await collect()
    await (await openController(target)).close()
  },
}

const slow = { size: '1MiB', timing: { latencyNs: 20_000_000 } }
const controller = await openController({ emulator: slow })
const namespace = await controller.namespace(1)
await namespace.write({ lba: 0, from: new Uint8Array(4096).fill(0x5a) })
await ways[process.argv[2]](controller, namespace)
await collect()
await controller.close()
console.log(JSON.stringify(warnings))
