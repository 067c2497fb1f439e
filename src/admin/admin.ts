// SPDX-License-Identifier: MIT
// Admin commands of a controller whose admin queues this process owns: `controller.admin`.

import type { CommandCompletion } from '../command-words.ts'
import { type Decoded, decode } from '../spec/decode.ts'
import { nvme } from '../spec/nvme.ts'
import type { CodeName } from './codes.ts'
import {
  type AdminCommand,
  type AdminOptions,
  type AdminPort,
  checkNsid,
  submit,
} from './command.ts'
import type { FeatureName } from './feature-table.ts'
import {
  type FeatureAnswer,
  type FeaturePart,
  type FeatureSelect,
  type FeatureValue,
  type GetFeatureOptions,
  getFeature,
  getRawFeature,
  type RawFeature,
  type RawFeatureRequest,
  type RawFeatureValue,
  type SetFeatureOptions,
  setFeature,
  setRawFeature,
} from './features.ts'
import {
  decodeNamespaceDescriptors,
  type IdentifyController,
  type IdentifyControllerNvm,
  type IdentifyNamespace,
  type IdentifyNamespaceIndependent,
  type IdentifyNamespaceNvm,
  type IdentifyRequest,
  identify,
  identifyAs,
  identifyControllers,
  identifyNamespaceAs,
  identifyNamespaces,
  type NamespaceDescriptors,
} from './identify.ts'
import {
  type CommandEffectsLog,
  type ErrorLogEntry,
  type FirmwareSlotLog,
  getLogPage,
  type LogPageOptions,
  type LogPageRequest,
  readChangedNamespaces,
  readErrors,
  readLog,
  type SanitizeStatusLog,
  type SelfTestLog,
  type SmartLog,
  supportedIds,
} from './log-pages.ts'
import { type SanitizeOptions, type SelfTestOptions, sanitize, selfTest } from './maintenance.ts'
import {
  type CreateNamespaceOptions,
  changeAttachment,
  createNamespace,
  deleteNamespace,
  type FormatOptions,
  formatNamespace,
} from './namespaces.ts'

/**
 * Admin commands, as `controller.admin` has them. Every method rejects with an NvmError:
 * ERR_NVME_STATUS when the controller refuses (`status` says why), ERR_TIMEOUT, ERR_NO_ADMIN,
 * ERR_CLOSED, ERR_RANGE or ERR_ARGUMENT for what cannot be sent; for clients of another process
 * ERR_REFUSED and ERR_MANAGER_GONE. A command may take the `timeoutMs` that the controller was
 * opened with, 10 000 ms by default; one that takes longer is aborted.
 * @category Admin commands
 */
export class Admin {
  readonly #port: AdminPort

  /** A controller has one. @internal */
  constructor(port: AdminPort) {
    this.#port = port
  }

  /**
   * Sends any admin command and waits for its completion: `submit({ opcode: 0xc0, data })`. But
   * for those that create and delete queues, ask for events or move the doorbells.
   * @param command `data` is one buffer for both ways: what it has is sent, and it is overwritten
   * with what the controller answers
   * @param options how long it may take
   * @returns what the completion says
   * @throws NvmError ERR_ARGUMENT, ERR_RANGE, ERR_UNSUPPORTED, ERR_NVME_STATUS, ERR_TIMEOUT,
   * ERR_NO_ADMIN, ERR_CLOSED; of a client ERR_REFUSED for what it may not do, ERR_MANAGER_GONE
   */
  submit(command: AdminCommand, options?: AdminOptions): Promise<CommandCompletion> {
    return submit(this.#port, command, options)
  }

  /**
   * The 4096 bytes of any data structure of Identify; {@link decode} reads those of the table.
   * @param request which structure: `{ cns: 'uuids' }`
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE
   */
  identify(request: IdentifyRequest): Promise<Uint8Array> {
    return identify(this.#port, request)
  }

  /**
   * What the controller is and can do (CNS 01h).
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE
   */
  identifyController(): Promise<IdentifyController> {
    return identifyAs(this.#port, 'IdentifyController', { cns: 'identify_controller' })
  }

  /**
   * What the NVM command set adds to identifyController() (CNS 06h): limits of commands.
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE
   */
  identifyControllerNvm(): Promise<IdentifyControllerNvm> {
    return identifyAs(this.#port, 'IdentifyControllerNvm', { cns: 'command_set_controller' })
  }

  /**
   * An active namespace (CNS 00h); zeroes for one that is not active.
   * @param nsid namespace identifier, from 1
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE
   */
  identifyNamespace(nsid: number): Promise<IdentifyNamespace> {
    return identifyNamespaceAs(this.#port, 'IdentifyNamespace', 'identify_namespace', nsid)
  }

  /**
   * What the NVM command set adds to identifyNamespace() (CNS 05h): extended LBA formats.
   * @param nsid namespace identifier, from 1
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE
   */
  identifyNamespaceNvm(nsid: number): Promise<IdentifyNamespaceNvm> {
    return identifyNamespaceAs(this.#port, 'IdentifyNamespaceNvm', 'command_set_namespace', nsid)
  }

  /**
   * What namespaces of all command sets have in common (CNS 08h).
   * @param nsid namespace identifier, from 1
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE
   */
  identifyNamespaceIndependent(nsid: number): Promise<IdentifyNamespaceIndependent> {
    const cns = 'independent_namespace'
    return identifyNamespaceAs(this.#port, 'IdentifyNamespaceIndependent', cns, nsid)
  }

  /**
   * A namespace of the NVM subsystem, attached to this controller or not (CNS 11h).
   * @param nsid namespace identifier, from 1
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE
   */
  identifyAllocatedNamespace(nsid: number): Promise<IdentifyNamespace> {
    return identifyNamespaceAs(this.#port, 'IdentifyNamespace', 'allocated_namespace', nsid)
  }

  /**
   * The identifiers by which a namespace is known everywhere (CNS 03h).
   * @param nsid namespace identifier, from 1
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE
   */
  async namespaceDescriptors(nsid: number): Promise<NamespaceDescriptors> {
    checkNsid(nsid)
    return decodeNamespaceDescriptors(await this.identify({ cns: 'namespace_descriptors', nsid }))
  }

  /**
   * Ids of the active namespaces, in order; at most 1024 a call (CNS 02h).
   * @param after only ids above this one; default 0
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE
   */
  activeNamespaces(after = 0): Promise<number[]> {
    return identifyNamespaces(this.#port, { cns: 'active_namespaces', nsid: after })
  }

  /**
   * Ids of all namespaces of the subsystem, in order; at most 1024 a call (CNS 10h).
   * @param after only ids above this one; default 0
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE
   */
  allocatedNamespaces(after = 0): Promise<number[]> {
    return identifyNamespaces(this.#port, { cns: 'allocated_namespaces', nsid: after })
  }

  /**
   * Ids of the controllers that a namespace is attached to (CNS 12h).
   * @param nsid namespace identifier, from 1
   * @param from only ids from this one on; default 0
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE
   */
  async attachedControllers(nsid: number, from = 0): Promise<number[]> {
    checkNsid(nsid)
    return identifyControllers(this.#port, { cns: 'namespace_controllers', nsid, cntid: from })
  }

  /**
   * Ids of the controllers in the NVM subsystem (CNS 13h).
   * @param from only ids from this one on; default 0
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE
   */
  subsystemControllers(from = 0): Promise<number[]> {
    return identifyControllers(this.#port, { cns: 'controllers', cntid: from })
  }

  /**
   * Combinations of I/O command sets (CNS 1Ch): bit N of `iocsc` stands for the set of CSI N.
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE
   */
  async commandSets(): Promise<Decoded<'CommandSets'>> {
    const thisController = 0xffff
    return decode(
      'CommandSets',
      await this.identify({ cns: 'command_sets', cntid: thisController }),
    )
  }

  /**
   * Bytes of any log page; more than one command transfers are read in parts.
   * @param request `byteLength` and `offset` in bytes, multiples of 4
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE; ERR_ALIGNMENT; ERR_UNSUPPORTED for parts, where the controller has none
   */
  getLogPage(request: LogPageRequest): Promise<Uint8Array> {
    return getLogPage(this.#port, request)
  }

  /**
   * Health, wear and counters (LID 02h).
   * @param options `nsid`: of this namespace, where the controller keeps one for each; default: of
   * the whole. Whether an event stays retained
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE
   */
  smartLog(options: LogPageOptions & { readonly nsid?: number } = {}): Promise<SmartLog> {
    const names = ['retainAsynchronousEvent', 'nsid'] as const
    return readLog(this.#port, 'SmartLog', 'smart_health_information', options, names)
  }

  /**
   * Commands that failed (LID 01h), the newest first.
   * @param options whether an event stays retained
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE
   */
  errorLog(options: LogPageOptions = {}): Promise<ErrorLogEntry[]> {
    return readErrors(this.#port, options)
  }

  /**
   * Firmware slots and what they hold (LID 03h).
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE
   */
  firmwareSlots(): Promise<FirmwareSlotLog> {
    return readLog(this.#port, 'FirmwareSlotLog', 'firmware_slot_information')
  }

  /**
   * Ids of namespaces that changed since this was read without retaining (LID 04h).
   * @param options whether an event stays retained
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE
   */
  changedNamespaces(options: LogPageOptions = {}): Promise<number[]> {
    return readChangedNamespaces(this.#port, options)
  }

  /**
   * Which commands there are and what they change (LID 05h): words of `command_effects`.
   * @param options `csi`: of this command set; default `nvm`
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE
   */
  commandEffects(options: { readonly csi?: CodeName<'csi'> } = {}): Promise<CommandEffectsLog> {
    const lid = 'commands_supported_and_effects'
    return readLog(this.#port, 'CommandEffectsLog', lid, options, ['csi'])
  }

  /**
   * The self-test that runs, and the results of the last twenty (LID 06h).
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE
   */
  selfTestLog(): Promise<SelfTestLog> {
    return readLog(this.#port, 'SelfTestLog', 'device_self_test')
  }

  /**
   * The identifiers of the log pages that there are (LID 00h).
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE
   */
  async supportedLogPages(): Promise<number[]> {
    const lid = 'supported_log_pages'
    return supportedIds((await readLog(this.#port, 'SupportedLogPages', lid)).lid_support)
  }

  /**
   * The identifiers of the features that there are (LID 12h).
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE
   */
  async supportedFeatures(): Promise<number[]> {
    const lid = 'feature_identifiers_supported_and_effects'
    return supportedIds((await readLog(this.#port, 'FeatureEffectsLog', lid)).fid_support)
  }

  /**
   * How far a sanitize is, or what the last one came to (LID 81h).
   * @param options whether an event stays retained
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE
   */
  sanitizeStatus(options: LogPageOptions = {}): Promise<SanitizeStatusLog> {
    const names = ['retainAsynchronousEvent'] as const
    return readLog(this.#port, 'SanitizeStatusLog', 'sanitize_status', options, names)
  }

  /**
   * A feature's value: `getFeature('arbitration')`; of one with several values, the one that `of`
   * names: `getFeature('temperature_threshold', { of: { tmpsel: 0, thsel: 1 } })`.
   * @param name of the [table of features](../../docs/fields.md#features)
   * @param options `select`: the default or saved value, or what may be done with the feature;
   * `nsid`: of this namespace; `of`: of which part
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE; ERR_ARGUMENT for another name
   */
  getFeature<Name extends FeatureName, Select extends FeatureSelect = 'current'>(
    name: Name,
    options: GetFeatureOptions<Select> & { readonly of?: FeaturePart<Name> } = {},
  ): Promise<FeatureAnswer<Name, Select>> {
    return getFeature(this.#port, name, options) as Promise<FeatureAnswer<Name, Select>>
  }

  /**
   * A feature by its number: vendor specific ones, and those without a form in the table.
   * @param request `fid`, which part and value of it, and how many bytes of data it has
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE
   */
  getRawFeature(request: RawFeatureRequest): Promise<RawFeature> {
    return getRawFeature(this.#port, request)
  }

  /**
   * Sets a feature as a whole: `setFeature('volatile_write_cache', { wce: 0 })`.
   * @param name of the [table of features](../../docs/fields.md#features)
   * @param value all of its fields
   * @param options `save`: the value outlives power cycles and resets; `nsid`: of this namespace
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED; of a client
   * ERR_REFUSED, unless its manager lets it administer; ERR_ARGUMENT when a field is missing
   */
  async setFeature<Name extends FeatureName>(
    name: Name,
    value: FeatureValue<Name>,
    options: SetFeatureOptions = {},
  ): Promise<void> {
    await setFeature(this.#port, name, value, options)
  }

  /**
   * Sets a feature by its number.
   * @param value `fid`, and the words and data of Set Features
   * @returns dword 0 of the completion
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED; of a client
   * ERR_REFUSED, unless its manager lets it administer
   */
  setRawFeature(value: RawFeatureValue): Promise<number> {
    return setRawFeature(this.#port, value)
  }

  /**
   * Formats a namespace, whose data is lost; `formatNamespace(1, { blockSize: 4096 })`. What was
   * known of it is forgotten, also when this fails: a Namespace got before fails with
   * ERR_NAMESPACE.
   * @param nsid namespace identifier, from 1; `'all'`: all of the controller's
   * @param options the new layout; without one it keeps its own. It may take long: give
   * `timeoutMs`, in milliseconds
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED; of a client
   * ERR_REFUSED, unless its manager lets it administer; ERR_UNSUPPORTED for a size of blocks that
   * there is not
   */
  formatNamespace(nsid: number | 'all', options: FormatOptions = {}): Promise<void> {
    return formatNamespace(this.#port, nsid, options)
  }

  /**
   * Creates a namespace, which is attached to no controller:
   * `attachNamespace(await createNamespace({ blockCount: 4096, blockSize: 4096 }))`.
   * @param options its size in blocks, and its layout
   * @returns its id
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED; of a client
   * ERR_REFUSED, unless its manager lets it administer; ERR_UNSUPPORTED for a size of blocks that
   * there is not
   */
  createNamespace(options: CreateNamespaceOptions): Promise<number> {
    return createNamespace(this.#port, options)
  }

  /**
   * Deletes a namespace and its data. A Namespace got before fails with ERR_NAMESPACE, also when
   * this fails.
   * @param nsid namespace identifier, from 1; `'all'`: all of the NVM subsystem
   * @param options how long it may take
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED; of a client
   * ERR_REFUSED, unless its manager lets it administer
   */
  deleteNamespace(nsid: number | 'all', options: AdminOptions = {}): Promise<void> {
    return deleteNamespace(this.#port, nsid, options)
  }

  /**
   * Makes a namespace active on controllers.
   * @param nsid namespace identifier, from 1
   * @param controllers their ids; by default this one
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED; of a client
   * ERR_REFUSED, unless its manager lets it administer
   */
  attachNamespace(nsid: number, controllers?: readonly number[]): Promise<void> {
    return changeAttachment(this.#port, 'attach', nsid, controllers)
  }

  /**
   * Takes a namespace away from controllers. A Namespace got before fails with ERR_NAMESPACE, also
   * when this fails.
   * @param nsid namespace identifier, from 1
   * @param controllers their ids; by default this one
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED; of a client
   * ERR_REFUSED, unless its manager lets it administer
   */
  detachNamespace(nsid: number, controllers?: readonly number[]): Promise<void> {
    return changeAttachment(this.#port, 'detach', nsid, controllers)
  }

  /**
   * Begins to erase everything in the NVM subsystem, which cannot be stopped. Resolves when it has
   * begun; sanitizeStatus() tells how far it is, and an event that it ended.
   * @param options how: `{ action: 'block_erase' }`
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED; of a client
   * ERR_REFUSED, unless its manager lets it administer
   */
  sanitize(options: SanitizeOptions): Promise<void> {
    return sanitize(this.#port, options)
  }

  /**
   * Begins a self-test or ends the one that runs; selfTestLog() tells what it came to.
   * @param test `short_test`, `extended_test`, `vendor_specific`; `abort_test` ends one
   * @param options which namespaces it covers
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED; of a client
   * ERR_REFUSED, unless its manager lets it administer
   */
  deviceSelfTest(test: CodeName<'self_test_code'>, options: SelfTestOptions = {}): Promise<void> {
    return selfTest(this.#port, test, options)
  }

  /**
   * Restarts the keep alive timer (feature `keep_alive_timer`).
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_NO_ADMIN, ERR_CLOSED, and of a client
   * ERR_MANAGER_GONE
   */
  async keepAlive(): Promise<void> {
    await this.submit({ opcode: nvme.codes.admin_opcode.keep_alive[0] })
  }
}
