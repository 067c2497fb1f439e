// SPDX-License-Identifier: MIT
// `peernvm serve --vfio-user`: an emulated device for other programs, until a signal
// asks to end.

import { join } from 'node:path'
import { type Emulator, startEmulator } from '../emulator/emulator.ts'
import type { EmulatorOptions } from '../emulator/options.ts'
import type { EmulatorServer, ServeOptions } from '../emulator/server.ts'
import { untilSignal } from './signals.ts'

/** Serves until a signal asks to end, then removes the sockets. */
export async function serve(description: EmulatorOptions, options: ServeOptions): Promise<void> {
  await untilSignal((end) => serveUntil(end, description, options))
}

async function serveUntil(
  end: Promise<unknown>,
  description: EmulatorOptions,
  options: ServeOptions,
): Promise<void> {
  const device = await startEmulator(description)
  const servers: EmulatorServer[] = []
  try {
    for (let index = 0; index < device.controllers; index++) {
      servers.push(await serveOne(device, index, options))
    }
    const what = description.image ?? 'memory'
    for (const line of [...announce(what, servers), ...qemuArguments(servers)]) console.log(line)
    await end
  } finally {
    for (const server of servers) await server.close()
    await device.close()
  }
}

function serveOne(device: Emulator, index: number, options: ServeOptions): Promise<EmulatorServer> {
  const folder = device.controllers === 1 ? '' : String(index)
  const vfioUser = join(options.vfioUser, folder)
  return device.serve({ ...options, vfioUser, controller: index })
}

function announce(what: string, servers: readonly EmulatorServer[]): string[] {
  if (servers.length === 1) return [`Serving ${what} at ${servers[0]?.path}`]
  return servers.map(({ path }, index) => `Serving controller ${index} of ${what} at ${path}`)
}

/** How a guest gets a device: memory that can be shared, and one of the sockets. */
function qemuArguments(servers: readonly EmulatorServer[]): string[] {
  const devices = servers.map(({ path }) => {
    const device = { driver: 'vfio-user-pci', socket: { type: 'unix', path } }
    return `  -device '${JSON.stringify(device)}'`
  })
  return [
    servers.length === 1 ? 'QEMU 10.1 or later takes it with' : 'QEMU 10.1 or later takes one with',
    '  -object memory-backend-memfd,id=ram,size=2G,share=on -machine q35,memory-backend=ram',
    ...devices,
  ]
}
