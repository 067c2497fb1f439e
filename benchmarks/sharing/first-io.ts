// SPDX-License-Identifier: MIT
// One start of a client: milliseconds from the end of Node's own start, and from when the library
// was loaded, to the first completed read. Argument: what to open.
import { openController } from 'peernvm'

const loaded = performance.now()
await using controller = await openController(process.argv[2] ?? '')
const namespace = await controller.namespace(1)
await namespace.read({ lba: 0, into: new Uint8Array(namespace.blockSize) })
const now = performance.now()
const startupMs = now - performance.nodeTiming.bootstrapComplete
console.log(JSON.stringify({ startupMs, attachMs: now - loaded }))
