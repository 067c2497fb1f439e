// SPDX-License-Identifier: MIT
// The TypeScript side of bench:peers: one request line in, one JSON line out. Requests:
//   sync|batch|await|readMany BLOCK_BYTES DEPTH MILLISECONDS
import { createInterface } from 'node:readline'
import { openController } from '../../src/index.ts'
import { fillNamespace, namespaceBytes, workloads } from './workloads.ts'

await using controller = await openController({ emulator: { size: namespaceBytes } })
const setting = { controller, namespace: await controller.namespace(1) }
await fillNamespace(setting)

for await (const line of createInterface({ input: process.stdin })) {
  const [name = '', byteLength, depth, milliseconds] = line.split(' ')
  const workload = workloads[name as keyof typeof workloads]
  if (workload === undefined) throw new Error(`not a request: ${line}`)
  const outcome = await workload(setting, Number(byteLength), Number(depth), Number(milliseconds))
  process.stdout.write(`${JSON.stringify(outcome)}\n`)
}
