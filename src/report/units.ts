// SPDX-License-Identifier: MIT
// Numbers as people read them, and a workload in one sentence.
import type { BenchResult, WorkloadFacts } from './result.ts'

/** What every output says of an emulated controller's times. */
export const emulatedNote =
  'emulated controller: times are software overhead, not the latency of a drive'

/** What an output says of a result that a signal ended, and of the run that was under way then. */
export function interruptedNote({ runs }: BenchResult): string {
  const early = runs.find(({ interrupted }) => interrupted === true)
  const others = runs.some((run) => run !== early && run.depth === early?.depth)
  const left = others ? `; run ${(early?.run ?? 0) + 1} at depth ${early?.depth} is left out` : ''
  return `interrupted: results up to then${left}`
}

/** Digits after the point that show three significant digits of `value`, none beyond `digitsMax`. */
export function fractionDigits(value: number, digitsMax = 3): number {
  const magnitude = Math.abs(value)
  if (magnitude === 0 || !Number.isFinite(magnitude)) return 0
  return Math.min(digitsMax, Math.max(0, 2 - Math.floor(Math.log10(magnitude))))
}

/** Three significant digits, more where the number has more before the point: 1.23, 123, 12345. */
export const formatNumber = (value: number): string => value.toFixed(fractionDigits(value))

/** Nanoseconds as microseconds, without the unit. */
export const formatMicroseconds = (ns: number): string => formatNumber(ns / 1000)

/** Nanoseconds in the unit that suits them: 250 ns, 12.3 µs, 4.56 ms, 7.89 s. */
export function formatDuration(ns: number): string {
  if (ns < 1e3) return `${formatNumber(ns)} ns`
  if (ns < 1e6) return `${formatNumber(ns / 1e3)} µs`
  return ns < 1e9 ? `${formatNumber(ns / 1e6)} ms` : `${formatNumber(ns / 1e9)} s`
}

/** Operations a second: 950, 12.3 k, 4.56 M. */
export function formatRate(perSecond: number): string {
  if (perSecond < 1e3) return formatNumber(perSecond)
  if (perSecond < 1e6) return `${formatNumber(perSecond / 1e3)} k`
  return `${formatNumber(perSecond / 1e6)} M`
}

/** 512 B, 4 KiB, 1.5 GiB. */
export function formatBytes(byteLength: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = byteLength
  let at = 0
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024
    at++
  }
  return `${Number(value.toFixed(2))} ${units[at]}`
}

/** 'p99.99'. */
export const percentileName = (percent: number): string => `p${percent}`

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

function describeDirection({ writePercent }: WorkloadFacts): string {
  if (writePercent === 0) return 'reads'
  return writePercent === 100 ? 'writes' : `reads with ${writePercent} % writes`
}

/** 'random reads of 4 KiB, 2 queues in 1 thread, depth 32, engine batch'. */
export function describeWorkload(workload: WorkloadFacts): string {
  const { sizes, depths, queues, threads, rate, engine, pattern } = workload
  const weighed = sizes.length > 1
  const list = sizes.map(({ byteLength, weight }) =>
    weighed
      ? `${formatBytes(byteLength)} (${Number((weight * 100).toFixed(1))} %)`
      : formatBytes(byteLength),
  )
  return [
    `${pattern} ${describeDirection(workload)} of ${list.join(', ')}`,
    `${plural(queues, 'queue')} in ${plural(threads, 'thread')}`,
    `depth ${depths.join(', ')}`,
    ...(rate === null ? [] : [`${formatRate(rate)} commands/s, timed from when they were due`]),
    `engine ${engine}`,
  ].join(', ')
}

/** '10 runs of 5 s each, after a ramp of 500 ms'. */
export function describeRuns({ runCount, runtimeMs, rampMs }: WorkloadFacts): string {
  const setting = (ms: number) => (ms < 1000 ? `${ms} ms` : `${ms / 1000} s`)
  const length = runtimeMs === null ? '' : ` of ${setting(runtimeMs)}`
  const each = runCount > 1 && runtimeMs !== null ? ' each' : ''
  const ramp = rampMs > 0 ? `, after a ramp of ${setting(rampMs)}` : ''
  return `${plural(runCount, 'run')}${length}${each}${ramp}`
}

/** The controller in a few words: what was opened, and what it says it is. */
export function describeController({ controller }: BenchResult): string {
  const { target, transport, model, timing } = controller
  const opened = target === null ? 'emulator in memory' : `${target} (${transport})`
  return `${opened}, ${model}${timing === null ? '' : `, timing ${timing}`}`
}

/** A word of a command line as a shell takes it. */
function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** The command that repeats the run. */
export const commandLine = ({ command }: BenchResult): string =>
  ['npx nvm-latency-bench', ...command.map(quoteWord)].join(' ')
