// SPDX-License-Identifier: MIT
// `peernvm serve --socket`: a controller for several processes, until SIGINT or SIGTERM.

import { openController } from '../controller.ts'
import type { EmulatorOptions } from '../emulator/options.ts'
import type { SharingOptions } from '../rpc/server.ts'
import { untilSignal } from './signals.ts'

/** Serves until a signal asks to end; then clients are told, and the socket is removed. */
export async function share(description: EmulatorOptions, options: SharingOptions): Promise<void> {
  await untilSignal(async (end) => {
    const controller = await openController({ emulator: description })
    try {
      const { path } = await controller.serve(options)
      console.log(`Serving ${controller.info.address} at ${path}`)
      console.log(`Programs open it as their target, for example: peernvm identify ${path}`)
      await end
    } finally {
      await controller.close()
    }
  })
}
