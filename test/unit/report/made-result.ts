// SPDX-License-Identifier: MIT
// Results of benchmarks that never ran: log-normal latencies with a tail, from a seed.
import { Histogram } from '../../../src/histogram.ts'
import {
  type BenchResult,
  type Direction,
  type DirectionResult,
  type Interval,
  type RunResult,
  resultFormat,
  resultVersion,
} from '../../../src/report/result.ts'

export interface Making {
  readonly seed?: number
  readonly depths?: readonly number[]
  readonly runCount?: number
  readonly writePercent?: number
  /** In each run. */
  readonly commandCount?: number
  readonly intervalCount?: number
  /** Median latency at depth 1. */
  readonly medianNs?: number
  readonly command?: readonly string[]
  readonly target?: string | null
  readonly interrupted?: boolean
}

const percents = [50, 75, 90, 95, 99, 99.9, 99.99]
const byteLength = 4096

/** Numbers from 0 to 1, the same for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

class Recorder {
  readonly histogram = new Histogram()

  toResult(durationNs: number): DirectionResult {
    const { count, min, mean, max, deviation } = this.histogram
    const bytes = count * byteLength
    return {
      commands: count,
      bytes,
      iops: count / (durationNs / 1e9),
      mibPerSecond: bytes / 2 ** 20 / (durationNs / 1e9),
      latency: {
        min,
        mean,
        max,
        deviation,
        percentiles: percents.map((percent) => {
          return { percent, ns: this.histogram.quantile(percent / 100) }
        }),
        steps: [...this.histogram.steps()].map(({ fromNs, toNs, count: n }) => [fromNs, toNs, n]),
      },
    }
  }
}

function denseBins(counts: ReadonlyMap<number, number>): number[] {
  if (counts.size === 0) return []
  const [first, last] = [Math.min(...counts.keys()), Math.max(...counts.keys())]
  return [first, ...Array.from({ length: last - first + 1 }, (_, i) => counts.get(first + i) ?? 0)]
}

/** One run: latencies grow with the depth beyond 8, a few commands wait fifty times as long. */
function makeRun(making: Required<Making>, depth: number, run: number): RunResult {
  const { commandCount, intervalCount } = making
  const random = randomOf(making.seed * 7919 + depth * 101 + run)
  const recorders = { read: new Recorder(), write: new Recorder() }
  const median = making.medianNs * (0.85 + 0.3 * depth ** 0.9) * (1 + 0.02 * normal(random))
  const intervals: Interval[] = []
  const slices = Math.max(1, intervalCount)
  let startNs = 0
  for (let i = 0; i < slices; i++) {
    const commands =
      Math.round((commandCount / slices) * (i + 1)) - Math.round((commandCount / slices) * i)
    const stall = random() < 0.02 ? 1.5 : 1
    const bins = new Map<number, number>()
    let writes = 0
    for (let n = 0; n < commands; n++) {
      const isWrite = random() * 100 < making.writePercent
      if (isWrite) writes++
      const tail = random() < 0.002 ? 8 + 60 * random() ** 4 : 1
      const centre = median * stall * tail * (isWrite ? 1.6 : 1)
      const ns = Math.round(centre * Math.exp(0.16 * normal(random)))
      recorders[isWrite ? 'write' : 'read'].histogram.record(ns)
      const bin = Math.floor(4 * Math.log2(ns))
      bins.set(bin, (bins.get(bin) ?? 0) + 1)
    }
    const durationNs = Math.round((commands * median * stall * (1 + 0.02 * random())) / depth)
    const bytes = commands * byteLength
    const mixes = making.writePercent > 0 && making.writePercent < 100
    const written = mixes ? { written: { commands: writes, bytes: writes * byteLength } } : {}
    intervals.push({ startNs, durationNs, commands, bytes, ...written, bins: denseBins(bins) })
    startNs += durationNs
  }
  const results = Object.fromEntries(
    (['read', 'write'] as const)
      .filter((direction) => recorders[direction].histogram.count > 0)
      .map((direction): [Direction, DirectionResult] => {
        return [direction, recorders[direction].toResult(startNs)]
      }),
  )
  const paths = { direct: commandCount, bounce: 0, p2p: 0 }
  const queue = { id: 1, thread: 0, ...results, paths, doorbells: commandCount }
  const kept = intervalCount === 0 ? [] : intervals
  const process = { wallNs: 2 * startNs, userNs: 3 * startNs, systemNs: startNs / 2 }
  const counts = { contextSwitches: 12, majorFaults: 3, minorFaults: 45 }
  const used = { process: { ...process, ...counts } }
  return { depth, run, durationNs: startNs, ...results, ...used, queues: [queue], intervals: kept }
}

/** The machine and the controller of a made-up result. */
const madeOf = (target: string | null): Pick<BenchResult, 'machine' | 'controller'> => ({
  machine: {
    cpu: 'Made-up CPU @ 3.00GHz',
    cpus: 2,
    memoryGiB: 8,
    kernel: '6.1.0',
    node: 'v20.20.2',
    hugePages: 'always [madvise] never',
  },
  controller: {
    target,
    transport: 'emulator',
    model: 'peernvm emulated controller',
    serial: 'PEERNVM00000001',
    firmware: '0.1.0',
    nvme: '2.0.0',
    namespace: 1,
    blockSize: 512,
    blockCount: 2 ** 21,
    transferBytesMax: 131_072,
    timing: null,
  },
})

/** A result as the benchmark would have written it. */
export function makeResult(making: Making = {}): BenchResult {
  const all: Required<Making> = {
    seed: 1,
    depths: [32],
    runCount: 1,
    writePercent: 0,
    commandCount: 20_000,
    intervalCount: 100,
    medianNs: 2_000,
    command: ['--pattern', 'random', '--depth', (making.depths ?? [32]).join(',')],
    target: null,
    interrupted: false,
    ...making,
  }
  const runs = all.depths.flatMap((depth) =>
    Array.from({ length: all.runCount }, (_, run) => makeRun(all, depth, run)),
  )
  return {
    format: resultFormat,
    version: resultVersion,
    command: all.command,
    started: '2026-01-02T03:04:05.678Z',
    emulated: true,
    interrupted: all.interrupted,
    peernvm: '0.1.0',
    ...madeOf(all.target),
    workload: {
      engine: 'batch',
      pattern: 'random',
      writePercent: all.writePercent,
      sizes: [{ byteLength, weight: 1 }],
      offset: 0,
      blockCount: 2 ** 21,
      queues: 1,
      threads: 1,
      depths: all.depths,
      rate: null,
      seed: all.seed,
      runtimeMs: 5000,
      rampMs: 1000,
      runCount: all.runCount,
    },
    runs,
  }
}
