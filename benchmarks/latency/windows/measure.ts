// SPDX-License-Identifier: MIT
// libnvm's way, in its output: the queues run one after the other in this thread, each measured on
// its own; a sample is one window of commands.

import { claimingText } from '../../../src/devices/claiming.ts'
import { type Controller, NvmError, openController, type RawQueuePair } from '../../../src/index.ts'
import { bytesOf, compareWithFile, refuseShortFile } from '../files.ts'
import type { WindowOptions } from '../options.ts'
import { refuseUnconfirmed } from '../safety.ts'
import { StopSignals, turnNow } from '../signals.ts'
import { planQueues } from './plan.ts'
import { type BenchQueue, runRepetition } from './run.ts'
import { summarize } from './samples.ts'
import { planLine, statsRow, summaryLines } from './text.ts'

const pageSize = 4096
const say = (line: string) => process.stderr.write(`${line}\n`)

/** As many queue pairs as asked for, or as the controller grants. */
async function createQueuePairs(
  controller: Controller,
  options: WindowOptions,
): Promise<RawQueuePair[]> {
  const pairs: RawQueuePair[] = []
  const depth = Math.min(options.depth, controller.info.queueEntriesMax - 1)
  while (pairs.length < options.queues) {
    try {
      pairs.push(await controller.createQueuePair({ mode: 'raw', depth }))
    } catch (error) {
      if (pairs.length > 0 && error instanceof NvmError && error.code === 'ERR_NO_QUEUES') break
      throw error
    }
  }
  return pairs
}

/**
 * Measures what the options say, and prints it. SIGINT and SIGTERM end it after the repetition
 * under way.
 * @returns what the process ends with
 * @throws NvmError
 */
export async function measureWindows(options: WindowOptions): Promise<number> {
  using signals = new StopSignals()
  await using controller = await openController(options.ctrl, { role: 'reference' })
  say(`${claimingText(controller)}...`)
  await controller.claimAdmin()
  const { emulated, transferBytesMax } = controller.info
  if (options.write) {
    const { mn, sn } = await controller.admin.identifyController()
    refuseUnconfirmed(options, emulated, { model: mn, serial: sn })
  }
  const namespace = await controller.namespace(options.namespace)
  const { blockSize, blockCount } = namespace
  const geometry = { blockSize, blockCount, transferBytesMax: Math.min(transferBytesMax, 2 ** 20) }
  const pairs = await createQueuePairs(controller, options)
  const plans = planQueues(options, pairs.length, geometry)
  const queues = plans.map((plan, i): BenchQueue => {
    return { id: i + 1, pair: pairs[i] as RawQueuePair, plan, samples: [] }
  })
  // Of an emulated controller, host memory is the near side, unless asked otherwise.
  const location = options.localSq || !emulated ? 'local' : 'remote'
  for (const { id, pair, plan } of queues) {
    say(planLine(id, location, pair.depth, options.pattern, plan))
  }
  const byteLength = options.blocks * blockSize
  if (options.verify !== undefined) await refuseShortFile(options.verify, byteLength)
  say(`Creating buffer (${Math.ceil(byteLength / pageSize)} pages)...`)
  using buffer = await controller.allocate(byteLength)
  if (emulated)
    say('(emulated controller: times are software overhead, not the latency of a drive)')
  say('Running benchmark...')
  const exitCode = await repeat(options, signals, (counted) => {
    for (const queue of queues) runRepetition(queue, namespace, buffer, options, counted)
  })
  for (const { id, samples } of queues) {
    if (samples.length === 0) continue // interrupted while warming up
    for (const line of summaryLines(id, summarize(samples))) say(line)
    if (options.stats) for (const sample of samples) console.log(statsRow(id, sample, blockSize))
  }
  if (options.verify !== undefined && exitCode === 0) {
    say('Verifying transfer...')
    await compareWithFile(options.verify, bytesOf(buffer, byteLength))
  }
  say(exitCode === 0 ? 'OK!' : 'Interrupted: results so far.')
  return exitCode
}

/** What the process ends with: 0 when all repetitions were done. */
async function repeat(
  { repeat: count, warmups }: WindowOptions,
  signals: StopSignals,
  once: (counted: boolean) => void,
): Promise<number> {
  for (
    let repetition = -warmups;
    repetition < count && signals.received === undefined;
    repetition++
  ) {
    once(repetition >= 0)
    await turnNow()
  }
  return signals.exitCode
}
