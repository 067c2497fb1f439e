// SPDX-License-Identifier: MIT
// `npm run bench:measuring`: what measuring costs. Each engine of nvm-latency-bench reads 512 bytes
// at random at depth 128, with clock and histogram and without, in turn; and a value is recorded in
// a histogram. The cost is what a command takes longer.
import { fileURLToPath } from 'node:url'
import { Histogram } from 'peernvm'
import { describeMachine } from '../../src/report/machine-facts.ts'
import type { Engine } from '../../src/report/result.ts'
import { lbaBytes } from '../shared/filled-namespace.ts'
import { Measurer } from '../shared/measurer.ts'
import { readRunOptions } from '../shared/options.ts'
import { saveResult } from '../shared/result.ts'
import { type Spread, showSpread, spreadOf } from '../shared/spread.ts'
import { type Cost, depth } from './cost.ts'

const engines: readonly Engine[] = ['js', 'batch', 'await', 'native']
/** Of one process: how its code was compiled, and where its memory lies, is in all of them. */
const processRounds = 4
const { rounds, milliseconds, save } = readRunOptions('bench:measuring', {
  rounds: 60,
  milliseconds: 50,
})

const client = fileURLToPath(new URL('./client.js', import.meta.url))

interface Costs {
  readonly plain: Cost[]
  readonly measured: Cost[]
}

/** The rounds from `first` to `last`, in a process of their own. */
async function measureRounds(first: number, last: number, costs: Map<Engine, Costs>) {
  const measurer = new Measurer('client', [process.execPath, client])
  const ask = (engine: Engine, measures: boolean, round: number) =>
    measurer.ask<Cost>(engine, measures ? 1 : 0, round, milliseconds)
  for (const engine of engines) {
    for (const measures of [false, true]) await ask(engine, measures, 0) // compiles it
  }
  for (let round = first; round <= last; round++) {
    for (const engine of engines) {
      const { plain, measured } = costs.get(engine) as Costs
      // Which comes first alternates, so that neither profits from what the other left in caches.
      for (const measures of round % 2 === 0 ? [false, true] : [true, false]) {
        const cost = await ask(engine, measures, round)
        if (measures) measured.push(cost)
        else plain.push(cost)
      }
    }
  }
  await measurer.close()
}

/** Nanoseconds to record a value, of values as latencies are. */
function measureRecord(): number {
  const values = Float64Array.from({ length: 4096 }, () => 20_000 + Math.random() * 60_000)
  const histogram = new Histogram()
  const count = 2e7
  const began = performance.now()
  for (let i = 0; i < count; i++) histogram.record(values[i & 4095] as number)
  return ((performance.now() - began) * 1e6) / count
}

interface Row {
  readonly engine: Engine
  readonly unmeasuredNs: Spread
  readonly measuredNs: Spread
  /** What a measured command takes more, in percent of an unmeasured one of the same round. */
  readonly overheadPercent: Spread
  /** The same of the thread's time on a CPU. */
  readonly cpuOverheadPercent: Spread
}

function rowOf(engine: Engine, { plain, measured }: Costs): Row {
  const overhead = (of: keyof Cost): Spread =>
    spreadOf(measured.map((cost, i) => 100 * (cost[of] / (plain[i] as Cost)[of] - 1)))
  return {
    engine,
    unmeasuredNs: spreadOf(plain.map(({ ns }) => ns)),
    measuredNs: spreadOf(measured.map(({ ns }) => ns)),
    overheadPercent: overhead('ns'),
    cpuOverheadPercent: overhead('cpuNs'),
  }
}

console.log(
  'What measuring each command costs: random reads of 512 bytes at depth 128 on the emulator.',
)
console.log(describeMachine())
console.log(`Median (min–max) of ${rounds} rounds of ${milliseconds} ms.\n`)
console.log(
  'engine    ns a command, not measured   measured                     overhead, percent    of CPU time',
)
const costs = new Map<Engine, Costs>(engines.map((engine) => [engine, { plain: [], measured: [] }]))
for (let first = 1; first <= rounds; first += processRounds) {
  await measureRounds(first, Math.min(first + processRounds - 1, rounds), costs)
}
const rows = engines.map((engine) => rowOf(engine, costs.get(engine) as Costs))
for (const row of rows) {
  const columns = [showSpread(row.unmeasuredNs, 0), showSpread(row.measuredNs, 0)]
  const [plain = '', measured = ''] = columns.map((column) => column.padEnd(28))
  const overheads = [row.overheadPercent, row.cpuOverheadPercent].map((each) => showSpread(each, 1))
  console.log(`${row.engine.padEnd(9)} ${plain} ${measured} ${overheads.join('    ')}`)
}
const recordNs = spreadOf(Array.from({ length: rounds }, measureRecord))
console.log(`\nHistogram: ${showSpread(recordNs, 1)} ns a value`)
saveResult(save, { rounds, milliseconds, depth, byteLength: lbaBytes, rows, recordNs })
