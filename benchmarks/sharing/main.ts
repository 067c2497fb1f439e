// SPDX-License-Identifier: MIT
// bench:sharing: what it costs to share a controller. A client's reads beside the owner's own in
// interleaved rounds, admin commands through the manager, several clients at once, starts, and
// kills. `--rounds N`, `--milliseconds N`, `--save FILE`.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeMachine } from '../../src/report/machine-facts.ts'
import type { Outcome } from '../peers/workload.ts'
import { namespaceBytes } from '../shared/filled-namespace.ts'
import { Measurer } from '../shared/measurer.ts'
import { readRunOptions } from '../shared/options.ts'
import { saveResult } from '../shared/result.ts'
import { showSpread, spreadOf } from '../shared/spread.ts'
import { measureKill } from './kills.ts'
import type { RoundTrip } from './process.ts'
import {
  clientKinds,
  quantilesOf,
  type ReadCell,
  readRows,
  roundTripRow,
  shareRow,
} from './rows.ts'
import type { ShareAnswer } from './share.ts'
import { readTable, roundTripTable, shareTable } from './tables.ts'

const { rounds, milliseconds, save } = readRunOptions('bench:sharing', {
  rounds: 7,
  milliseconds: 200,
})
const starts = 3 * rounds
const kills = 5 * rounds
const shareMs = 50 * milliseconds
const clientCounts = [1, 2, 4, 8]

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'peernvm-sharing-'))
const socket = join(folder, 'shared')
const device = join(folder, 'device')

const openProcess = (name: string) => new Measurer(name, [process.execPath, pathOf('./process.js')])

/** A device of its own behind vfio-user, in another process; and how to end it. */
async function serveVfioUser() {
  const program = pathOf('../../src/cli/peernvm.js')
  const args = ['serve', '--size', String(namespaceBytes), '--vfio-user', device]
  const imports = ['--import', pathOf('../shared/ends-with-parent.js')]
  const child = spawn(process.execPath, [...imports, program, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return async () => {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
}

const stopVfioUser = await serveVfioUser()
const owner = openProcess('owner')
await owner.ask('serve', socket)
const clients = { shared: openProcess('client'), 'vfio-user': openProcess('vfio-user client') }
await clients.shared.ask('open', socket)
await clients['vfio-user'].ask('open', `vfio-user:${device}`)
await clients['vfio-user'].ask('fill')
const native = new Measurer('sharing-native', [pathOf('../../../build/bin/sharing-native'), socket])

const cells: ReadCell[] = [512, 4096].flatMap((byteLength) =>
  [1, 32, 128].map((depth) => ({
    ...{ byteLength, depth, owner: [], clients: { shared: [], 'vfio-user': [] } },
  })),
)
const roundTrips = { 'C++': [] as RoundTrip[], TypeScript: [] as RoundTrip[] }

/** Million reads a second. */
async function read(who: Measurer, { byteLength, depth }: ReadCell): Promise<number> {
  const { commands, ns } = await who.ask<Outcome>('sync', byteLength, depth, 0, milliseconds)
  return (commands / ns) * 1000
}

async function measureRound(round: number): Promise<void> {
  for (const cell of cells) {
    // Who comes first alternates, so that neither profits from what the other left in caches.
    if (round % 2 === 0) cell.owner.push(await read(owner, cell))
    for (const kind of clientKinds) cell.clients[kind].push(await read(clients[kind], cell))
    if (round % 2 === 1) cell.owner.push(await read(owner, cell))
  }
  roundTrips['C++'].push(await native.ask('identify', milliseconds))
  roundTrips.TypeScript.push(await clients.shared.ask('identify', milliseconds))
}

async function measureShares() {
  const sharers = Array.from({ length: Math.max(...clientCounts) }, (_, i) =>
    openProcess(`client ${i + 1}`),
  )
  await Promise.all(sharers.map((sharer) => sharer.ask('open', socket)))
  const rows = []
  for (const count of clientCounts) {
    process.stderr.write(`${count} clients for ${shareMs / 1000} s\n`)
    const those = sharers.slice(0, count)
    await Promise.all(those.map((each, i) => each.ask('prepare', i)))
    // Once all have compiled their loops.
    const startMs = performance.timeOrigin + performance.now() + 1000
    const answers = those.map((each) => each.ask<ShareAnswer>('share', startMs, shareMs))
    rows.push(shareRow(await Promise.all(answers), shareMs))
  }
  await Promise.all(sharers.map((sharer) => sharer.close()))
  return rows
}

function startProgram(name: string, ...args: string[]) {
  const options = { encoding: 'utf8', timeout: 60_000 } as const
  return JSON.parse(execFileSync(process.execPath, [pathOf(name), ...args], options))
}

/** A client's start, and beside it that of a program that does nothing. */
function start(): { startupMs: number; attachMs: number; beyondMs: number } {
  const emptyMs: number = startProgram('./empty.js')
  const { startupMs, attachMs } = startProgram('./first-io.js', socket)
  return { startupMs, attachMs, beyondMs: startupMs - emptyMs }
}

console.log('One emulated controller and several processes; random reads of 1 GiB of memory.')
console.log('Not the speed of a drive. Median (min–max) over interleaved rounds.\n')
console.log(`${describeMachine()}\n`)
for (let round = 1; round <= rounds; round++) {
  process.stderr.write(`round ${round} of ${rounds}\n`)
  await measureRound(round)
}
await Promise.all([native, ...Object.values(clients)].map((client) => client.close()))
await stopVfioUser()
const shares = await measureShares()
const started = Array.from({ length: starts }, start)
const attach = {
  startupMs: spreadOf(started.map(({ startupMs }) => startupMs)),
  beyondMs: spreadOf(started.map(({ beyondMs }) => beyondMs)),
  attachMs: spreadOf(started.map(({ attachMs }) => attachMs)),
}
const reclaimed: number[] = []
for (let i = 0; i < kills; i++) reclaimed.push(await measureKill(socket))
await owner.close()
rmSync(folder, { recursive: true })

const reads = cells.flatMap(readRows)
const identify = Object.entries(roundTrips).map(([client, answers]) =>
  roundTripRow(client, answers),
)
const reclaimMs = quantilesOf(reclaimed)
console.log(`${readTable(reads)}\n`)
console.log(`${roundTripTable(identify)}\n`)
console.log(`${shareTable(shares)}\n`)
console.log(
  `First read: ${showSpread(attach.startupMs, 1)} ms from the end of Node's own start, ` +
    `${showSpread(attach.beyondMs, 1)} ms after the first line of an empty program; ` +
    `${showSpread(attach.attachMs, 1)} ms of them to attach and read (${starts} starts)`,
)
console.log(
  `Taken back from a client killed while it read: ${showSpread(reclaimMs, 1)} ms, ` +
    `p99 ${reclaimMs.p99.toFixed(1)} (${kills} kills)`,
)
saveResult(save, { rounds, milliseconds, reads, identify, shares, attach, reclaimMs })
