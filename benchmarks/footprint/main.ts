// SPDX-License-Identifier: MIT
// bench:footprint: what it costs to begin, and to do nothing. Starts fresh processes, so that each
// loads everything. `--save FILE`.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { readRunOptions } from '../shared/options.ts'
import { saveResult } from '../shared/result.ts'
import { spreadOf } from '../shared/spread.ts'

const starts = 15
const idleSeconds = 10
const options = readRunOptions('bench:footprint', {})
const program = fileURLToPath(new URL('./first-io.js', import.meta.url))

function start(idle: number): { startupMs: number; idlePercent?: number } {
  const args = [program, String(idle)]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 }))
}

const startupMs = spreadOf(Array.from({ length: starts }, () => start(0).startupMs))
const idlePercent = start(idleSeconds).idlePercent ?? Number.NaN
const { min, median, max } = startupMs
console.log(
  `From the end of Node's own start to the first completed read: ${median.toFixed(0)} ms ` +
    `(${min.toFixed(0)}–${max.toFixed(0)}, ${starts} starts)`,
)
console.log(`Idle emulator's thread: ${idlePercent.toFixed(4)} % of a core in ${idleSeconds} s`)
saveResult(options.save, { startupMs, idlePercent })
