// SPDX-License-Identifier: MIT
// An emulated controller served to other programs: a PCI device over a socket, for virtual machine
// monitors and drivers in user space.

import '../disposable.ts'
import { checkName, checkText } from '../checks.ts'
import { unwrap } from '../errors.ts'
import { makeFolder } from '../make-folder.ts'
import type { EmulatorHandle, ServerHandle } from '../native/binding.ts'
import { binding } from '../native/load.ts'

/**
 * How a controller is served.
 * @category Emulator
 */
export interface ServeOptions {
  /** The folder of the socket, `cntrl` in it; made when it does not exist. */
  readonly vfioUser: string
  /**
   * How clients ring. `trap` (default): by messages, at a cost for each ring and none while idle.
   * `poll`: in a page that they map, which keeps one CPU busy while a client has enabled the
   * controller.
   */
  readonly doorbells?: DoorbellMode
}

/**
 * How the clients of a served controller ring its doorbells.
 * @category Emulator
 */
export type DoorbellMode = (typeof doorbellModes)[number]
export const doorbellModes = ['trap', 'poll'] as const

/** A server serves until it is closed, though nobody holds it. */
const serving = new Set<EmulatorServer>()

/**
 * A controller of an emulator that is being served, as `device.serve()` gives it.
 * @category Emulator
 */
export class EmulatorServer implements AsyncDisposable {
  /** The socket that a client connects to. */
  readonly path: string
  readonly #handle: ServerHandle
  #closing: Promise<void> | undefined

  /** Emulator.serve makes them. @internal */
  constructor(handle: ServerHandle, path: string) {
    serving.add(this)
    this.#handle = handle
    this.path = path
  }

  /** Drops the client and removes the socket. Idempotent. */
  close(): Promise<void> {
    serving.delete(this)
    this.#closing ??= binding()
      .stopServing(this.#handle)
      .then((outcome) => unwrap(outcome))
    return this.#closing
  }

  /** As close(), at the end of an `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** Emulator.serve. One client at a time, until the server is closed. @internal */
export async function serveController(
  emulator: EmulatorHandle,
  controller: number,
  options: ServeOptions,
): Promise<EmulatorServer> {
  const { vfioUser, doorbells = 'trap' } = options
  checkName('doorbells', doorbells, doorbellModes)
  checkText('vfioUser', vfioUser)
  makeFolder(vfioUser)
  const outcome = await binding().serveVfioUser(
    emulator,
    controller,
    vfioUser,
    doorbells === 'poll',
  )
  const { handle, path } = unwrap(outcome)
  return new EmulatorServer(handle, path)
}
