// SPDX-License-Identifier: MIT
// bench:peers: every path under every load, TypeScript against C++ in interleaved rounds, and
// beside it the bare loop and the machine's own figures. Each round has processes of its own, one
// for each path, of 1 GiB each: where their memory lies and how their code was compiled differs
// from one to the next, and so is in the spread; and who comes second in one process finds more of
// that memory in the CPU's caches. `--rounds N`, `--milliseconds N`, `--save FILE`.
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
  paths,
  pathsUnder,
  pathTitles,
} from './cells.ts'
import type { Outcome } from './workload.ts'

const defaults = { rounds: 7, milliseconds: 200 }
const { rounds, milliseconds, save } = readRunOptions('bench:peers', defaults)

/** Not counted: each load begins with the caches that the one before has left. */
const settlingMilliseconds = Math.ceil(milliseconds / 4)
/** Of each path under each load, before any is counted: by then all of the code is compiled. */
const warmUpMilliseconds = Math.ceil(milliseconds / 2)

const client = fileURLToPath(new URL('./client.js', import.meta.url))

const onOneCore = ['taskset', '-c', '0']

/** A path, or the library's client in C++. */
type Name = Path | 'library'

function openMeasurer(name: Name): Measurer {
  if (name === 'library' || name === 'bare') return openPeersNative()
  const command = [...(name === 'pump' ? onOneCore : []), process.execPath, client]
  return new Measurer(pathTitles[name], command)
}

/** The processes of one round. */
class Measurers {
  readonly #measurers: ReadonlyMap<Name, Measurer>

  constructor() {
    const names = ['library', ...paths] as const
    this.#measurers = new Map(names.map((name) => [name, openMeasurer(name)]))
  }

  /** Who measures a name of the table, and what that child calls it. */
  of(name: Name): readonly [Measurer, string] {
    return [this.#measurers.get(name) as Measurer, name === 'pump' ? 'sync' : name]
  }

  /** All of them wait for a request: nobody fills memory beside the first measurement. */
  async started(): Promise<void> {
    const asked = [...this.#measurers.keys()].map((name) => {
      const [measurer, workload] = this.of(name)
      return measurer.ask(workload, 512, 1, 0, 1)
    })
    await Promise.all(asked)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#measurers.values()].map((measurer) => measurer.close()))
  }
}

/** Million commands a second, one value a round, by path and load. */
const rates = new Map<string, number[]>()
const ratesOf = (name: Name, load: Load): number[] => {
  const key = `${name} ${load.blockSize} ${load.depth} ${load.writePercent}`
  const values = rates.get(key) ?? []
  rates.set(key, values)
  return values
}

type Request = readonly [name: string, byteLength: number, depth: number, writePercent: number]

async function measureRound(isReversed: boolean): Promise<void> {
  const measurers = new Measurers()
  await measurers.started()
  const warmUp = (measurer: Measurer, request: Request) =>
    measurer.ask(...request, warmUpMilliseconds)
  await eachCell(measurers, isReversed, warmUp)
  await eachCell(measurers, isReversed, async (measurer, request, values) => {
    await measurer.ask(...request, settlingMilliseconds)
    const { commands, ns } = await measurer.ask<Outcome>(...request, milliseconds)
    values.push((commands / ns) * 1000)
  })
  await measurers.close()
}

/** Forwards and backwards in turn: the place in the order helps nobody. */
async function eachCell(
  measurers: Measurers,
  isReversed: boolean,
  visit: (measurer: Measurer, request: Request, values: number[]) => Promise<unknown>,
): Promise<void> {
  for (const load of loads) {
    const names: Name[] = ['library', ...pathsUnder(load)]
    for (const name of isReversed ? names.reverse() : names) {
      const [measurer, workload] = measurers.of(name)
      const request = [workload, load.blockSize, load.depth, load.writePercent] as const
      await visit(measurer, request, ratesOf(name, load))
    }
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
  const cpp = openPeersNative()
  const destinations = 32 // as many buffers as the clients have outstanding
  const handOff = []
  const copies: Record<number, number[]> = { 512: [], 4096: [] }
  const ns = async (...request: readonly (string | number)[]) =>
    (await cpp.ask<{ ns: number }>(...request, milliseconds)).ns
  for (let i = 0; i < rounds; i++) {
    handOff.push(await ns('hand-off'))
    for (const bytes of blockSizes) copies[bytes]?.push(await ns('copy', bytes, destinations))
  }
  await cpp.close()
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
  await measureRound(round % 2 === 0)
}
const rows = loads.flatMap(rowsUnder)
print(rows)
saveResult(save, { rounds, milliseconds, machine, rows })
