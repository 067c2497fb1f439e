// SPDX-License-Identifier: MIT
// The file of `peernvm serve --state`: a device between two managers. While one serves, what it
// began with lies beside it as `FILE.before`, and only what it saves takes the file's place again.

import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { NvmError } from '../errors.ts'

/** What one call of the operating system surely takes: 2 GiB are more than Node passes on. */
const pieceBytes = 2 ** 28

export class StateFile {
  readonly path: string
  readonly #part: string
  readonly #before: string
  #isAside = false
  /** Somebody may write to the device, which has to be saved at the end. */
  isServed = false

  constructor(path: string) {
    this.path = path
    this.#part = `${path}.part`
    this.#before = `${path}.before`
  }

  /** What it holds; undefined without one. Finds out before anything is opened what would fail. */
  read(): Uint8Array | undefined {
    const isThere = existsSync(this.path)
    if (isThere && !statSync(this.path).isFile()) {
      throw failure(`${this.path} is no file`, 'Give --state a file, which need not exist yet.')
    }
    this.#tryWriting()
    if (isThere) return readWhole(this.path)
    if (existsSync(this.#before)) {
      console.error(
        `peernvm: ${this.path} was not saved at the last end; this device begins anew\n` +
          `  ${this.#before} is what that one began with, and its clients wrote since: to go on\n` +
          `  from there nevertheless, close all clients, then rename it to ${this.path}.`,
      )
    }
    return undefined
  }

  /** Before the device is served: after a crash it would be blocks of before. */
  setAside(): void {
    this.isServed = true
    if (!existsSync(this.path)) return
    renameSync(this.path, this.#before)
    this.#isAside = true
  }

  /** The device was not served after all. */
  putBack(): void {
    if (this.#isAside) renameSync(this.#before, this.path)
    this.#isAside = false
    this.isServed = false
  }

  /** Whole, or not at all. */
  async save(bytes: () => Promise<Uint8Array>): Promise<void> {
    try {
      writeWhole(this.#part, await bytes())
      renameSync(this.#part, this.path)
      syncFolder(dirname(this.path))
    } catch (cause) {
      rmSync(this.#part, { force: true })
      throw failure(`${this.path} could not be saved: ${textOf(cause)}`, this.#loss(), cause)
    }
    if (this.#isAside) rmSync(this.#before, { force: true })
  }

  #loss(): string {
    const next = 'Make room for it, or name another file with --state, before the next begins'
    if (!this.#isAside) return `What was in memory is lost. ${next}.`
    return `What was written is lost; what it began with is ${this.#before}. ${next}.`
  }

  #tryWriting(): void {
    const probe = `${this.path}.${process.pid}.probe`
    try {
      closeSync(openSync(probe, 'w'))
      rmSync(probe)
    } catch (cause) {
      const folder = dirname(this.path)
      throw failure(
        `nothing can be saved in the folder ${folder}: ${textOf(cause)}`,
        existsSync(folder)
          ? 'Allow this user to write there, or name a file elsewhere with --state.'
          : `Make the folder (mkdir -p ${folder}), or name a file elsewhere with --state.`,
        cause,
      )
    }
  }
}

function failure(message: string, fix: string, cause?: unknown): NvmError {
  return new NvmError('ERR_STATE', message, fix, { cause })
}

/** The image that a saved device needs has gone. */
export function missingImage(image: string, state: string): NvmError {
  return failure(
    `the image of the state that is saved in ${state} is missing: ${image}`,
    `Put the image back; to begin with a new one, move ${state} away.`,
  )
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

/** Of any size. */
export function readWhole(path: string): Uint8Array {
  const file = openSync(path, 'r')
  try {
    const bytes = new Uint8Array(fstatSync(file).size)
    for (let at = 0; at < bytes.length; ) {
      const length = Math.min(pieceBytes, bytes.length - at)
      const count = readSync(file, bytes, at, length, at)
      if (count === 0) throw failure(`${path} became shorter`, 'Let nobody else write to it.')
      at += count
    }
    return bytes
  } finally {
    closeSync(file)
  }
}

/** Renames in it are on the disk when this returns. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Of any size; it is on the disk when this returns. */
export function writeWhole(path: string, bytes: Uint8Array): void {
  const file = openSync(path, 'w')
  try {
    for (let at = 0; at < bytes.length; ) {
      at += writeSync(file, bytes, at, Math.min(pieceBytes, bytes.length - at))
    }
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
