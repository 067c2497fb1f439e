// SPDX-License-Identifier: MIT
// A program of saved-device.test.ts. `save` starts a device, saves it while a host uses it, and
// ends; `load` starts a device from that. Both print what a host finds.
//   node saved-device.mjs save|load FILE [IMAGE]
import { readFileSync, writeFileSync } from 'node:fs'
import { openController, startEmulator } from 'peernvm'

const [task, file = '', image] = process.argv.slice(2)
const over = image === undefined ? {} : { image }

async function print(device) {
  const controller = await openController(device.controller(1))
  const { sn, mn } = await controller.admin.identifyController()
  const ids = await controller.admin.activeNamespaces()
  const namespace = await controller.namespace(2)
  const into = new Uint8Array(namespace.blockSize)
  await namespace.read({ lba: 5, into })
  console.log(JSON.stringify({ sn, mn, ids, blockSize: into.length, bytes: [...new Set(into)] }))
  await controller.close()
}

async function save() {
  const identity = { model: 'M1' }
  const device = await startEmulator({ ...over, size: '1MiB', controllers: 2, identity })
  const controller = await openController(device.controller(0))
  const id = await device.addNamespace({ size: '1MiB', blockSize: 4096 })
  const namespace = await controller.namespace(id)
  await namespace.write({ lba: 5, from: new Uint8Array(4096).fill(77) })
  writeFileSync(file, await device.save())
  await controller.close()
  return device
}

const load = () => startEmulator({ ...over, load: readFileSync(file) })
const device = await (task === 'save' ? save() : load())
await print(device)
await device.close()
