// SPDX-License-Identifier: MIT
// What must not be written by mistake: devices that are in use are refused before they are opened,
// and writing onto what is no emulator needs a second word.

import { statSync } from 'node:fs'
import { createError } from '../../src/errors.ts'

/**
 * Refuses results that would go to what is measured, or to a file that is read.
 * @throws NvmError ERR_ARGUMENT naming the file
 */
export function refuseOverwriting(
  inputs: readonly (string | undefined)[],
  results: readonly (string | undefined)[],
): void {
  const read = new Set(inputs.map(identityOf))
  read.delete(undefined)
  const victim = results.find((path) => read.has(identityOf(path)))
  if (victim === undefined) return
  throw createError('ERR_ARGUMENT', `${victim} is read or measured; name another file for results`)
}

/** Of an existing file, whatever it is called. */
function identityOf(path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  const status = statSync(path, { throwIfNoEntry: false })
  return status && `${status.dev}:${status.ino}`
}

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
