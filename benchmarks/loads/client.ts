// SPDX-License-Identifier: MIT
// The measuring side of bench:loads: one request line in, one JSON line out. Requests:
//   transfer read|write device|plain BYTES DEPTH MILLISECONDS
//   readers one|workers QUEUES MILLISECONDS
//   latency nothing|timer|timer+garbage MILLISECONDS
import { createInterface } from 'node:readline'
import { openFilled } from '../shared/filled-namespace.ts'
import type { Disturbance, Threads, Transfer } from './cells.ts'
import { measureLatency } from './latency.ts'
import { Readers } from './readers.ts'
import { measureTransfer } from './transfers.ts'

// A transfer of 1 MiB is one command, as is the copy that it is compared with.
const setting = await openFilled({ limits: { mdts: 8 } })
await using _controller = setting.controller
const readers = new Readers(setting)

function answer(line: string): Promise<object> {
  const [name, ...words] = line.split(' ')
  const milliseconds = Number(words.pop())
  if (name === 'transfer') {
    const [direction, memory] = words as [Transfer['direction'], Transfer['memory']]
    const [byteLength, depth] = words.slice(2).map(Number) as [number, number]
    return measureTransfer(setting, { direction, memory, byteLength, depth }, milliseconds)
  }
  if (name === 'readers') {
    return readers.measure(words[0] as Threads, Number(words[1]), milliseconds)
  }
  if (name === 'latency') return measureLatency(setting, words[0] as Disturbance, milliseconds)
  throw new Error(`not a request: ${line}`)
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(line))}\n`)
}
await readers.close()
