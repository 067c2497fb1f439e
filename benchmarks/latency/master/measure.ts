// SPDX-License-Identifier: MIT
// libnvm's master's way: each queue transfers its blocks in windows as deep as it is, again and
// again; a sample is a window, or with --bandwidth a pass.

import { writeFile } from 'node:fs/promises'
import { claimingText } from '../../../src/devices/claiming.ts'
import { createStatusError, createSystemError } from '../../../src/errors.ts'
import {
  type Controller,
  type DmaDescriptor,
  type Namespace,
  openController,
  type RawQueuePair,
} from '../../../src/index.ts'
import { bytesOf, compareWithFile, readInto, refuseShortFile } from '../files.ts'
import { refuseUnconfirmed } from '../safety.ts'
import { StopSignals, turnNow } from '../signals.ts'
import type { MasterOptions } from './options.ts'
import { infoLines, percentileLines, type Sample, statsHeader, statsRow } from './text.ts'
import { type Geometry, planTransfers, rangeOf, type Transfer } from './transfers.ts'

/** A queue, what it transfers, and its samples. */
interface Runner {
  readonly transfer: Transfer
  readonly pair: RawQueuePair
  readonly samples: Sample[]
}

interface Bench {
  readonly options: MasterOptions
  readonly namespace: Namespace
  readonly memory: DmaDescriptor
  readonly geometry: Geometry
  readonly runners: readonly Runner[]
}

const lateMs = 1000
const say = (text: string) => process.stderr.write(text)

/** Says what is being done, and then that it is, or that it failed. */
async function step<T>(title: string, work: () => T | Promise<T>): Promise<T> {
  say(`${title}... `)
  try {
    const value = await work()
    say('DONE\n')
    return value
  } catch (error) {
    say('FAIL\n')
    throw error
  }
}

/**
 * Measures what the options say, and prints it. SIGINT and SIGTERM end it after the window under
 * way.
 * @returns what the process ends with
 * @throws NvmError
 */
export async function measureMaster(options: MasterOptions): Promise<number> {
  using signals = new StopSignals()
  await using controller = await openController(options.ctrl, { role: 'reference' })
  await step(claimingText(controller), () => controller.claimAdmin())
  const { mn, sn, cntlid } = await controller.admin.identifyController()
  const { emulated, pageSize, transferBytesMax } = controller.info
  refuseUnconfirmed(options, emulated, { model: mn, serial: sn })
  const namespace = await controller.namespace(options.namespace)
  const { blockSize, blockCount } = namespace
  const bytesMax = Math.min(transferBytesMax, 2 ** 20)
  const geometry = { blockSize, blockCount, pageSize, transferBytesMax: bytesMax }
  const range = rangeOf(options, geometry)
  const transfers = planTransfers(options, range, geometry)
  const runners = await step('Preparing queues', () => createRunners(controller, transfers))
  const byteLength = range.blockCount * blockSize
  const input = await readInput(controller, options, byteLength)
  using memory = await step(
    'Preparing buffers and transfer lists',
    () => input ?? controller.allocate(byteLength),
  )
  if (options.info) {
    const about = { namespace: namespace.id, blocks: range.blockCount, random: options.random }
    const lines = infoLines(transfers, { ...about, controllerId: cntlid }, geometry)
    for (const line of lines) say(`${line}\n`)
  }
  const bench: Bench = { options, namespace, memory, geometry, runners }
  const exitCode = await run(bench, signals)
  if (exitCode === 0) await finishFiles(bench, byteLength)
  await report(bench)
  say(exitCode === 0 ? 'OK!\n' : 'Interrupted: results so far.\n')
  return exitCode
}

/** Memory with what is to be written; what is to be verified is read then. */
async function readInput(
  controller: Controller,
  { infile, write }: MasterOptions,
  byteLength: number,
): Promise<DmaDescriptor | undefined> {
  if (infile === undefined) return undefined
  return step('Reading input file', async () => {
    await refuseShortFile(infile, byteLength)
    if (!write) return undefined
    const memory = await controller.allocate(byteLength)
    await readInto(infile, bytesOf(memory, byteLength))
    return memory
  })
}

async function createRunners(
  controller: Controller,
  transfers: readonly Transfer[],
): Promise<Runner[]> {
  const runners: Runner[] = []
  for (const transfer of transfers) {
    const pair = await controller.createQueuePair({ mode: 'raw', depth: transfer.depth })
    runners.push({ transfer, pair, samples: [] })
  }
  return runners
}

function run(bench: Bench, signals: StopSignals): Promise<number> {
  const { bandwidth, iterations, parallel, random, write } = bench.options
  const what = [write ? 'writing' : 'reading', random ? 'random' : 'sequential']
  const kind = bandwidth ? 'bandwidth' : 'latency'
  const title = `Running ${kind} benchmark (${what.join(', ')}, ${iterations} iterations)`
  return step(title, async () => {
    const groups = parallel ? [bench.runners] : bench.runners.map((runner) => [runner])
    for (let i = 0; i < iterations && signals.received === undefined; i++) {
      for (const group of groups) await pass(bench, group, signals)
    }
    return signals.exitCode
  })
}

/** One pass of queues that run at the same time; after a signal it is no sample of --bandwidth. */
async function pass(bench: Bench, group: readonly Runner[], signals: StopSignals): Promise<void> {
  const { bandwidth, repeat, write } = bench.options
  const sums = group.map(() => ({ commands: 0, blocks: 0, elapsed: 0 }))
  for (let inner = 0; inner < repeat; inner++) {
    const windows = Math.max(...group.map(windowsOf))
    for (let window = 0; window < windows; window++) {
      const samples = moveWindow(bench, group, window, write)
      for (const [i, sample] of samples.entries()) {
        const runner = group[i] as Runner
        const sum = sums[i] as { commands: number; blocks: number; elapsed: number }
        if (sample === undefined) continue
        if (!bandwidth) runner.samples.push(sample)
        sum.commands += sample.commands
        sum.blocks += sample.blocks
        sum.elapsed += sample.elapsed
      }
      const turn = turnNow()
      if (turn !== undefined) await turn
      if (signals.received !== undefined) return
    }
  }
  if (bandwidth) for (const [i, runner] of group.entries()) runner.samples.push(sums[i] as Sample)
}

const windowsOf = ({ transfer }: Runner): number =>
  Math.ceil(transfer.commands.length / transfer.depth)

/** Window `index` of each queue; undefined for one that has no such window. */
function moveWindow(
  bench: Bench,
  group: readonly Runner[],
  index: number,
  write: boolean,
): (Sample | undefined)[] {
  const filled = group.map((runner) => fillWindow(bench, runner, index, write))
  const start = performance.now()
  for (const [i, { pair }] of group.entries()) if (filled[i]?.commands) pair.sq.submit()
  const left = filled.map(({ commands }) => commands)
  const ended = new Array<number>(group.length).fill(start)
  const waits = group.length === 1
  while (left.some((count) => count > 0)) {
    for (const [i, { pair }] of group.entries()) {
      if ((left[i] as number) === 0) continue
      const found = reap(pair, waits)
      left[i] = (left[i] as number) - found
      if (left[i] === 0) ended[i] = performance.now()
    }
    // Whoever has not ended by then is waited for, which has a timeout.
    const late = performance.now() - start > lateMs ? left.findIndex((count) => count > 0) : -1
    if (late >= 0) left[late] = (left[late] as number) - reap((group[late] as Runner).pair, true)
  }
  return filled.map(({ commands, blocks }, i) => {
    const elapsed = ((ended[i] as number) - start) * 1000
    return commands === 0 ? undefined : { commands, blocks, elapsed }
  })
}

function fillWindow(
  { namespace, memory, options }: Bench,
  { transfer, pair: { sq } }: Runner,
  index: number,
  write: boolean,
): { commands: number; blocks: number } {
  const first = index * transfer.depth
  const window = transfer.commands.slice(first, first + transfer.depth)
  let blocks = 0
  for (const { lba, blockCount, bufferOffset } of window) {
    const places = namespace.blockCount - blockCount + 1
    const at = options.random ? Math.floor(Math.random() * places) : lba
    const slot = sq.enqueue()
    if (write) sq.write(slot, namespace.id, at, blockCount, memory, bufferOffset)
    else sq.read(slot, namespace.id, at, blockCount, memory, bufferOffset)
    blocks += blockCount
  }
  return { commands: window.length, blocks }
}

function reap({ cq, id }: RawQueuePair, waits: boolean): number {
  const found = waits ? cq.wait() : cq.poll()
  for (let i = 0; i < found; i++) {
    const status = (cq.done[i] as number) >>> 16
    if (status !== 0) throw createStatusError(status, { queue: id })
  }
  if (found > 0) cq.update()
  return found
}

async function finishFiles(bench: Bench, byteLength: number): Promise<void> {
  const { infile, outfile, verify, write } = bench.options
  const bytes = bytesOf(bench.memory, byteLength)
  if (outfile !== undefined) {
    await step('Writing to output file', () => writeTo(outfile, bytes))
  }
  if (!verify || infile === undefined) return
  await step('Verifying buffers', async () => {
    if (write) {
      bytes.fill(0)
      for (const runner of bench.runners) readBack(bench, runner)
    }
    await compareWithFile(infile, bytes)
  })
}

const writeTo = (path: string, data: string | Uint8Array): Promise<void> =>
  writeFile(path, data).catch((error: unknown) => {
    throw createSystemError(error)
  })

/** Reads what a queue has written into the memory that it was written from. */
function readBack(bench: Bench, runner: Runner): void {
  for (let window = 0; window < windowsOf(runner); window++) {
    moveWindow(bench, [runner], window, false)
  }
}

async function report({ geometry, options, runners }: Bench): Promise<void> {
  const direction = options.write ? 'write' : 'read'
  const sums = sumOf(runners, options.parallel)
  say('Calculating percentiles...\n')
  const groups = runners.map(({ transfer, samples }) => ({ no: transfer.queue.no, samples }))
  const all = [...groups, ...(runners.length > 1 ? [{ no: undefined, samples: sums }] : [])]
  for (const { no, samples } of all) {
    if (samples.length === 0) continue // interrupted
    for (const line of percentileLines(no, direction, samples, geometry)) say(`${line}\n`)
  }
  say('End percentiles\n')
  if (options.stats === undefined) return
  const rows = all.flatMap(({ no, samples }) =>
    samples.map((sample) => statsRow(no, direction, sample, geometry)),
  )
  const text = [statsHeader(), ...rows, ''].join('\n')
  if (options.stats === '') process.stdout.write(text)
  else await writeTo(options.stats, text)
}

/** The samples of all queues, added up; those that ran side by side lasted as long as the slowest. */
function sumOf(runners: readonly Runner[], parallel: boolean): Sample[] {
  const count = Math.max(0, ...runners.map(({ samples }) => samples.length))
  return Array.from({ length: count }, (_, i) => {
    const samples = runners.flatMap(({ samples: own }) => own[i] ?? [])
    const sum = (name: 'commands' | 'blocks') => samples.reduce((all, each) => all + each[name], 0)
    const times = samples.map(({ elapsed }) => elapsed)
    const elapsed = parallel ? Math.max(...times) : times.reduce((all, each) => all + each, 0)
    return { commands: sum('commands'), blocks: sum('blocks'), elapsed }
  })
}
