// SPDX-License-Identifier: MIT
// Admin commands of a controller whose admin queues this process owns.

import { checkInteger, checkOptions, namesOf, show } from './checks.ts'
import { createError, createStatusError, unwrap } from './errors.ts'
import type { ControllerHandle } from './native/binding.ts'
import { binding } from './native/load.ts'
import { byteLengthOf, type Decoded, decode } from './spec/decode.ts'
import { opcodeName } from './spec/names.ts'
import { nvme } from './spec/nvme.ts'

/**
 * An admin command (NVMe base 2.0, 3.3.3.1); words that are left out are 0.
 * @category Admin commands
 */
export interface AdminCommand {
  readonly opcode: number
  readonly nsid?: number
  readonly cdw2?: number
  readonly cdw3?: number
  readonly cdw10?: number
  readonly cdw11?: number
  readonly cdw12?: number
  readonly cdw13?: number
  readonly cdw14?: number
  readonly cdw15?: number
  /** Sent to the controller, and overwritten with what it answers. */
  readonly data?: Uint8Array
}

/**
 * What a command that succeeded came back with.
 * @category Admin commands
 */
export interface AdminCompletion {
  readonly dword0: number
  readonly dword1: number
}

/**
 * The Identify Controller data structure, decoded, with the specification's names in lower case.
 * @category Admin commands
 */
export type IdentifyController = Decoded<'IdentifyController'>
/**
 * The Identify Namespace data structure of the NVM command set, decoded.
 * @category Admin commands
 */
export type IdentifyNamespace = Decoded<'IdentifyNamespace'>

const commandWords = 16
const commandNames = namesOf<AdminCommand>({
  opcode: true,
  nsid: true,
  cdw2: true,
  cdw3: true,
  cdw10: true,
  cdw11: true,
  cdw12: true,
  cdw13: true,
  cdw14: true,
  cdw15: true,
  data: true,
})
const activeNamespacesMax = 1024
const { admin_opcode: adminOpcode, cns } = nvme.codes

/**
 * Admin commands of a controller: `controller.admin`. Each fails with ERR_NO_ADMIN where this
 * process is not the manager, and with ERR_NVME_STATUS where the controller says so.
 * @category Admin commands
 */
export class Admin {
  readonly #handle: ControllerHandle
  readonly #timeoutMs: number

  /** A controller has one. @internal */
  constructor(handle: ControllerHandle, timeoutMs: number) {
    this.#handle = handle
    this.#timeoutMs = timeoutMs
  }

  /** Identify, CNS 01h. */
  async identifyController(): Promise<IdentifyController> {
    const data = new Uint8Array(byteLengthOf('IdentifyController'))
    await this.#identify(cns.identify_controller[0], 0, data)
    return decode('IdentifyController', data)
  }

  /** Identify, CNS 00h; all zeroes for a namespace that is not active. */
  async identifyNamespace(nsid: number): Promise<IdentifyNamespace> {
    const data = new Uint8Array(byteLengthOf('IdentifyNamespace'))
    await this.#identify(cns.identify_namespace[0], nsid, data)
    return decode('IdentifyNamespace', data)
  }

  /** Ids of the active namespaces above `after`, in order; at most 1024 a call. */
  async activeNamespaces(after = 0): Promise<number[]> {
    const data = new Uint32Array(activeNamespacesMax)
    await this.#identify(cns.active_namespaces[0], after, new Uint8Array(data.buffer))
    const end = data.indexOf(0)
    return Array.from(end < 0 ? data : data.subarray(0, end))
  }

  #identify(structure: number, nsid: number, data: Uint8Array): Promise<AdminCompletion> {
    return this.submit({ opcode: adminOpcode.identify[0], nsid, cdw10: structure, data })
  }

  /**
   * Sends any admin command and waits for its completion.
   * @throws NvmError ERR_TIMEOUT, after which the command was aborted
   */
  async submit(command: AdminCommand): Promise<AdminCompletion> {
    checkOptions('an admin command', command, commandNames)
    const { opcode, nsid = 0, data } = command
    checkInteger('opcode', opcode, 0, 0xff)
    if (data !== undefined && !(data instanceof Uint8Array)) {
      throw createError('ERR_ARGUMENT', `data is a Uint8Array, and not ${show(data)}`)
    }
    const { cdw2 = 0, cdw3 = 0, cdw10 = 0, cdw11 = 0, cdw12 = 0, cdw13 = 0 } = command
    const { cdw14 = 0, cdw15 = 0 } = command
    const dwords = { nsid, cdw2, cdw3, cdw10, cdw11, cdw12, cdw13, cdw14, cdw15 }
    for (const [name, value] of Object.entries(dwords)) checkInteger(name, value, 0, 2 ** 32 - 1)
    const words = new Uint32Array(commandWords)
    words.set([opcode, nsid, cdw2, cdw3])
    words.set([cdw10, cdw11, cdw12, cdw13, cdw14, cdw15], 10)
    const details = {
      command: { name: opcodeName('admin', opcode), opcode, namespaceId: nsid },
      queue: 0,
    }
    const outcome = await binding().submitAdmin(this.#handle, words, data, this.#timeoutMs)
    const answer = unwrap(outcome, details)
    if (answer.status !== 0) throw createStatusError(answer.status, details)
    data?.set(new Uint8Array(answer.data))
    return { dword0: answer.dword0, dword1: answer.dword1 }
  }
}
