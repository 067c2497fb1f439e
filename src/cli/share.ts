// SPDX-License-Identifier: MIT
// `peernvm serve --socket`: a controller for several processes, until SIGINT or SIGTERM.

import type { Controller } from '../controller.ts'
import { refuseInUse } from '../devices/in-use.ts'
import type { EmulatorOptions } from '../emulator/options.ts'
import { openController } from '../open.ts'
import type { SharingOptions } from '../rpc/server.ts'
import { untilSignal } from './signals.ts'

/** What is shared: an emulator as it is described, or the drive at a PCI address. */
export type Shared = { readonly emulator: EmulatorOptions } | { readonly drive: string }

/** Serves until a signal asks to end; then clients are told, and the socket is removed. */
export async function share(shared: Shared, options: SharingOptions): Promise<void> {
  await untilSignal(async (end) => {
    const controller = await open(shared)
    try {
      const { path } = await controller.serve(options)
      console.log(`Serving ${await describe(controller)} at ${path}`)
      console.log(`Programs open it as their target, for example: peernvm identify ${path}`)
      await end
    } finally {
      await controller.close()
    }
  })
}

function open(shared: Shared): Promise<Controller> {
  if ('emulator' in shared) return openController({ emulator: shared.emulator })
  refuseInUse(shared.drive)
  return openController(shared.drive, { role: 'manager' })
}

/** An emulator by its image; a drive so that nobody takes it for another. */
async function describe({ info, admin }: Controller): Promise<string> {
  if (info.emulated) return info.address
  const { mn, sn } = await admin.identifyController()
  return `${info.address} (${mn.trim()}, ${sn.trim()}, through ${info.transport})`
}
