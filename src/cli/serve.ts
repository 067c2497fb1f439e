// SPDX-License-Identifier: MIT
// `peernvm serve`: an emulated controller for other programs, until SIGINT or SIGTERM.

import { once } from 'node:events'
import { serveEmulator } from '../emulator.ts'
import type { EmulatorOptions } from '../target.ts'

type ServedOptions = Omit<EmulatorOptions, 'latencyNs' | 'bandwidth' | 'serial'>

/** Serves until a signal asks to end, then removes the socket. */
export async function serve(emulator: ServedOptions, folder: string): Promise<void> {
  const server = await serveEmulator(emulator, { vfioUser: folder })
  const keepAlive = setInterval(() => {}, 2 ** 30)
  const stopped = new AbortController()
  const signals = ['SIGINT', 'SIGTERM'].map((name) =>
    once(process, name, { signal: stopped.signal }),
  )
  for (const signal of signals) signal.catch(() => {}) // the other one came
  console.log(`Serving ${emulator.image} at ${server.path}`)
  await Promise.race(signals)
  stopped.abort()
  clearInterval(keepAlive)
  await server.close()
}
