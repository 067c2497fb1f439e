// SPDX-License-Identifier: MIT
// Sanitize and Device Self-test (NVMe base 2.0, 5.24 and 5.9): both go on when the command has
// completed; log pages tell how far they are.

import { checkInteger } from '../checks.ts'
import { encodeBits } from '../spec/encode.ts'
import { nvme } from '../spec/nvme.ts'
import { type CodeName, codeOf } from './codes.ts'
import { type AdminPort, allNamespaces, submit } from './command.ts'

/**
 * How the NVM subsystem is sanitized.
 * @category Admin commands
 */
export interface SanitizeOptions {
  /** How data is made unreadable, or `exit_failure_mode` after a sanitize that failed. */
  readonly action: CodeName<'sanitize_action'>
  /** Allow Unrestricted Sanitize Exit: a failed sanitize may be left without another one. */
  readonly allowUnrestrictedExit?: boolean
  /** Of overwrite: 1 to 16 passes; default 1. */
  readonly passes?: number
  /** Of overwrite: 32 bits that are written again and again; default 0. */
  readonly pattern?: number
  /** Of overwrite: each pass has the inverted pattern of the one before. */
  readonly invertBetweenPasses?: boolean
  /** Blocks stay allocated afterwards. */
  readonly noDeallocate?: boolean
}

/**
 * Which namespaces a self-test covers.
 * @category Admin commands
 */
export interface SelfTestOptions {
  /** Default: all namespaces of the controller. 0: only the controller. */
  readonly nsid?: number
}

const passesMax = 16
const { admin_opcode: adminOpcode } = nvme.codes

export async function sanitize(port: AdminPort, options: SanitizeOptions): Promise<void> {
  const { passes = 1, pattern = 0 } = options
  await submit(port, {
    opcode: adminOpcode.sanitize[0],
    cdw10: encodeBits('sanitize_cdw10', {
      sanact: codeOf('sanitize_action', options.action),
      ause: options.allowUnrestrictedExit ? 1 : 0,
      owpass: passes === passesMax ? 0 : checkPasses(passes),
      oipbp: options.invertBetweenPasses ? 1 : 0,
      ndas: options.noDeallocate ? 1 : 0,
    }),
    cdw11: pattern,
  })
}

/** 0 means 16 in the command, and is refused as a number of passes. */
function checkPasses(passes: number): number {
  checkInteger('passes', passes, 1, passesMax)
  return passes
}

export async function selfTest(
  port: AdminPort,
  test: CodeName<'self_test_code'>,
  options: SelfTestOptions,
): Promise<void> {
  await submit(port, {
    opcode: adminOpcode.device_self_test[0],
    nsid: options.nsid ?? allNamespaces,
    cdw10: encodeBits('device_self_test_cdw10', { stc: codeOf('self_test_code', test) }),
  })
}
