// SPDX-License-Identifier: MIT
// What the commands that show a structure have in common: they open a controller and print bytes.

import { basename } from 'node:path'
import type { Controller } from '../controller.ts'
import { claimingText } from '../devices/claiming.ts'
import { openController } from '../open.ts'
import { printJson } from './nvme-cli/json.ts'
import type { View, ViewOptions } from './nvme-cli/views.ts'
import { joined, write } from './write.ts'

/** As text, as JSON, or the bytes as they are. */
export type OutputForm = 'text' | 'json' | 'binary'

interface PrintOptions extends ViewOptions {
  readonly output: OutputForm
}

/** Opens `target` for as long as `use` takes, which resets what no other process serves. */
export async function withController(
  target: string | undefined,
  use: (controller: Controller) => Promise<void>,
): Promise<void> {
  const controller = await openController(target, { role: 'reference' })
  try {
    const resetting = 'Resetting controller and setting up admin queues'
    console.error(`${claimingText(controller, resetting)}...`)
    await controller.claimAdmin()
    await use(controller)
  } finally {
    await controller.close()
  }
}

/** By what name a target is printed. */
export function deviceName(target: string | undefined): string {
  return target === undefined ? 'emulator' : basename(target)
}

/** Prints a structure to stdout. */
export function print(view: View, bytes: Uint8Array, options: PrintOptions): Promise<void> {
  if (options.output === 'binary') return write(bytes)
  if (options.output === 'json') return write(printJson(view.json(bytes, options)))
  return write(joined(view.text(bytes, options)))
}
