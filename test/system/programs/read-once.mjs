// SPDX-License-Identifier: MIT
// A program of trace.test.ts: reads one block.
import { openController } from 'peernvm'

const controller = await openController()
const namespace = await controller.namespace(1)
await namespace.read({ lba: 7, into: new Uint8Array(512) })
await controller.close()
