// SPDX-License-Identifier: MIT
// A process of bench:sharing: the owner of the controller, or a client. One request line in, one
// JSON line out. Requests:
//   serve PATH          becomes the owner of an emulator with a filled namespace
//   open TARGET         becomes a client; `fill` writes its whole namespace
//   sync BLOCK_BYTES DEPTH WRITE_PERCENT MILLISECONDS
//   identify MILLISECONDS
//   prepare INDEX
//   share START MILLISECONDS
import { createInterface } from 'node:readline'
import { Histogram, openController } from 'peernvm'
import { workloads } from '../peers/workloads.ts'
import { fillNamespace, openFilled, type Setting } from '../shared/filled-namespace.ts'
import { prepareShare, type Share } from './share.ts'

export interface RoundTrip {
  count: number
  /** Microseconds. */
  p50: number
  p99: number
}

let setting: Setting | undefined
let share: Share | undefined

async function open(target: string): Promise<Setting> {
  const controller = await openController(target)
  return { controller, namespace: await controller.namespace(1) }
}

async function measureIdentify({ controller }: Setting, milliseconds: number): Promise<RoundTrip> {
  const seen = new Histogram()
  const start = performance.now()
  let now = start
  while (now - start < milliseconds) {
    const began = now
    await controller.admin.identifyController()
    now = performance.now()
    seen.record((now - began) * 1e6)
  }
  return { count: seen.count, p50: seen.quantile(0.5) / 1e3, p99: seen.quantile(0.99) / 1e3 }
}

async function answer(name: string, words: readonly string[]): Promise<object> {
  if (name === 'serve') {
    setting = await openFilled()
    await setting.controller.serve({ path: words[0] ?? '' })
    return {}
  }
  if (name === 'open') {
    setting = await open(words[0] ?? '')
    return {}
  }
  if (setting === undefined) throw new Error(`nothing is open for ${name}`)
  const [first = 0, second = 0, third = 0, fourth = 0] = words.map(Number)
  if (name === 'identify') return measureIdentify(setting, first)
  if (name === 'prepare') {
    share = await prepareShare(setting, first)
    return {}
  }
  if (name === 'share' && share !== undefined) return share(first, second)
  if (name === 'sync') {
    const load = { byteLength: first, depth: second, writePercent: third, milliseconds: fourth }
    return workloads.sync(setting, load)
  }
  if (name !== 'fill') throw new Error(`not a request: ${name}`)
  await fillNamespace(setting)
  return {}
}

for await (const line of createInterface({ input: process.stdin })) {
  const [name = '', ...words] = line.split(' ')
  process.stdout.write(`${JSON.stringify(await answer(name, words))}\n`)
}
await setting?.controller.close()
