// SPDX-License-Identifier: MIT
// A controller shared with other processes: they open the socket's path, and have queues and memory
// of their own, while this process keeps the admin queues.

import '../disposable.ts'
import { type CodeName, codeOf } from '../admin/codes.ts'
import {
  checkArray,
  checkBoolean,
  checkInteger,
  checkName,
  checkOptions,
  checkText,
  namesOf,
} from '../checks.ts'
import { createError, unwrap } from '../errors.ts'
import type { ControllerHandle, SharingHandle } from '../native/binding.ts'
import { binding } from '../native/load.ts'
import { parseSize } from '../size.ts'
import { nvme } from '../spec/nvme.ts'

/**
 * How many clients a served controller may have, and what each of them.
 * @category Sharing
 */
export interface SharingLimits {
  /** Clients at once: 1 to 1000, default 64. One more is ERR_BUSY; `readSharing()` is answered. */
  readonly clients?: number
  /** I/O queue pairs of one client: 1 to 65 535, default 16. */
  readonly queuePairs?: number
  /** Memory of one client that the device reaches, in bytes or as `'256MiB'`; default 1 GiB. */
  readonly memory?: number | string
}

/**
 * What clients of a served controller may do. On an emulator the device itself checks it for each
 * command; a drive cannot, nor a vfio-user server: there `opcodes`, `readOnly` and `namespaces` are
 * ERR_UNSUPPORTED.
 * @category Sharing
 */
export interface SharingPolicy {
  /**
   * I/O commands that they may send, such as `['read', 'write', 'flush']`; all by default. The
   * others end with the status `operation_denied`.
   */
  readonly opcodes?: readonly CodeName<'nvm_opcode'>[]
  /** They may not write: of `opcodes` only read, compare, verify and flush; default false. */
  readonly readOnly?: boolean
  /** Ids of the namespaces that they may use; all by default. */
  readonly namespaces?: readonly number[]
  /**
   * Whether they may change what others see: set features, format, create and delete namespaces,
   * update firmware; default false.
   */
  readonly administers?: boolean
}

/**
 * How a controller is served to other processes.
 * @category Sharing
 */
export interface SharingOptions {
  /** Path of the socket that clients open; for processes of the same user, and of root. */
  readonly path: string
  /** What clients may have; the limits' defaults where it is left out. */
  readonly limits?: SharingLimits
  /** What clients may do; by default all but what changes what others see. */
  readonly policy?: SharingPolicy
}

/**
 * A client of a served controller.
 * @category Sharing
 */
export interface SharingClient {
  /** Number of this client, which no other of this server has had. */
  readonly id: number
  /** Id of its process. */
  readonly pid: number
  /** User id of that process. */
  readonly uid: number
  /** I/O queue pairs that it has. */
  readonly queuePairs: number
  /** Bytes of its memory that the device reaches. */
  readonly mappedBytes: number
  /** Pieces of memory that it has mapped. */
  readonly mappings: number
  /** Its process has gone, and what it had is being taken back. */
  readonly leaving: boolean
  /** Commands that an emulator took from its queues; undefined of others, where nobody counts. */
  readonly ioCommands: number | undefined
  /** Admin commands that were sent for it. */
  readonly adminCommands: number
  /** Seconds since it connected. */
  readonly connectedSeconds: number
}

/**
 * Who shares a controller, as `server.status()` and `readSharing()` give it.
 * @category Sharing
 */
export interface SharingStatus {
  /** What the manager has opened. */
  readonly address: string
  /** All that it has now, those included that are leaving. */
  readonly clients: readonly SharingClient[]
}

const optionNames = namesOf<SharingOptions>({ path: true, limits: true, policy: true })
const limitNames = namesOf<SharingLimits>({ clients: true, queuePairs: true, memory: true })
const policyNames = namesOf<SharingPolicy>({
  opcodes: true,
  readOnly: true,
  namespaces: true,
  administers: true,
})
const namespaceIdMax = 0xffff_fffe
/** As lib/rpc/served.h has it. */
export const clientsMax = 1000

/** A server serves until it is closed, though nobody holds it. */
const serving = new Set<ControllerServer>()

/**
 * A controller that is being served, as `controller.serve()` gives it.
 * @category Sharing
 */
export class ControllerServer implements AsyncDisposable {
  /** What clients open: `openController(server.path)`. */
  readonly path: string
  readonly #handle: SharingHandle
  readonly #closed: (server: ControllerServer) => void
  #closing: Promise<void> | undefined

  /** Controller.serve makes them. @internal */
  constructor(handle: SharingHandle, path: string, closed: (server: ControllerServer) => void) {
    serving.add(this)
    this.#handle = handle
    this.#closed = closed
    this.path = path
  }

  /**
   * Its clients, at this moment.
   * @throws NvmError ERR_CLOSED once it is closed, whoever serves at its path now
   */
  async status(): Promise<SharingStatus> {
    if (this.#closing !== undefined) throw createError('ERR_CLOSED', `the server at ${this.path}`)
    return readSharing(this.path)
  }

  /**
   * Ends it for its clients, whose commands fail from now on with ERR_MANAGER_GONE, or wait for the
   * next server at the path (`reconnect`), takes back what they had, and removes the socket.
   * Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    serving.delete(this)
    unwrap(await binding().stopSharing(this.#handle))
    this.#closed(this)
  }

  /** As close(), at the end of an `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** Controller.serve. @internal */
export async function shareController(
  controller: ControllerHandle,
  options: SharingOptions,
  closed: (server: ControllerServer) => void,
): Promise<ControllerServer> {
  checkOptions('serve', options, optionNames)
  const { path, limits = {}, policy = {} } = options
  checkText('path', path)
  if (path === '') throw createError('ERR_ARGUMENT', 'path is empty; name a socket, such as ./nvm')
  checkOptions("serve's limits", limits, limitNames)
  checkOptions("serve's policy", policy, policyNames)
  const { clients = 64, queuePairs = 16, memory = 2 ** 30 } = limits
  const { opcodes, readOnly = false, namespaces = [], administers = false } = policy
  checkInteger('clients', clients, 1, clientsMax)
  checkInteger('queuePairs', queuePairs, 1, 65_535)
  checkBoolean('readOnly', readOnly)
  checkBoolean('administers', administers)
  checkArray('namespaces', namespaces)
  for (const id of namespaces) checkInteger('a namespace', id, 1, namespaceIdMax)
  if (opcodes !== undefined) checkOpcodes(opcodes)
  const memoryBytes = parseSize(memory)
  const outcome = await binding().shareController(controller, {
    path,
    clients,
    queuePairs,
    memoryBytes,
    opcodes: opcodes?.map((name) => ({ opcode: codeOf('nvm_opcode', name) })) ?? [],
    readOnly,
    administers,
    namespaces: namespaces.map((id) => ({ id })),
  })
  const shared = unwrap(outcome)
  return new ControllerServer(shared.handle, shared.path, closed)
}

function checkOpcodes(opcodes: readonly CodeName<'nvm_opcode'>[]): void {
  checkArray('opcodes', opcodes)
  if (opcodes.length === 0) throw createError('ERR_ARGUMENT', 'opcodes has none; leave it out: all')
  for (const name of opcodes) checkName('an opcode', name, Object.keys(nvme.codes.nvm_opcode))
}

/**
 * Who shares the controller that is served at `path`. Asking makes nobody a client.
 * @param path of the socket of `controller.serve()`, or of `peernvm serve --socket`
 * @throws NvmError ERR_TARGET when no manager of a controller serves there; ERR_ARGUMENT
 * @category Sharing
 */
export async function readSharing(path: string): Promise<SharingStatus> {
  checkText('path', path)
  const { address, clients } = unwrap(await binding().readSharing(path))
  return {
    address,
    clients: clients.map(({ ioCommands, connectedNs, ...client }) => ({
      ...client,
      ioCommands: ioCommands < 0 ? undefined : ioCommands,
      connectedSeconds: connectedNs / 1e9,
    })),
  }
}
