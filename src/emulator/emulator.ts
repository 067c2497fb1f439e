// SPDX-License-Identifier: MIT
// An emulated device of this process: its controllers to open or to serve, its namespaces, its
// counters, faults, and commands that programs add.

import '../disposable.ts'
import { checkInteger, checkOptions, checkTimeoutMs, namesOf } from '../checks.ts'
import { type NvmErrorDetails, unwrap } from '../errors.ts'
import type { ControllerStats, EmulatorHandle } from '../native/binding.ts'
import { binding } from '../native/load.ts'
import { type AddedCommand, addCommand, type CommandHandler } from './commands.ts'
import { type Fault, toNativeFault } from './faults.ts'
import {
  type EmulatorOptions,
  type NamespaceOptions,
  toNativeNamespace,
  toNativeOptions,
} from './options.ts'
import { type EmulatorServer, type ServeOptions, serveController } from './server.ts'

/** A device runs until it is closed, whoever knows it only by what controller() gave. */
const running = new Set<Emulator>()

const saveNames = namesOf<SaveOptions>({ timeoutMs: true })
const serveNames = [...namesOf<ServeOptions>({ vfioUser: true, doorbells: true }), 'controller']

/**
 * A running emulated device, as `startEmulator` gives it.
 * @category Emulator
 */
export class Emulator implements AsyncDisposable {
  /** Its number of controllers. */
  readonly controllers: number
  readonly #handle: EmulatorHandle
  readonly #id: number
  /** Of errors. */
  readonly #details: NvmErrorDetails = { dump: () => this.#dump() }
  #closing: Promise<void> | undefined

  /** StartEmulator makes them. @internal */
  constructor(handle: EmulatorHandle, id: number, controllers: number) {
    running.add(this)
    this.#handle = handle
    this.#id = id
    this.controllers = controllers
  }

  /**
   * What openController opens: `openController(device.controller(0))`. Can be sent to Workers.
   * @param index which controller, from 0; default 0
   * @throws NvmError ERR_RANGE when there is no such controller
   */
  controller(index = 0): EmulatedController {
    checkInteger('controller', index, 0, this.controllers - 1)
    return { kind: 'peernvm-emulated-controller', emulator: this.#id, controller: index }
  }

  /**
   * Serves a controller to other programs as a PCI device (vfio-user), to one at a time.
   * @param options the socket's folder, how doorbells ring, and which `controller`; default 0
   * @throws NvmError ERR_BUSY while it is open in this process or served already; ERR_RANGE,
   * ERR_PERMISSION, ERR_OS, ERR_CLOSED
   */
  async serve(options: ServeOptions & { readonly controller?: number }): Promise<EmulatorServer> {
    checkOptions('serve', options, serveNames)
    const { controller } = this.controller(options.controller)
    return serveController(this.#handle, controller, options)
  }

  /**
   * What each controller has done since the device was started, in the order of their indices.
   * @throws NvmError ERR_CLOSED
   */
  stats(): ControllerStats[] {
    return unwrap(binding().emulatorStats(this.#handle))
  }

  /**
   * Makes things go wrong for the commands that match, from the next one on, reproducibly:
   * `device.inject({ on: { queues: 'io', opcode: 2 }, status: 'unrecovered_read_error' })`.
   * @param fault which commands, and what happens to them
   * @returns what counts how often it happened, and ends it
   * @throws NvmError ERR_ARGUMENT or ERR_RANGE for a fault that could never happen, and for more
   * than 256 of them; ERR_CLOSED
   */
  inject(fault: Fault): InjectedFault {
    const handle = this.#handle
    const id = unwrap(binding().injectFault(handle, toNativeFault(fault)))
    return {
      id,
      hits: () => unwrap(binding().faultHits(handle, id)),
      remove: () => binding().removeFault(handle, id),
    }
  }

  /**
   * Adds a namespace and attaches it to all controllers, which tell their hosts by an event. The
   * device's capacity grows with it, unless it was started with `capacity`.
   * @param options its size, which must be given, and its format
   * @returns its id
   * @throws NvmError ERR_ARGUMENT; ERR_RANGE for no whole blocks, or beyond the `capacity` of the
   * device; ERR_NVME_STATUS when there are too many, or its file has no room; ERR_OS; ERR_TIMEOUT;
   * ERR_CLOSED
   */
  async addNamespace(options: NamespaceOptions): Promise<number> {
    const outcome = await binding().addNamespace(this.#handle, toNativeNamespace(options))
    return unwrap(outcome, this.#details)
  }

  /**
   * Takes a namespace away as if it was pulled out: commands under way end, its data is gone.
   * @param id namespace identifier, from 1
   * @throws NvmError ERR_ARGUMENT when there is none with this id; ERR_RANGE, ERR_CLOSED
   */
  async removeNamespace(id: number): Promise<void> {
    checkInteger('the namespace id', id, 1, 0xfffffffe)
    unwrap(await binding().removeNamespace(this.#handle, id), this.#details)
  }

  /**
   * Executes I/O commands with this opcode in JavaScript, for a vendor command or an experiment.
   * They stay defined until the device is closed.
   * @param opcode 0 to 255; its bits 1:0 say which way the data goes
   * @param command its name, and how much data it has
   * @param handler executes it; several commands may be under way at once
   * @throws NvmError ERR_ARGUMENT when the opcode has a command already; ERR_RANGE, ERR_CLOSED
   */
  onCommand(opcode: number, command: AddedCommand, handler: CommandHandler): void {
    addCommand(this.#handle, opcode, command, handler)
  }

  /**
   * The device as bytes, of one moment between commands: identity, limits, namespaces, counters,
   * logs, saved features and, when it lives in memory, its data (at most 2 GiB that are not zero).
   * `startEmulator({ load: bytes })` makes it again, in any process. Commands under way come to
   * their end first, new ones wait meanwhile; afterwards the device goes on.
   * @param options how long that may take
   * @throws NvmError ERR_TIMEOUT when commands do not end in time; ERR_RANGE for too much data;
   * ERR_CLOSED
   */
  async save(options: SaveOptions = {}): Promise<Uint8Array> {
    checkOptions('save', options, saveNames)
    const { timeoutMs = 10_000 } = options
    checkTimeoutMs(timeoutMs)
    const outcome = await binding().saveEmulator(this.#handle, timeoutMs)
    return new Uint8Array(unwrap(outcome, this.#details))
  }

  /** What its controllers have done, as text. */
  #dump(): string {
    const ofController = (stats: ControllerStats, index: number): string => {
      const counts = Object.entries<number>({ ...stats }).filter(([, count]) => count !== 0)
      return `Controller ${index}: ${counts.map(([name, count]) => `${name} ${count}`).join(', ')}`
    }
    return this.stats().map(ofController).join('\n')
  }

  /** Lets the device go; it ends when its last open controller and server have. Idempotent. */
  close(): Promise<void> {
    running.delete(this)
    this.#closing ??= binding()
      .closeEmulator(this.#handle)
      .then((outcome) => unwrap(outcome))
    return this.#closing
  }

  /** As close(), at the end of an `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/**
 * Names one controller of an emulated device for openController, in any thread. It keeps nothing
 * alive.
 * @category Emulator
 */
export interface EmulatedController {
  /** By which openController knows it. */
  readonly kind: 'peernvm-emulated-controller'
  /** Number of the device in this process. */
  readonly emulator: number
  /** Its index in the device. */
  readonly controller: number
}

/**
 * A fault that was injected, as `device.inject()` gives it.
 * @category Emulator: faults
 */
export interface InjectedFault {
  /** Counted from 1; never used again by this device. */
  readonly id: number
  /** How many commands it has befallen. */
  hits(): number
  /** It befalls nothing from now on. Idempotent. */
  remove(): void
}

/**
 * How a device is saved.
 * @category Emulator
 */
export interface SaveOptions {
  /** Milliseconds that commands under way may take to end, above 0; default 10 000. */
  readonly timeoutMs?: number
}

/**
 * Starts an emulated device: `await using device = await startEmulator({ size: '4GiB' })`. It runs
 * until it, its controllers and its servers are closed.
 * @param options where its blocks are, its namespaces, timing, identity and limits; without them
 * one namespace of 1 GiB in memory
 * @throws NvmError ERR_ARGUMENT, ERR_RANGE, ERR_IMAGE, ERR_PERMISSION, ERR_MEMORY; ERR_STATE (what
 * is beside the image, or was saved, cannot be used); ERR_BUSY (another process has the image)
 * @category Emulator
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const { handle, id, controllers } = unwrap(
    await binding().startEmulator(toNativeOptions(options)),
  )
  return new Emulator(handle, id, controllers)
}
