// SPDX-License-Identifier: MIT
// One start: prints the milliseconds from the end of Node's own start to the first completed read,
// and the percentage of a core that the idle emulator's thread uses afterwards. Argument: for how
// many seconds to look at it, 0 for not at all.
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { openController } from 'peernvm'

const settleMs = 100 // the emulator parks after about a millisecond without work

/** Nanoseconds that the emulator's thread has run. */
function emulatorThreadNs(): number {
  const threads = readdirSync('/proc/self/task').map((id) => `/proc/self/task/${id}`)
  const thread = threads.find((path) => readFileSync(`${path}/comm`, 'utf8') === 'nvm-emulator\n')
  return Number(readFileSync(`${thread}/schedstat`, 'utf8').split(' ')[0])
}

await using controller = await openController()
const namespace = await controller.namespace(1)
await namespace.read({ lba: 0, into: new Uint8Array(namespace.blockSize) })
const startupMs = performance.now() - performance.nodeTiming.bootstrapComplete

const idleSeconds = Number(process.argv[2] ?? 0)
let idlePercent: number | undefined
if (idleSeconds > 0) {
  await sleep(settleMs)
  const before = emulatorThreadNs()
  await sleep(idleSeconds * 1000)
  idlePercent = ((emulatorThreadNs() - before) / (idleSeconds * 1e9)) * 100
}
console.log(JSON.stringify({ startupMs, idlePercent }))
