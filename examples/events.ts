// SPDX-License-Identifier: MIT
// A monitor: what the controller reports by itself, while namespaces come and go and it gets warm.
//   npx tsx examples/events.ts
import { openController, startEmulator } from 'peernvm'

await using device = await startEmulator({ size: '64MiB' })
await using controller = await openController(device.controller())
const { admin } = controller

const events = controller.events()
await events.ready() // from here on nothing is missed
const id = await device.addNamespace({ size: '16MiB', blockSize: 4096 })
const { composite_temperature: temperature } = await admin.smartLog()
await admin.setFeature('temperature_threshold', { tmpth: temperature, tmpsel: 0, thsel: 0 })

const reported: string[] = []
for await (const event of events) {
  if (event.changedNamespaces !== undefined) {
    const namespaces = await controller.namespaces()
    const sizes = namespaces.map((each) => `${each.id} has ${each.byteLength >> 20} MiB`)
    reported.push(`${event.text}: ${event.changedNamespaces}; ${sizes.join(', ')}`)
  } else if (event.smart !== undefined) {
    reported.push(`${event.text}: ${event.smart.composite_temperature - 273} °C`)
  }
  if (reported.length === 2) break // which ends the iteration
}
console.log(reported.sort().join('\n'))

const namespace = await controller.namespace(id)
await admin.formatNamespace(id, { blockSize: 512 })
const block = new Uint8Array(4096)
const stale = await namespace.read({ lba: 0, into: block }).catch((error) => error.code)
const formatted = await controller.namespace(id)
console.log(`Formatted: blocks of ${formatted.blockSize} bytes; what was known of it: ${stale}`)
