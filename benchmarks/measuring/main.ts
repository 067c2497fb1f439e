// SPDX-License-Identifier: MIT
// `npm run bench:measuring`: what measuring costs. Each engine of nvm-latency-bench reads 512 bytes
// at random at depth 128, with clock and histogram and without, in turn; and a value is recorded in
// a histogram. The cost is what a command takes longer.
import { readFileSync } from 'node:fs'
import { Histogram } from '../../src/index.ts'
import { describeMachine } from '../../src/report/machine-facts.ts'
import type { Engine } from '../../src/report/result.ts'
import { clearRun, goWord, shareRun, type ThreadSetting } from '../latency/commands/setting.ts'
import { runThread } from '../latency/commands/thread.ts'
import { lbaBytes, openFilled } from '../shared/filled-namespace.ts'
import { readRunOptions } from '../shared/options.ts'
import { saveResult } from '../shared/result.ts'
import { type Spread, showSpread, spreadOf } from '../shared/spread.ts'

const engines: readonly Engine[] = ['js', 'batch', 'await', 'native']
const depth = 128
const options = readRunOptions('bench:measuring', { rounds: 60, milliseconds: 50 })

const { controller, namespace } = await openFilled()
const shared = shareRun(1)
const start = { controller: controller.ref(), namespaceId: 1, thread: 0, shared, file: undefined }

/** What a command took, in nanoseconds: of time, and of this thread on a CPU. */
interface Cost {
  readonly ns: number
  readonly cpuNs: number
}

/** Time on a CPU that this thread has had: other work on the machine has little part in it. */
const cpuNow = (): number =>
  Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0])

/** One engine for one round. */
async function measure(engine: Engine, measures: boolean, round: number): Promise<Cost> {
  const sizes = [{ blockCount: 1, below: 2 ** 32 }]
  const range = { offset: 0, blockCount: namespace.blockCount, seed: round, stream: 0 }
  const source = { ...range, random: true, sizes, inTurn: false, writesBelow: 0 }
  const setting: ThreadSetting = {
    engine,
    depth,
    queues: [{ index: 0, source, blocks: Number.POSITIVE_INFINITY, phaseMs: 0 }],
    commandBytesMax: lbaBytes,
    runtimeMs: options.milliseconds,
    rampMs: 0,
    intervalMs: 0,
    measures,
    seed: round,
  }
  clearRun(shared)
  shared.words[goWord] = 1
  const tools = { controller, namespace, file: undefined, start }
  const cpuBefore = cpuNow()
  const [outcome] = await runThread(tools, setting, () => {})
  const commands = outcome?.commands ?? 1
  return { ns: (outcome?.durationNs ?? 0) / commands, cpuNs: (cpuNow() - cpuBefore) / commands }
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

async function measureEngine(engine: Engine): Promise<Row> {
  const plain: Cost[] = []
  const measured: Cost[] = []
  await measure(engine, true, 0) // compiles it
  for (let round = 1; round <= options.rounds; round++) {
    // Which comes first alternates, so that neither profits from what the other left in caches.
    for (const measures of round % 2 === 0 ? [false, true] : [true, false]) {
      const cost = await measure(engine, measures, round)
      if (measures) measured.push(cost)
      else plain.push(cost)
    }
  }
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
console.log(`Median (min–max) of ${options.rounds} rounds of ${options.milliseconds} ms.\n`)
console.log(
  'engine    ns a command, not measured   measured                     overhead, percent    of CPU time',
)
const rows: Row[] = []
for (const engine of engines) {
  const row = await measureEngine(engine)
  rows.push(row)
  const columns = [showSpread(row.unmeasuredNs, 0), showSpread(row.measuredNs, 0)]
  const [plain = '', measured = ''] = columns.map((column) => column.padEnd(28))
  const overheads = [row.overheadPercent, row.cpuOverheadPercent].map((each) => showSpread(each, 1))
  console.log(`${engine.padEnd(9)} ${plain} ${measured} ${overheads.join('    ')}`)
}
const recordNs = spreadOf(Array.from({ length: options.rounds }, measureRecord))
console.log(`\nHistogram: ${showSpread(recordNs, 1)} ns a value`)
const { save, ...counts } = options
saveResult(save, { ...counts, depth, byteLength: lbaBytes, rows, recordNs })
await controller.close()
