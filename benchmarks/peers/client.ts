// SPDX-License-Identifier: MIT
// The TypeScript side of bench:peers: one request line in, one JSON line out. Requests:
//   sync|batch|await|promise|readMany BLOCK_BYTES DEPTH WRITE_PERCENT MILLISECONDS
import { createInterface } from 'node:readline'
import { openFilled } from '../shared/filled-namespace.ts'
import { workloads } from './workloads.ts'

const setting = await openFilled()
await using _controller = setting.controller

for await (const line of createInterface({ input: process.stdin })) {
  const [name = '', ...numbers] = line.split(' ')
  const [byteLength = 0, depth = 0, writePercent = 0, milliseconds = 0] = numbers.map(Number)
  const workload = workloads[name as keyof typeof workloads]
  if (workload === undefined) throw new Error(`not a request: ${line}`)
  const outcome = await workload(setting, { byteLength, depth, writePercent, milliseconds })
  process.stdout.write(`${JSON.stringify(outcome)}\n`)
}
