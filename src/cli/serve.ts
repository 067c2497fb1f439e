// SPDX-License-Identifier: MIT
// `peernvm serve`: an emulated device for other programs, until SIGINT or SIGTERM.

import { once } from 'node:events'
import { join } from 'node:path'
import { type Emulator, startEmulator } from '../emulator/emulator.ts'
import type { EmulatorOptions } from '../emulator/options.ts'
import type { EmulatorServer, ServeOptions } from '../emulator/server.ts'

/** Serves until a signal asks to end, then removes the sockets. */
export async function serve(description: EmulatorOptions, options: ServeOptions): Promise<void> {
  const stopped = firstSignal()
  const device = await startEmulator(description)
  const servers: EmulatorServer[] = []
  try {
    for (let index = 0; index < device.controllers; index++) {
      servers.push(await serveOne(device, index, options))
    }
    for (const line of announce(description.image ?? 'memory', servers)) console.log(line)
    await stopped
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

/** Keeps the process alive until then. */
async function firstSignal(): Promise<void> {
  const keepAlive = setInterval(() => {}, 2 ** 30)
  const stopped = new AbortController()
  const signals = ['SIGINT', 'SIGTERM'].map((name) =>
    once(process, name, { signal: stopped.signal }),
  )
  for (const signal of signals) signal.catch(() => {}) // the other one came
  await Promise.race(signals)
  stopped.abort()
  clearInterval(keepAlive)
}
