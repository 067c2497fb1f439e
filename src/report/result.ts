// SPDX-License-Identifier: MIT
// What a benchmark found out, as `--json` writes it, `compare` reads it and reports show it: enough
// to repeat the run. Times are nanoseconds unless a name says otherwise.

import type { MachineFacts } from './machine-facts.ts'

/** The first two words of every file, so that nothing else is taken for one. */
export const resultFormat = 'nvm-latency-bench'
export const resultVersion = 1

/** How a user's program would have done the I/O (`--engine`). */
export type Engine = 'js' | 'await' | 'batch' | 'native'
export type Pattern = 'sequential' | 'linear' | 'random'
export type Direction = 'read' | 'write'

export interface BenchResult {
  readonly format: typeof resultFormat
  readonly version: typeof resultVersion
  /** Words of the command line, without the program's name. */
  readonly command: readonly string[]
  /** ISO 8601. */
  readonly started: string
  /** Times are software overhead, and not the latency of a drive. */
  readonly emulated: boolean
  /** The run was ended early by a signal: results so far. */
  readonly interrupted: boolean
  /** Version of this package. */
  readonly peernvm: string
  readonly machine: MachineFacts
  readonly controller: ControllerFacts
  readonly workload: WorkloadFacts
  /** In the order in which they ran: all runs of the first depth, then of the next. */
  readonly runs: readonly RunResult[]
}

export interface ControllerFacts {
  /** What was opened; null is an emulator in memory. */
  readonly target: string | null
  /** How it is reached: 'emulator', 'vfio', 'sysfs', … */
  readonly transport: string
  readonly model: string
  readonly serial: string
  readonly firmware: string
  /** NVMe version, such as '2.0.0'. */
  readonly nvme: string
  readonly namespace: number
  readonly blockSize: number
  readonly blockCount: number
  readonly transferBytesMax: number
  /** Of an emulator with a timing model, its name; null when it answers as fast as it can. */
  readonly timing: string | null
}

export interface WorkloadFacts {
  readonly engine: Engine
  readonly pattern: Pattern
  /** How many of a hundred commands write. */
  readonly writePercent: number
  /** Sizes of a command in bytes, drawn with the weights (which add up to 1). */
  readonly sizes: readonly { readonly byteLength: number; readonly weight: number }[]
  /** First block, and the number of blocks, of the range that is used. */
  readonly offset: number
  readonly blockCount: number
  readonly queues: number
  readonly threads: number
  readonly depths: readonly number[]
  /** Commands a second over all queues, timed from when they were due; null: as many as can. */
  readonly rate: number | null
  readonly seed: number
  /** Milliseconds that count; null when a number of blocks was asked for. */
  readonly runtimeMs: number | null
  /** Milliseconds before that, which do not count. */
  readonly rampMs: number
  readonly runCount: number
}

/** One run at one depth. */
export interface RunResult {
  readonly depth: number
  /** From 0. */
  readonly run: number
  /** It was ended early by a signal: no figure over several runs has it. */
  readonly interrupted?: boolean
  readonly durationNs: number
  /** Over all queues; a direction that did not happen is missing. */
  readonly read?: DirectionResult
  readonly write?: DirectionResult
  /** What it took of the machine. */
  readonly process?: ProcessUse
  readonly queues: readonly QueueResult[]
  readonly intervals: readonly Interval[]
}

/** Of all threads of the process, an emulated device's too, from before the ramp to the end. */
export interface ProcessUse {
  readonly wallNs: number
  readonly userNs: number
  readonly systemNs: number
  readonly contextSwitches: number
  readonly majorFaults: number
  readonly minorFaults: number
}

export interface QueueResult {
  readonly id: number
  /** Worker thread, from 0; the queues of one thread share it. */
  readonly thread: number
  readonly read?: DirectionResult
  readonly write?: DirectionResult
  /** Commands by the path that their data took, and what else the queue counted. */
  readonly paths: { readonly direct: number; readonly bounce: number; readonly p2p: number }
  readonly doorbells: number
}

export interface DirectionResult {
  readonly commands: number
  readonly bytes: number
  readonly iops: number
  readonly mibPerSecond: number
  readonly latency: LatencyResult
}

/** Submit to completion of each command; with a rate, from when it was due. */
export interface LatencyResult {
  readonly min: number
  readonly mean: number
  readonly max: number
  /** Standard deviation. */
  readonly deviation: number
  /** In ascending order of `percent`, such as 50, 99, 99.99. */
  readonly percentiles: readonly Percentile[]
  /** Steps of the histogram that have values, in order: from, to (inclusive), how many. */
  readonly steps: readonly (readonly [number, number, number])[]
}

export interface Percentile {
  readonly percent: number
  readonly ns: number
  /** Commands beyond it: those that took longer from the median on, and less long below it. */
  readonly beyond?: number
}

/** A slice of the time of a run: some 200 of the same length, 400 at most. */
export interface Interval {
  /** Since the start of what counts. */
  readonly startNs: number
  readonly durationNs: number
  readonly commands: number
  readonly bytes: number
  /** Of a load that both reads and writes: which of them were writes. */
  readonly written?: { readonly commands: number; readonly bytes: number }
  /**
   * Latencies, coarse: bin i counts those from 2^(i/4) up to 2^((i+1)/4); [first bin, counts …],
   * empty without commands.
   */
  readonly bins: readonly number[]
}
