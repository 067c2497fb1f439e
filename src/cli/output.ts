// SPDX-License-Identifier: MIT
// What the commands that show a structure have in common: they open a controller and print bytes.

import { statSync } from 'node:fs'
import { basename } from 'node:path'
import type { Controller } from '../controller.ts'
import { openController } from '../open.ts'
import { printJson } from './nvme-cli/json.ts'
import type { View, ViewOptions } from './nvme-cli/views.ts'
import { joined, write } from './write.ts'

/** As text, as JSON, or the bytes as they are. */
export type OutputForm = 'text' | 'json' | 'binary'

interface PrintOptions extends ViewOptions {
  readonly output: OutputForm
}

/** Opens `target`, which resets it, for as long as `use` takes. */
export async function withController(
  target: string | undefined,
  use: (controller: Controller) => Promise<void>,
): Promise<void> {
  console.error(
    isSocket(target)
      ? 'Connecting to the manager of the controller...'
      : 'Resetting controller and setting up admin queues...',
  )
  const controller = await openController(target)
  try {
    await use(controller)
  } finally {
    await controller.close()
  }
}

/** Somebody else's controller, which opening does not reset. */
function isSocket(target: string | undefined): boolean {
  try {
    return target !== undefined && statSync(target).isSocket()
  } catch {
    return false // opening it says what is wrong
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
