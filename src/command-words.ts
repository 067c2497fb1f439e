// SPDX-License-Identifier: MIT
// The words of a submission queue entry that a caller may give, of admin and I/O commands alike.

import { checkInteger } from './checks.ts'

/**
 * Words of a command (NVMe base 2.0, 3.3.3.1); those that are left out are 0.
 * @category Commands
 */
export interface CommandWords {
  /** 0 to FFh. Its bits 1:0 say which way the data goes, if there is any. */
  readonly opcode: number
  /** Namespace identifier. */
  readonly nsid?: number
  /** Command dword 2. */
  readonly cdw2?: number
  /** Command dword 3. */
  readonly cdw3?: number
  /** Command dword 10. */
  readonly cdw10?: number
  /** Command dword 11. */
  readonly cdw11?: number
  /** Command dword 12. */
  readonly cdw12?: number
  /** Command dword 13. */
  readonly cdw13?: number
  /** Command dword 14. */
  readonly cdw14?: number
  /** Command dword 15. */
  readonly cdw15?: number
}

/**
 * What a completion says beside its status; any but success rejects instead.
 * @category Commands
 */
export interface CommandCompletion {
  /** Dword 0: what it means depends on the command. */
  readonly dword0: number
  /** Dword 1: as dword 0. */
  readonly dword1: number
}

/** Dwords of the entry. */
export const wordPositions = {
  nsid: 1,
  cdw2: 2,
  cdw3: 3,
  cdw10: 10,
  cdw11: 11,
  cdw12: 12,
  cdw13: 13,
  cdw14: 14,
  cdw15: 15,
} as const

const names = Object.keys(wordPositions) as (keyof typeof wordPositions)[]
const u32Max = 0xffffffff

/** @throws NvmError ERR_ARGUMENT, ERR_RANGE naming the word */
export function checkWords(command: CommandWords): void {
  checkInteger('opcode', command.opcode, 0, 0xff)
  for (const name of names) {
    const { [name]: value = 0 } = command
    checkInteger(name, value, 0, u32Max)
  }
}
