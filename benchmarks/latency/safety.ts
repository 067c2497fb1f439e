// SPDX-License-Identifier: MIT
// What must not be written by mistake: devices that are in use are refused before they are opened,
// and writing onto what is no emulator needs a second word.

import { createError } from '../../src/errors.ts'

/**
 * Says what is about to be written, where it is a device.
 * @throws NvmError ERR_ARGUMENT without --yes
 */
export function refuseUnconfirmed(
  { write, yes }: { readonly write: boolean; readonly yes: boolean },
  emulated: boolean,
  device: { readonly model: string; readonly serial: string },
): void {
  if (!write || emulated) return
  const what = `${device.model} (serial number ${device.serial})`
  process.stderr.write(`Writing to ${what}: what is on it will be lost.\n`)
  if (yes) return
  throw createError('ERR_ARGUMENT', `--write onto ${what} needs --yes as well`)
}
