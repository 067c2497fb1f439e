// SPDX-License-Identifier: MIT
// What bench:measuring measures: one request line in, one JSON line out. Requests:
//   ENGINE MEASURES SEED MILLISECONDS      MEASURES: 1 with clock and histogram, 0 without
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Engine } from '../../src/report/result.ts'
import { clearRun, goWord, shareRun, type ThreadSetting } from '../latency/commands/setting.ts'
import { runThread } from '../latency/commands/thread.ts'
import { lbaBytes, openFilled } from '../shared/filled-namespace.ts'
import { type Cost, depth } from './cost.ts'

const { controller, namespace } = await openFilled()
const shared = shareRun(1)
const start = { controller: controller.ref(), namespaceId: 1, thread: 0, shared, file: undefined }

/** Time on a CPU that this thread has had: other work on the machine has little part in it. */
const cpuNow = (): number =>
  Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0])

async function measure(
  engine: Engine,
  measures: boolean,
  seed: number,
  milliseconds: number,
): Promise<Cost> {
  const sizes = [{ blockCount: 1, below: 2 ** 32 }]
  const range = { offset: 0, blockCount: namespace.blockCount, seed, stream: 0 }
  const source = { ...range, random: true, sizes, inTurn: false, writesBelow: 0 }
  const setting: ThreadSetting = {
    engine,
    depth,
    queues: [{ index: 0, source, blocks: Number.POSITIVE_INFINITY, phaseMs: 0 }],
    commandBytesMax: lbaBytes,
    runtimeMs: milliseconds,
    rampMs: 0,
    intervalMs: 0,
    measures,
    seed,
  }
  clearRun(shared)
  shared.words[goWord] = 1
  const tools = { controller, namespace, file: undefined, start }
  const cpuBefore = cpuNow()
  const [outcome] = await runThread(tools, setting, () => {})
  const commands = outcome?.commands ?? 1
  return { ns: (outcome?.durationNs ?? 0) / commands, cpuNs: (cpuNow() - cpuBefore) / commands }
}

for await (const line of createInterface({ input: process.stdin })) {
  const [engine, measures, seed, milliseconds] = line.split(' ')
  const cost = await measure(engine as Engine, measures === '1', Number(seed), Number(milliseconds))
  process.stdout.write(`${JSON.stringify(cost)}\n`)
}
await controller.close()
