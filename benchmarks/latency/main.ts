#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// nvm-latency-bench: libnvm's latency benchmark, in its spelling and its output. The queues run one
// after the other in this thread, each measured on its own.
import { readFile } from 'node:fs/promises'
import { createError } from '../../src/errors.ts'
import { type Controller, NvmError, openController, type RawQueuePair } from '../../src/index.ts'
import { type BenchOptions, parseOptions } from './options.ts'
import { planQueues } from './plan.ts'
import { type BenchQueue, runRepetition } from './run.ts'
import { summarize } from './samples.ts'
import { planLine, statsRow, summaryLines } from './text.ts'

const pageSize = 4096
const say = (line: string) => process.stderr.write(`${line}\n`)

/** As many queue pairs as asked for, or as the controller grants. */
async function createQueuePairs(
  controller: Controller,
  options: BenchOptions,
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

async function verify(path: string, bytes: Uint8Array): Promise<void> {
  const expected = (await readFile(path)).subarray(0, bytes.length)
  if (expected.length < bytes.length) {
    throw createError(
      'ERR_ARGUMENT',
      `${path} has ${expected.length} bytes, ${bytes.length} were read`,
    )
  }
  const at = bytes.findIndex((byte, i) => byte !== expected[i])
  if (at >= 0) throw new Error(`what was read differs from ${path} at byte ${at}`)
}

async function run(options: BenchOptions): Promise<void> {
  say('Resetting controller...')
  await using controller = await openController(options.ctrl, { role: 'manager' })
  const { emulated, transferBytesMax } = controller.info
  if (options.write && !emulated) {
    throw createError('ERR_UNSUPPORTED', '--write works on an emulated controller only')
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
  say(`Creating buffer (${Math.ceil(byteLength / pageSize)} pages)...`)
  using buffer = await controller.allocate(byteLength)
  if (emulated)
    say('(emulated controller: times are software overhead, not the latency of a drive)')
  say('Running benchmark...')
  for (let repetition = -options.warmups; repetition < options.repeat; repetition++) {
    for (const queue of queues) {
      runRepetition(queue, namespace, buffer, options, repetition >= 0)
    }
  }
  for (const { id, samples } of queues) {
    for (const line of summaryLines(id, summarize(samples))) say(line)
    if (options.stats) for (const sample of samples) console.log(statsRow(id, sample, blockSize))
  }
  if (options.verify !== undefined) {
    say('Verifying transfer...')
    await verify(options.verify, (buffer.bytes as Uint8Array).subarray(0, byteLength))
  }
  say('OK!')
}

try {
  await run(parseOptions(process.argv.slice(2)))
} catch (error) {
  if (!(error instanceof Error)) throw error
  say(error instanceof NvmError ? `${error.message}\n${error.fix}` : error.message)
  process.exitCode = error instanceof NvmError && error.code === 'ERR_ARGUMENT' ? 2 : 1
}
