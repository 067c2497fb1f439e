// SPDX-License-Identifier: MIT
// Sanitize and Device Self-test (NVMe base 2.0, 5.24 and 5.9): both go on when the command has
// completed; log pages tell how far they are.

import { checkBoolean, checkInteger, checkOptions, namesOf } from '../checks.ts'
import { encodeBits } from '../spec/encode.ts'
import { nvme } from '../spec/nvme.ts'
import { type CodeName, codeOf } from './codes.ts'
import { type AdminPort, allNamespaces, checkNsid, submit } from './command.ts'

/**
 * How the NVM subsystem is sanitized.
 * @category Admin commands
 */
export interface SanitizeOptions {
  /** How data is made unreadable, or `exit_failure_mode` after a sanitize that failed. */
  readonly action: CodeName<'sanitize_action'>
  /** A failed sanitize may be left without another one (AUSE); default false. */
  readonly allowUnrestrictedExit?: boolean
  /** Of overwrite: 1 to 16 passes; default 1. */
  readonly passes?: number
  /** Of overwrite: 32 bits that are written again and again; default 0. */
  readonly pattern?: number
  /** Of overwrite: each pass has the inverted pattern of the one before; default false. */
  readonly invertBetweenPasses?: boolean
  /** Blocks stay allocated afterwards; default false. */
  readonly noDeallocate?: boolean
}

/**
 * Which namespaces a self-test covers.
 * @category Admin commands
 */
export interface SelfTestOptions {
  /** Namespace identifier; 0: only the controller. Default: all namespaces of the controller. */
  readonly nsid?: number
}

const sanitizeNames = namesOf<SanitizeOptions>({
  action: true,
  allowUnrestrictedExit: true,
  passes: true,
  pattern: true,
  invertBetweenPasses: true,
  noDeallocate: true,
})
const selfTestNames = namesOf<SelfTestOptions>({ nsid: true })
const passesMax = 16
const patternMax = 0xffffffff
const { admin_opcode: adminOpcode } = nvme.codes

export async function sanitize(port: AdminPort, options: SanitizeOptions): Promise<void> {
  checkOptions('sanitize', options, sanitizeNames)
  const { passes = 1, pattern = 0 } = options
  const { allowUnrestrictedExit = false, invertBetweenPasses = false } = options
  const { noDeallocate = false } = options
  checkInteger('passes', passes, 1, passesMax)
  checkInteger('pattern', pattern, 0, patternMax)
  checkBoolean('allowUnrestrictedExit', allowUnrestrictedExit)
  checkBoolean('invertBetweenPasses', invertBetweenPasses)
  checkBoolean('noDeallocate', noDeallocate)
  await submit(port, {
    opcode: adminOpcode.sanitize[0],
    cdw10: encodeBits('sanitize_cdw10', {
      sanact: codeOf('sanitize_action', options.action),
      ause: allowUnrestrictedExit ? 1 : 0,
      owpass: passes === passesMax ? 0 : passes, // 0 stands for 16
      oipbp: invertBetweenPasses ? 1 : 0,
      ndas: noDeallocate ? 1 : 0,
    }),
    cdw11: pattern,
  })
}

export async function selfTest(
  port: AdminPort,
  test: CodeName<'self_test_code'>,
  options: SelfTestOptions,
): Promise<void> {
  checkOptions('deviceSelfTest', options, selfTestNames)
  const { nsid = allNamespaces } = options
  checkNsid(nsid)
  await submit(port, {
    opcode: adminOpcode.device_self_test[0],
    nsid,
    cdw10: encodeBits('device_self_test_cdw10', { stc: codeOf('self_test_code', test) }),
  })
}
