// SPDX-License-Identifier: MIT
// `npm run bench`: what the software costs per I/O on the emulated controller, along each path,
// without a timing model and with one (a drive of 12 µs and 2.4 GiB/s). Never the latency of a
// drive. `--rounds N`, `--milliseconds N`, `--save FILE`.

import { describeMachine } from '../../src/report/machine-facts.ts'
import { workloads } from '../peers/workloads.ts'
import { namespaceBytes, openFilled, type Setting } from '../shared/filled-namespace.ts'
import { readRunOptions } from '../shared/options.ts'
import { saveResult } from '../shared/result.ts'
import { type Spread, spreadOf } from '../shared/spread.ts'

const defaults = { rounds: 5, milliseconds: 100 }
const { rounds, milliseconds, save } = readRunOptions('bench', defaults)
const model = { latencyNs: 12_000, bandwidth: 2.4 * 2 ** 30 }

const cells = [
  { byteLength: 512, depth: 1 },
  { byteLength: 512, depth: 32 },
  { byteLength: 4096, depth: 1 },
  { byteLength: 4096, depth: 32 },
] as const
const titles = {
  sync: 'queues on typed arrays',
  batch: 'one native call a batch',
  await: 'await ns.read()',
  readMany: 'await ns.readMany()',
} as const
type Path = keyof typeof titles

async function measure(setting: Setting): Promise<Map<string, number[]>> {
  const values = new Map<string, number[]>()
  for (let round = 0; round < rounds; round++) {
    for (const { byteLength, depth } of cells) {
      for (const path of Object.keys(titles) as Path[]) {
        const load = { byteLength, depth, writePercent: 0, milliseconds }
        const { commands, ns } = await workloads[path](setting, load)
        const key = `${path} ${byteLength} ${depth}`
        values.set(key, [...(values.get(key) ?? []), ns / commands / 1000])
      }
    }
  }
  return values
}

interface Row {
  path: string
  byteLength: number
  depth: number
  microseconds: Spread
}

function rowsOf(values: Map<string, number[]>): Row[] {
  return cells.flatMap(({ byteLength, depth }) =>
    (Object.keys(titles) as Path[]).map((path) => {
      const microseconds = spreadOf(values.get(`${path} ${byteLength} ${depth}`) ?? [])
      return { path: titles[path], byteLength, depth, microseconds }
    }),
  )
}

const show = ({ min, median, max }: Spread) =>
  `${median.toFixed(2).padStart(8)}  (${min.toFixed(2)}–${max.toFixed(2)})`

function print(rows: readonly Row[]): void {
  console.log(`  ${'path'.padEnd(26)}${'bytes'.padStart(6)}${'depth'.padStart(6)}   µs per I/O`)
  for (const { path, byteLength, depth, microseconds } of rows) {
    const columns = `${String(byteLength).padStart(6)}${String(depth).padStart(6)}`
    console.log(`  ${path.padEnd(26)}${columns} ${show(microseconds)}`)
  }
}

async function run(
  title: string,
  timing: { latencyNs?: number; bandwidth?: number },
): Promise<Row[]> {
  process.stderr.write(`Filling ${namespaceBytes / 2 ** 30} GiB and measuring ...\n`)
  const setting = await openFilled({ timing })
  await using _controller = setting.controller
  const rows = rowsOf(await measure(setting))
  console.log(`\n${title}`)
  print(rows)
  return rows
}

console.log(
  'Software overhead per I/O on the emulated controller: random reads over 1 GiB of memory.',
)
console.log('This is what the software costs, not the latency of a drive.')
console.log(describeMachine())
console.log(
  `Median (min–max) of ${rounds} rounds of ${milliseconds} ms; time per I/O is elapsed / I/Os.`,
)
const untimed = await run('No timing model: as fast as this machine moves data', {})
const timed = await run('Timing model, 12 µs and 2.4 GiB/s: what exceeds it is software', model)
saveResult(save, { rounds, milliseconds, untimed, timed })
