// SPDX-License-Identifier: MIT
// The way per command: opens what is measured, has the threads do each run, and makes the result.

import type { Controller, Namespace } from '../../../src/index.ts'
import { machineFacts, packageVersion } from '../../../src/report/machine-facts.ts'
import {
  type BenchResult,
  type RunResult,
  resultFormat,
  resultVersion,
} from '../../../src/report/result.ts'
import { emulatedNote } from '../../../src/report/units.ts'
import { bytesOf, mirrorRange, movesFile, takeOut } from '../files.ts'
import type { CommandOptions } from '../options.ts'
import { refuseUnconfirmed } from '../safety.ts'
import { StopSignals } from '../signals.ts'
import { Crew } from './crew.ts'
import { factsOf, fillMemory, limitsOf, openDevice } from './device.ts'
import { Display } from './display.ts'
import {
  planThreads,
  type Range,
  rangeOf,
  refuseBeyond,
  refuseSmallShares,
  type SourceShape,
  shapeOf,
} from './plan.ts'
import { resultOfRun } from './results.ts'
import { type SharedRun, shareRun, type ThreadSetting } from './setting.ts'
import { RunWatch } from './watch.ts'

const say = (line: string) => process.stderr.write(`${line}\n`)
const seedEnd = 2 ** 32

/** What a run needs that all runs share. */
interface Bench {
  readonly options: CommandOptions
  readonly crew: Crew
  readonly shared: SharedRun
  readonly display: Display
  readonly range: Range
  readonly shape: SourceShape
  readonly blockSize: number
}

/**
 * Measures what the options say. SIGINT and SIGTERM end it with what has been measured so far.
 * @param words of the command line, for the result
 * @returns the result, and what the process ends with
 * @throws NvmError
 */
export async function measureCommands(
  options: CommandOptions,
  words: readonly string[],
): Promise<{ result: BenchResult; exitCode: number }> {
  const started = new Date().toISOString()
  await using controller = await openDevice(options)
  const namespace = await controller.namespace(options.namespace)
  const facts = await factsOf(controller, namespace, options)
  const { emulated } = controller.info
  refuseUnconfirmed(options, emulated, facts)
  refuseBeyond(options, await limitsOf(controller))
  const geometry = {
    ...facts,
    transferBytesMax: facts.transferBytesMax || Number.POSITIVE_INFINITY,
  }
  const range = rangeOf(options, geometry)
  const seed = options.seed ?? Math.floor(Math.random() * seedEnd)
  const shape = shapeOf(options, geometry, seed)
  refuseSmallShares(options, range, shape)
  if (options.pattern === 'random' || options.writePercent > 0) say(`seed ${seed}`)
  // The table says so itself.
  if (emulated && [options.json, options.fioJson].includes('-')) say(`(${emulatedNote})`)
  if (options.ctrl === undefined && options.writePercent < 100) {
    await fillMemory(controller, namespace)
  }
  const { runs, exitCode } = await runAll(controller, namespace, options, { range, shape })
  const result: BenchResult = {
    format: resultFormat,
    version: resultVersion,
    command: words,
    started,
    emulated,
    interrupted: exitCode !== 0,
    peernvm: packageVersion(),
    machine: machineFacts(),
    controller: facts,
    workload: {
      engine: options.engine,
      pattern: options.pattern,
      writePercent: options.writePercent,
      sizes: options.sizes.sizes,
      ...range,
      queues: options.queues,
      threads: options.threads,
      depths: options.depths,
      rate: options.rate,
      seed,
      runtimeMs: options.runtimeMs,
      rampMs: options.rampMs,
      runCount: options.runs,
    },
    runs,
  }
  return { result, exitCode }
}

async function runAll(
  controller: Controller,
  namespace: Namespace,
  options: CommandOptions,
  { range, shape }: { readonly range: Range; readonly shape: SourceShape },
): Promise<{ runs: RunResult[]; exitCode: number }> {
  const { blockSize } = namespace
  const memory = movesFile(options)
    ? await mirrorRange(controller, options, range.blockCount * blockSize)
    : undefined
  const shared = shareRun(options.queues)
  const crew = new Crew(options.threads, {
    controller: controller.ref(),
    namespaceId: namespace.id,
    shared,
    file: memory && { memory: memory.ref(), offset: range.offset },
  })
  using signals = new StopSignals(() => crew.stop())
  const display = new Display(process.stderr, options.progress)
  const bench: Bench = { options, crew, shared, display, range, shape, blockSize }
  try {
    const runs = await runEach(bench)
    const { exitCode } = signals
    if (exitCode === 0 && memory !== undefined)
      await takeOut(bytesOf(memory, memory.byteLength), options)
    return { runs, exitCode }
  } finally {
    display.clear()
    await crew.close()
    memory?.[Symbol.dispose]()
  }
}

async function runEach(bench: Bench): Promise<RunResult[]> {
  const { depths, runs } = bench.options
  const results: RunResult[] = []
  for (const depth of depths) {
    for (let run = 0; run < runs && !bench.crew.isStopped; run++) {
      const { blockSize, options, range, shape } = bench
      const number = results.length
      const settings = planThreads(options, range, shape, { depth, run: number, blockSize })
      results.push(await runOnce(bench, settings, { depth, run }))
    }
  }
  return results
}

/** One run at one depth, watched while it goes on. */
async function runOnce(
  { crew, shared, display, options }: Bench,
  settings: readonly ThreadSetting[],
  which: { readonly depth: number; readonly run: number },
): Promise<RunResult> {
  let watch: RunWatch | undefined
  const outcomes = await crew
    .run(settings, () => {
      const startMs = performance.now() + options.rampMs
      watch = new RunWatch(shared, options, display, { ...which, startMs })
    })
    .catch((error: unknown) => {
      watch?.end()
      throw error
    })
  const watched = watch?.end() ?? { intervals: [] }
  const about = { interrupted: crew.isStopped, percents: options.percentiles, ...watched }
  return resultOfRun(shared, outcomes, { ...which, ...about })
}
