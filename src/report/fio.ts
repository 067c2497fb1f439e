// SPDX-License-Identifier: MIT
// A result in the keys and types of fio 3.33's --output-format=json, for tools that read that. What
// a result does not know is 0: submission apart from completion, CPU time of an older version.
// There is no `disk_util`, as with fio's --disk_util=0: no block device is below.
import type {
  BenchResult,
  Direction,
  Interval,
  LatencyResult,
  RunResult,
  WorkloadFacts,
} from './result.ts'
import { quantiles, spreadOf } from './spread.ts'
import { emulatedNote } from './units.ts'

const listedPercents = [1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.5, 99.9, 99.95, 99.99]

/** Upper ends of the rows of latency_ns, latency_us and latency_ms, each in its unit. */
const bounds = [2, 4, 10, 20, 50, 100, 250, 500, 750, 1000]

/** Rows of iodepth_level, from their least; of iodepth_submit and _complete, up to their most. */
const levels = [1, 2, 4, 8, 16, 32, 64]
const batches = [0, 4, 8, 16, 32, 64, Infinity]

/** Of a job that has ended. */
const etaEnded = 2 ** 31 - 1

/**
 * The result as fio would print it: an object for JSON.stringify, with a job for each run at each
 * depth, in their order. Samples of IOPS and bandwidth are the result's intervals.
 */
export function toFioJson(result: BenchResult): object {
  const started = new Date(result.started)
  const ended = new Date(started.getTime() + sum(result.runs.map((r) => r.durationNs)) / 1e6)
  return {
    'fio version': `fio-3.33-peernvm-${result.peernvm}`,
    timestamp: Math.floor(ended.getTime() / 1000),
    timestamp_ms: Math.floor(ended.getTime()),
    time: calendarTime(ended),
    jobs: result.runs.map((run, index) => jobOf(result, run, index)),
  }
}

/** 'Sun Nov 22 01:38:24 2026', in local time, as C's ctime has it. */
function calendarTime(date: Date): string {
  const [weekday, month, , year] = date.toDateString().split(' ')
  const day = String(date.getDate()).padStart(2)
  return `${weekday} ${month} ${day} ${date.toTimeString().slice(0, 8)} ${year}`
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

function jobOf(result: BenchResult, run: RunResult, index: number): object {
  const { depth } = run
  const { runCount, queues } = result.workload
  const commands = (run.read?.commands ?? 0) + (run.write?.commands ?? 0)
  const doorbells = sum(run.queues.map((queue) => queue.doorbells))
  const batch = doorbells === 0 ? 1 : commands / doorbells
  return {
    jobname: runCount > 1 ? `depth${depth}-run${run.run}` : `depth${depth}`,
    groupid: index,
    error: 0,
    eta: etaEnded,
    elapsed: Math.ceil(run.durationNs / 1e9),
    'job options': optionsOf(result, depth),
    read: directionOf(run, 'read'),
    write: directionOf(run, 'write'),
    trim: emptyDirection(),
    sync: { total_ios: 0, lat_ns: emptyLatency() },
    job_runtime: Math.round((run.durationNs / 1e6) * queues),
    ...cpuOf(run),
    iodepth_level: shareByDepth(commands > 0 ? depth : undefined),
    iodepth_submit: shareByBatch(commands > 0 ? batch : undefined),
    iodepth_complete: shareByBatch(commands > 0 ? batch : undefined),
    ...latencyShares(run),
    latency_depth: depth,
    latency_target: 0,
    latency_percentile: 100,
    latency_window: 0,
  }
}

/** Shares of one CPU in per cent: above 100 where threads of the process ran side by side. */
function cpuOf({ process }: RunResult): object {
  const share = (ns: number): number =>
    process === undefined || process.wallNs === 0 ? 0 : (100 * ns) / process.wallNs
  return {
    usr_cpu: share(process?.userNs ?? 0),
    sys_cpu: share(process?.systemNs ?? 0),
    ctx: process?.contextSwitches ?? 0,
    majf: process?.majorFaults ?? 0,
    minf: process?.minorFaults ?? 0,
  }
}

/** What one would ask fio for to have the same load, in its words. */
function optionsOf({ workload, controller, emulated }: BenchResult, depth: number): object {
  const { sizes, writePercent, runtimeMs, rampMs, rate, seed, queues } = workload
  const mixed = writePercent > 0 && writePercent < 100
  const options: Record<string, string | undefined> = {
    name: `depth${depth}`,
    description: emulated ? emulatedNote : undefined,
    filename: controller.target ?? undefined,
    ioengine: `peernvm-${workload.engine}`,
    rw: fioPattern(workload),
    rwmixwrite: mixed ? String(writePercent) : undefined,
    bs: sizes.length === 1 ? String(sizes[0]?.byteLength) : undefined,
    bssplit: sizes.length > 1 ? splitOf(sizes) : undefined,
    iodepth: String(depth),
    numjobs: String(queues),
    offset: String(workload.offset * controller.blockSize),
    size: String(workload.blockCount * controller.blockSize),
    runtime: runtimeMs === null ? undefined : `${runtimeMs}ms`,
    ramp_time: rampMs === 0 ? undefined : `${rampMs}ms`,
    rate_iops: rate === null ? undefined : String(rate),
    randseed: String(seed),
  }
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

function fioPattern({ pattern, writePercent }: WorkloadFacts): string {
  if (pattern === 'random') {
    return writePercent === 0 ? 'randread' : writePercent === 100 ? 'randwrite' : 'randrw'
  }
  return writePercent === 0 ? 'read' : writePercent === 100 ? 'write' : 'rw'
}

const splitOf = (sizes: WorkloadFacts['sizes']): string =>
  sizes.map(({ byteLength, weight }) => `${byteLength}/${Math.round(weight * 100)}`).join(':')

const emptyLatency = () => ({ min: 0, max: 0, mean: 0, stddev: 0, N: 0 })

const emptyDirection = () => ({
  io_bytes: 0,
  io_kbytes: 0,
  bw_bytes: 0,
  bw: 0,
  iops: 0,
  runtime: 0,
  total_ios: 0,
  short_ios: 0,
  drop_ios: 0,
  slat_ns: emptyLatency(),
  clat_ns: emptyLatency(),
  lat_ns: emptyLatency(),
  ...samplesOf([]),
})

function directionOf(run: RunResult, direction: Direction): object {
  const result = run[direction]
  if (result === undefined || result.commands === 0) return emptyDirection()
  const { bytes, commands, iops, latency } = result
  const seconds = run.durationNs / 1e9
  const bytesPerSecond = seconds === 0 ? 0 : bytes / seconds
  return {
    ...emptyDirection(),
    io_bytes: bytes,
    io_kbytes: Math.floor(bytes / 1024),
    bw_bytes: Math.round(bytesPerSecond),
    bw: Math.round(bytesPerSecond / 1024),
    iops,
    runtime: Math.round(seconds * 1000),
    total_ios: commands,
    clat_ns: { ...latencyOf(latency, commands), percentile: percentilesOf(latency) },
    lat_ns: latencyOf(latency, commands),
    ...samplesOf(run.intervals.map((interval) => partOf(interval, direction))),
  }
}

/** What of an interval is of one direction: all, where there is no other. */
function partOf(interval: Interval, direction: Direction): Interval {
  const { written } = interval
  if (written === undefined) return interval
  if (direction === 'write') return { ...interval, ...written }
  const [commands, bytes] = [interval.commands - written.commands, interval.bytes - written.bytes]
  return { ...interval, commands, bytes }
}

const latencyOf = ({ min, max, mean, deviation }: LatencyResult, count: number) => ({
  min: Math.round(min),
  max: Math.round(max),
  mean,
  stddev: deviation,
  N: count,
})

function percentilesOf(latency: LatencyResult): object {
  const values = quantiles(
    latency,
    listedPercents.map((percent) => percent / 100),
  )
  return Object.fromEntries(
    listedPercents.map((percent, i) => [percent.toFixed(6), Math.round(values[i] ?? 0)]),
  )
}

/** Bandwidth in KiB/s and IOPS over the intervals. */
function samplesOf(intervals: readonly Interval[]): object {
  const timed = intervals.filter(({ durationNs }) => durationNs > 0)
  const perSecond = (of: (interval: Interval) => number) =>
    timed.length === 0
      ? { mean: 0, deviation: 0, min: 0, max: 0 }
      : spreadOf(timed.map((interval) => of(interval) / (interval.durationNs / 1e9)))
  const bandwidth = perSecond(({ bytes }) => bytes / 1024)
  const iops = perSecond(({ commands }) => commands)
  return {
    bw_min: Math.round(bandwidth.min),
    bw_max: Math.round(bandwidth.max),
    bw_agg: timed.length === 0 ? 0 : 100,
    bw_mean: bandwidth.mean,
    bw_dev: bandwidth.deviation,
    bw_samples: timed.length,
    iops_min: Math.round(iops.min),
    iops_max: Math.round(iops.max),
    iops_mean: iops.mean,
    iops_stddev: iops.deviation,
    iops_samples: timed.length,
  }
}

/** 100 % in the row of the depth: the largest that does not exceed it. */
function shareByDepth(depth: number | undefined): object {
  const at = depth === undefined ? -1 : levels.findLastIndex((level) => level <= depth)
  return ordered(levels.map((level, i) => [i < 6 ? String(level) : '>=64', i === at ? 100 : 0]))
}

/** 100 % in the row of the commands that one doorbell told of, on average. */
function shareByBatch(batch: number | undefined): object {
  const at = batch === undefined ? -1 : batches.findIndex((most) => batch <= most)
  return ordered(batches.map((most, i) => [i < 6 ? String(most) : '>=64', i === at ? 100 : 0]))
}

/** fio's rows of latencies, in per cent of all commands; each counts what is below its name. */
function latencyShares(run: RunResult): object {
  const steps = [...(run.read?.latency.steps ?? []), ...(run.write?.latency.steps ?? [])]
  const total = sum(steps.map(([, , count]) => count))
  const share = (fromNs: number, toNs: number): number => {
    const within = steps.filter(([from]) => from >= fromNs && from < toNs)
    return total === 0 ? 0 : (100 * sum(within.map(([, , count]) => count))) / total
  }
  const rows = (unitNs: number, upTo: readonly number[], startNs: number) =>
    upTo.map((bound, i) => {
      const from = i === 0 ? startNs : (upTo[i - 1] as number) * unitNs
      return [String(bound), share(from, bound * unitNs)] as const
    })
  return {
    latency_ns: ordered(rows(1, bounds, 0)),
    latency_us: ordered(rows(1e3, bounds, 1e3)),
    latency_ms: ordered([...rows(1e6, [...bounds, 2000], 1e6), ['>=2000', share(2e9, Infinity)]]),
  }
}

const ordered = (rows: readonly (readonly [string, number])[]): object => Object.fromEntries(rows)
