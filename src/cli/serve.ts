// SPDX-License-Identifier: MIT
// `peernvm serve`: an emulated controller for other programs, until SIGINT or SIGTERM.

import { once } from 'node:events'
import { startEmulator } from '../emulator/emulator.ts'
import type { EmulatorOptions } from '../emulator/options.ts'
import type { ServeOptions } from '../emulator/server.ts'

/** Serves until a signal asks to end, then removes the socket. */
export async function serve(description: EmulatorOptions, options: ServeOptions): Promise<void> {
  const device = await startEmulator(description)
  const server = await device.serve(options)
  const keepAlive = setInterval(() => {}, 2 ** 30)
  const stopped = new AbortController()
  const signals = ['SIGINT', 'SIGTERM'].map((name) =>
    once(process, name, { signal: stopped.signal }),
  )
  for (const signal of signals) signal.catch(() => {}) // the other one came
  console.log(`Serving ${description.image} at ${server.path}`)
  await Promise.race(signals)
  stopped.abort()
  clearInterval(keepAlive)
  await server.close()
  await device.close()
}
