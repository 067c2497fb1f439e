// SPDX-License-Identifier: MIT
// bench:loads: large transfers, several queues, and latencies beside other work, in interleaved
// rounds. `--rounds N`, `--milliseconds N`, `--save FILE`.
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { describeMachine } from '../../src/report/machine-facts.ts'
import { Measurer } from '../shared/measurer.ts'
import { readRunOptions } from '../shared/options.ts'
import { openPeersNative } from '../shared/peers-native.ts'
import { saveResult } from '../shared/result.ts'
import { spreadOf } from '../shared/spread.ts'
import { copies, disturbances, readers, transfersBeside } from './cells.ts'
import type { LatencyAnswer } from './latency.ts'
import type { ReadersAnswer } from './readers.ts'
import { mebibytesPerSecond } from './reckoning.ts'
import { latencyRow, readersRow, transferRow } from './rows.ts'
import { latencyTable, readersTable, transferTable } from './tables.ts'
import type { TransferAnswer } from './transfers.ts'

// Short and often: both sides of a ratio then meet the same machine.
const defaults = { rounds: 15, milliseconds: 60 }
const { rounds, milliseconds, save } = readRunOptions('bench:loads', defaults)

const client = fileURLToPath(new URL('./client.js', import.meta.url))
const native = openPeersNative()
const typescript = new Measurer('client', [process.execPath, client])

const copyCells = copies.map((copy) => ({
  ...copy,
  ns: [] as number[],
  transfers: transfersBeside(copy).map((transfer) => ({
    transfer,
    answers: [] as TransferAnswer[],
  })),
}))
const readersCells = readers.map((cell) => ({ cell, answers: [] as ReadersAnswer[] }))
const latencyCells = disturbances.map((beside) => ({ beside, answers: [] as LatencyAnswer[] }))

async function measureRound(): Promise<void> {
  for (const { byteLength, depth, ns, transfers } of copyCells) {
    const copied = await native.ask<{ ns: number }>('copy', byteLength, depth, milliseconds)
    ns.push(copied.ns)
    for (const { transfer, answers } of transfers) {
      const { direction, memory } = transfer
      const request = ['transfer', direction, memory, byteLength, depth, milliseconds] as const
      answers.push(await typescript.ask(...request))
    }
  }
  for (const { cell, answers } of readersCells) {
    answers.push(await typescript.ask('readers', cell.threads, cell.queues, milliseconds))
  }
  for (const { beside, answers } of latencyCells) {
    answers.push(await typescript.ask('latency', beside, milliseconds))
  }
}

console.log('Loads on the emulated controller, at random places in 1 GiB of memory.')
console.log('Not the speed of a drive. Median (min–max) over interleaved rounds.\n')
console.log(`${describeMachine()}\n`)
for (let round = 1; round <= rounds; round++) {
  process.stderr.write(`round ${round} of ${rounds}\n`)
  await measureRound()
}
await Promise.all([native.close(), typescript.close()])

const machine = copyCells.map(({ byteLength, depth, ns }) => ({
  byteLength,
  depth,
  mebibytesPerSecond: spreadOf(ns.map((each) => mebibytesPerSecond(byteLength, each))),
}))
const transfers = copyCells.flatMap((copy) =>
  copy.transfers.map(({ transfer, answers }) => transferRow(transfer, answers, copy.ns)),
)
const cpus = availableParallelism()
const queues = readersCells.map(({ cell, answers }) => readersRow(cell, answers, cpus))
const latency = latencyCells.map(({ beside, answers }) => latencyRow(beside, answers))
const verifiedBytes = [...transfers, ...queues, ...latency].reduce(
  (sum, row) => sum + row.verifiedBytes,
  0,
)
console.log(`${transferTable(machine, transfers)}\n`)
console.log(`${readersTable(queues)}\n`)
console.log(`${latencyTable(latency)}\n`)
console.log(`${(verifiedBytes / 2 ** 20).toFixed(0)} MiB written, read back and compared.`)
saveResult(save, { rounds, milliseconds, machine, transfers, queues, latency, verifiedBytes })
