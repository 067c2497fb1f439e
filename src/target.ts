// SPDX-License-Identifier: MIT
// What openController is given.

import type { EmulatedController } from './emulator/emulator.ts'
import type { EmulatorOptions } from './emulator/options.ts'

/** Names a controller for another Worker; can be sent with postMessage. */
export interface ControllerToken {
  readonly kind: 'peernvm-controller'
  readonly id: number
}

/** What can be opened: a path or an address, an emulator's description, a
 * controller of one that runs, another thread's token. */
export type Target =
  | string
  | { readonly emulator: EmulatorOptions }
  | EmulatedController
  | ControllerToken
