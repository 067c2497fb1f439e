// SPDX-License-Identifier: MIT
// Refuses what somebody uses before it is opened, since opening a controller resets it.

import { createError, NvmError } from '../errors.ts'
import { RealFiles, type SystemFiles } from './system-files.ts'
import { describeUse, usesOfController, usesOfImage } from './uses.ts'

/**
 * Refuses a target that is in use.
 * @param target what the user gave: an image, or a PCI address
 * @throws NvmError ERR_BUSY naming the block device, and what uses it
 */
export function refuseInUse(target: string, system: SystemFiles = new RealFiles()): void {
  const address = /^(?:pci:)?((?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])$/i.exec(target)?.[1]
  const uses =
    address === undefined
      ? usesOfImage(system, target.replace(/^emulator:/, ''))
      : usesOfController(system, (address.length === 7 ? `0000:${address}` : address).toLowerCase())
  if (uses.length === 0) return
  const { code, message } = createError(
    'ERR_BUSY',
    `${target}: ${uses.map(describeUse).join('; ')}`,
  )
  throw new NvmError(code, message, 'Take another, or end that use first: lsblk --fs shows it.')
}
