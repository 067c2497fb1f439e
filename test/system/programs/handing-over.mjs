// SPDX-License-Identifier: MIT
// A manager of reconnect.test.ts whose blocks are in memory. Arguments: socket, file. It goes on
// with the device that is saved in the file, when there is one; told to, it stops serving, saves
// its device there, and ends.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { openController, startEmulator } from 'peernvm'

const [path, file] = process.argv.slice(2)
const load = existsSync(file) ? { load: readFileSync(file) } : { size: '8MiB' }
const device = await startEmulator(load)
const controller = await openController(device.controller())
const server = await controller.serve({ path })
process.on('message', async () => {
  await server.close()
  writeFileSync(file, await device.save())
  await controller.close()
  await device.close()
  process.disconnect()
})
process.send('serving')
