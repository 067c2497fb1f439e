// SPDX-License-Identifier: MIT
// What programs say while they become the manager of a controller, or a client of one.

import type { Controller } from '../controller.ts'

/**
 * What claimAdmin() is about to do with a reference, for whoever watches.
 * @param resetting said where it resets the controller: wherever no other process manages it
 */
export function claimingText({ info }: Controller, resetting = 'Resetting controller'): string {
  return info.transport === 'rpc' ? 'Connecting to the manager of the controller' : resetting
}
