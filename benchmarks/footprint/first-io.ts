// SPDX-License-Identifier: MIT
// One start: prints the milliseconds from the end of Node's own start to the first completed read,
// and the percentage of a core that the idle emulator uses afterwards. `--idle SECONDS`, 0: not.
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { openController } from '../../src/index.ts'

const settleMs = 1000 // by then Node has ended what its start left to do

await using controller = await openController()
const namespace = await controller.namespace(1)
await namespace.read({ lba: 0, into: new Uint8Array(namespace.blockSize) })
const startupMs = performance.now() - performance.nodeTiming.bootstrapComplete

const idleSeconds = Number(process.argv[2] ?? 0)
await sleep(idleSeconds > 0 ? settleMs : 0)
const before = process.cpuUsage()
await sleep(idleSeconds * 1000)
const { user, system } = process.cpuUsage(before)
const idlePercent = idleSeconds > 0 ? (user + system) / (idleSeconds * 1e4) : undefined
console.log(JSON.stringify({ startupMs, idlePercent }))
