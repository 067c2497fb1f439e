// SPDX-License-Identifier: MIT
// What to do about an error where it is not a program that called but somebody at a shell.

import type { ErrorCode } from '../errors.ts'
import type { Command } from './command.ts'

export type Fixes = Readonly<Partial<Record<ErrorCode, string>>>

const inTheWay = 'peernvm doctor --for device says what is in the way, with the command for it.'

const fixes: Fixes = {
  ERR_TIMEOUT: 'Repeat it with PEERNVM_TRACE=1, which shows each command.',
  ERR_BUSY: 'End the program that has it, then repeat.',
  ERR_CONTROLLER_FATAL: 'Repeat it, which resets the controller.',
  ERR_CONTROLLER_DISABLED: 'End the program that resets the controller, then repeat.',
  ERR_DRIVER: inTheWay,
  ERR_IOMMU: inTheWay,
  ERR_MEMLOCK: inTheWay,
}

/** What `command` says about an error; undefined where the library’s own words do. */
export function fixFor(command: Command | undefined, code: string | undefined): string | undefined {
  const own: Readonly<Record<string, string>> = { ...fixes, ...command?.fixes }
  return code === undefined ? undefined : own[code]
}
