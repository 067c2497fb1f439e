// SPDX-License-Identifier: MIT
// An emulated controller served to other programs: a PCI device over a socket, for virtual machine
// monitors and drivers in user space.

import './disposable.ts'
import { mkdirSync } from 'node:fs'
import { unwrap } from './errors.ts'
import type { ServerHandle } from './native/binding.ts'
import { binding } from './native/load.ts'
import { checkEmulatorOptions, type EmulatorOptions, parseSize } from './target.ts'

export interface ServeOptions {
  /** The folder of the socket, `cntrl` in it; made when it does not exist. */
  readonly vfioUser: string
}

/** An emulator that is being served. */
export class EmulatorServer implements AsyncDisposable {
  /** What a client connects to. */
  readonly path: string
  readonly #handle: ServerHandle
  #closing: Promise<void> | undefined

  /** Internal: serveEmulator makes them. */
  constructor(handle: ServerHandle, path: string) {
    this.#handle = handle
    this.path = path
  }

  /** Drops the client and removes the socket. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= binding()
      .stopServing(this.#handle)
      .then((outcome) => unwrap(outcome))
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** Serves an emulator, to one client at a time, until the server is closed. */
export async function serveEmulator(
  emulator: Omit<EmulatorOptions, 'latencyNs' | 'bandwidth' | 'serial'>,
  options: ServeOptions,
): Promise<EmulatorServer> {
  checkEmulatorOptions(emulator)
  const { image = '', size, blockSize = 512, readOnly = false } = emulator
  const byteLength = size === undefined ? 0 : parseSize(size)
  mkdirSync(options.vfioUser, { recursive: true })
  const outcome = await binding().serveVfioUser(
    image,
    byteLength,
    blockSize,
    readOnly,
    options.vfioUser,
  )
  const { handle, path } = unwrap(outcome)
  return new EmulatorServer(handle, path)
}
