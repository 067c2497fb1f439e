// SPDX-License-Identifier: MIT
// What openController is given.

import type { EmulatedController } from './emulator/emulator.ts'
import type { EmulatorOptions } from './emulator/options.ts'

/**
 * Names a controller for another Worker of this process, as `controller.ref()` gives it; can be
 * sent with postMessage. It keeps nothing alive.
 * @category Controllers
 */
export interface ControllerToken {
  /** By which openController knows it. */
  readonly kind: 'peernvm-controller'
  /** Number of the controller in this process. */
  readonly id: number
}

/**
 * What can be opened: a path or an address, an emulator's description, a controller of one that
 * runs (`device.controller()`), another thread's token (`controller.ref()`).
 * @category Controllers
 */
export type Target =
  | string
  | {
      /** An emulated device, which ends with its last reference. */
      readonly emulator: EmulatorOptions
    }
  | EmulatedController
  | ControllerToken
