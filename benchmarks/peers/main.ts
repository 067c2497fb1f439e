// SPDX-License-Identifier: MIT
// bench:peers: every cell of the ratio table, TypeScript against C++ in interleaved rounds, and
// beside it the bare loop and the machine's own figures. `--rounds N`, `--milliseconds N`, `--save
// FILE`.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { blockSizes, type Cell, cells, depths, libraryToBareGoal, pathTitles } from './cells.ts'
import { machineFacts } from './machine-facts.ts'
import { type Answer, Measurer } from './measurer.ts'
import { type Spread, spreadOf } from './spread.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    milliseconds: { type: 'string', default: '200' },
    save: { type: 'string' },
  },
})
const rounds = Number(options.rounds)
const milliseconds = Number(options.milliseconds)

const packageRoot = new URL('../../../', import.meta.url)
const client = fileURLToPath(new URL('./client.js', import.meta.url))
const native = fileURLToPath(new URL('build/bin/peers-native', packageRoot))

const measurers = {
  cpp: new Measurer('peers-native', [native]),
  typescript: new Measurer('client', [process.execPath, client]),
  oneCore: new Measurer('client on one core', ['taskset', '-c', '0', process.execPath, client]),
}

const millions = ({ commands, ns }: Answer) => (commands / ns) * 1000
const keyOf = (name: string, blockSize: number, depth: number) => `${name} ${blockSize} ${depth}`

/** Million commands a second, one value a round, by path, size and depth. */
const rates = new Map<string, number[]>()

function record(name: string, blockSize: number, depth: number, answer: Answer): void {
  const key = keyOf(name, blockSize, depth)
  const values = rates.get(key) ?? []
  values.push(millions(answer))
  rates.set(key, values)
}

async function measureCell({ path, blockSize, depth }: Cell): Promise<void> {
  if (path === 'bare') {
    record(
      'bare',
      blockSize,
      depth,
      await measurers.cpp.ask('bare', blockSize, depth, milliseconds),
    )
  } else if (path === 'pump') {
    const answer = await measurers.oneCore.ask('sync', blockSize, depth, milliseconds)
    record('pump', blockSize, depth, answer)
  } else {
    const answer = await measurers.typescript.ask(path, blockSize, depth, milliseconds)
    record(path, blockSize, depth, answer)
  }
}

async function measureRound(): Promise<void> {
  for (const blockSize of blockSizes) {
    for (const depth of depths) {
      const answer = await measurers.cpp.ask('library', blockSize, depth, milliseconds)
      record('library', blockSize, depth, answer)
      for (const cell of cells) {
        if (cell.blockSize === blockSize && cell.depth === depth) await measureCell(cell)
      }
    }
  }
}

function ratiosTo(base: string, name: string, blockSize: number, depth: number): Spread {
  const bases = rates.get(keyOf(base, blockSize, depth)) ?? []
  const values = rates.get(keyOf(name, blockSize, depth)) ?? []
  return spreadOf(values.map((value, round) => value / (bases[round] as number)))
}

const show = ({ min, median, max }: Spread, digits = 2) =>
  `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`

function verdict(goal: number | undefined, ratio: Spread): string {
  if (goal === undefined) return ''
  if (ratio.median >= goal) return `≥ ${goal.toFixed(2)} reached`
  return ratio.max >= goal
    ? `≥ ${goal.toFixed(2)} within the spread`
    : `≥ ${goal.toFixed(2)} MISSED`
}

interface Row {
  path: string
  blockSize: number
  depth: number
  millionIops: Spread
  ratio: Spread
  goal: number | undefined
}

function rowsOf(blockSize: number, depth: number): Row[] {
  const row = (path: string, base: string, name: string, goal: number | undefined): Row => ({
    path,
    blockSize,
    depth,
    millionIops: spreadOf(rates.get(keyOf(name, blockSize, depth)) ?? []),
    ratio: ratiosTo(base, name, blockSize, depth),
    goal,
  })
  return [
    row('C++, to the bare loop', 'bare', 'library', libraryToBareGoal),
    ...cells
      .filter((cell) => cell.blockSize === blockSize && cell.depth === depth)
      .map((cell) => row(pathTitles[cell.path], 'library', cell.path, cell.goal)),
  ]
}

function print(rows: readonly Row[]): void {
  console.log(
    `${'path'.padEnd(26)}${'bytes'.padStart(6)}${'depth'.padStart(6)}  ` +
      `${'million I/O a second'.padEnd(24)}${'ratio to C++'.padEnd(20)}goal`,
  )
  for (const { path, blockSize, depth, millionIops, ratio, goal } of rows) {
    console.log(
      `${path.padEnd(26)}${String(blockSize).padStart(6)}${String(depth).padStart(6)}  ` +
        `${show(millionIops).padEnd(24)}${show(ratio).padEnd(20)}${verdict(goal, ratio)}`,
    )
  }
}

async function machineFigures() {
  const handOff = []
  const copies: Record<number, number[]> = { 512: [], 4096: [] }
  const ns = async (name: string, bytes: number) =>
    (await measurers.cpp.ask(name, bytes, 0, milliseconds)).ns
  for (let i = 0; i < rounds; i++) {
    handOff.push(await ns('hand-off', 0))
    for (const bytes of blockSizes) copies[bytes]?.push(await ns('copy', bytes))
  }
  return {
    handOffNs: spreadOf(handOff),
    copy512Ns: spreadOf(copies[512] ?? []),
    copy4096Ns: spreadOf(copies[4096] ?? []),
  }
}

const facts = machineFacts()
console.log(
  'Software overhead per I/O on the emulated controller: random reads over 1 GiB of memory.',
)
console.log('Not the speed of a drive. Median (min–max) over interleaved rounds.\n')
console.log(`${facts.cpu}, ${facts.cpus} CPUs, Linux ${facts.kernel}, Node ${facts.node}`)
const machine = await machineFigures()
console.log(`hand-off of a cache line between CPUs: ${show(machine.handOffNs, 0)} ns a round trip`)
console.log(
  `random copy: 512 B ${show(machine.copy512Ns, 0)} ns, 4 KiB ${show(machine.copy4096Ns, 0)} ns\n`,
)
for (let round = 1; round <= rounds; round++) {
  process.stderr.write(`round ${round} of ${rounds}\n`)
  await measureRound()
}
const rows = blockSizes.flatMap((blockSize) => depths.flatMap((depth) => rowsOf(blockSize, depth)))
print(rows)
if (options.save !== undefined) {
  const result = { date: new Date().toISOString(), facts, rounds, milliseconds, machine, rows }
  writeFileSync(options.save, `${JSON.stringify(result, null, 2)}\n`)
  console.log(`\nSaved to ${options.save}`)
}
await Promise.all(Object.values(measurers).map((measurer) => measurer.close()))
