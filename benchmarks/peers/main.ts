// SPDX-License-Identifier: MIT
// bench:peers: every path under every load, TypeScript against C++ in interleaved rounds, and
// beside it the bare loop and the machine's own figures. `--rounds N`, `--milliseconds N`, `--save
// FILE`.
import { fileURLToPath } from 'node:url'
import { describeMachine } from '../../src/report/machine-facts.ts'
import { Measurer } from '../shared/measurer.ts'
import { readRunOptions } from '../shared/options.ts'
import { openPeersNative } from '../shared/peers-native.ts'
import { saveResult } from '../shared/result.ts'
import { ratiosOf, type Spread, showSpread, spreadOf, verdict } from '../shared/spread.ts'
import {
  blockSizes,
  goalOf,
  type Load,
  libraryToBareGoal,
  loads,
  type Path,
  pathsUnder,
  pathTitles,
} from './cells.ts'
import type { Outcome } from './workload.ts'

const defaults = { rounds: 7, milliseconds: 200 }
const { rounds, milliseconds, save } = readRunOptions('bench:peers', defaults)

const client = fileURLToPath(new URL('./client.js', import.meta.url))
const measurers = {
  cpp: openPeersNative(),
  typescript: new Measurer('client', [process.execPath, client]),
  oneCore: new Measurer('client on one core', ['taskset', '-c', '0', process.execPath, client]),
}

/** Who measures a name of the table, and what that child calls it. */
function measurerOf(name: Path | 'library'): readonly [Measurer, string] {
  if (name === 'library' || name === 'bare') return [measurers.cpp, name]
  return name === 'pump' ? [measurers.oneCore, 'sync'] : [measurers.typescript, name]
}

/** Million commands a second, one value a round, by path and load. */
const rates = new Map<string, number[]>()
const ratesOf = (name: Path | 'library', load: Load): number[] => {
  const key = `${name} ${load.blockSize} ${load.depth} ${load.writePercent}`
  const values = rates.get(key) ?? []
  rates.set(key, values)
  return values
}

async function measure(name: Path | 'library', load: Load): Promise<void> {
  const { blockSize, depth, writePercent } = load
  const [measurer, workload] = measurerOf(name)
  const request = [workload, blockSize, depth, writePercent, milliseconds] as const
  const { commands, ns } = await measurer.ask<Outcome>(...request)
  ratesOf(name, load).push((commands / ns) * 1000)
}

async function measureRound(): Promise<void> {
  for (const load of loads) {
    await measure('library', load)
    for (const path of pathsUnder(load)) await measure(path, load)
  }
}

interface Row extends Load {
  path: string
  millionIops: Spread
  ratio: Spread
  goal: number | undefined
}

function rowsUnder(load: Load): Row[] {
  const library = ratesOf('library', load)
  return [
    {
      path: 'C++, to the bare loop',
      ...load,
      millionIops: spreadOf(library),
      ratio: ratiosOf(library, ratesOf('bare', load)),
      goal: libraryToBareGoal,
    },
    ...pathsUnder(load).map((path) => ({
      path: pathTitles[path],
      ...load,
      millionIops: spreadOf(ratesOf(path, load)),
      ratio: ratiosOf(ratesOf(path, load), library),
      goal: goalOf(path, load),
    })),
    ...awaitToPromise(load),
  ]
}

/** How much of what a promise leaves, `await` reaches. */
function awaitToPromise(load: Load): Row[] {
  const promises = ratesOf('promise', load)
  if (promises.length === 0) return []
  const awaits = ratesOf('await', load)
  return [
    {
      path: 'await, to a promise',
      ...load,
      millionIops: spreadOf(awaits),
      ratio: ratiosOf(awaits, promises),
      goal: undefined,
    },
  ]
}

function print(rows: readonly Row[]): void {
  console.log(
    `${'path'.padEnd(26)}${'bytes'.padStart(6)}${'depth'.padStart(6)}${'writes'.padStart(7)}  ` +
      `${'million I/O a second'.padEnd(24)}${'ratio to C++'.padEnd(20)}goal`,
  )
  for (const { path, blockSize, depth, writePercent, millionIops, ratio, goal } of rows) {
    console.log(
      `${path.padEnd(26)}${String(blockSize).padStart(6)}${String(depth).padStart(6)}` +
        `${`${writePercent} %`.padStart(7)}  ` +
        `${showSpread(millionIops).padEnd(24)}${showSpread(ratio).padEnd(20)}` +
        verdict(goal, ratio),
    )
  }
}

async function machineFigures() {
  const destinations = 32 // as many buffers as the clients have outstanding
  const handOff = []
  const copies: Record<number, number[]> = { 512: [], 4096: [] }
  const ns = async (...request: readonly (string | number)[]) =>
    (await measurers.cpp.ask<{ ns: number }>(...request, milliseconds)).ns
  for (let i = 0; i < rounds; i++) {
    handOff.push(await ns('hand-off'))
    for (const bytes of blockSizes) copies[bytes]?.push(await ns('copy', bytes, destinations))
  }
  return {
    handOffNs: spreadOf(handOff),
    copy512Ns: spreadOf(copies[512] ?? []),
    copy4096Ns: spreadOf(copies[4096] ?? []),
  }
}

console.log(
  'Software overhead per I/O on the emulated controller: random places in 1 GiB of memory.',
)
console.log('Not the speed of a drive. Median (min–max) over interleaved rounds.\n')
console.log(describeMachine())
const machine = await machineFigures()
const { handOffNs, copy512Ns, copy4096Ns } = machine
console.log(`hand-off of a cache line between CPUs: ${showSpread(handOffNs, 0)} ns a round trip`)
console.log(
  `random copy: 512 B ${showSpread(copy512Ns, 0)} ns, 4 KiB ${showSpread(copy4096Ns, 0)} ns\n`,
)
for (let round = 1; round <= rounds; round++) {
  process.stderr.write(`round ${round} of ${rounds}\n`)
  await measureRound()
}
const rows = loads.flatMap(rowsUnder)
print(rows)
saveResult(save, { rounds, milliseconds, machine, rows })
await Promise.all(Object.values(measurers).map((measurer) => measurer.close()))
