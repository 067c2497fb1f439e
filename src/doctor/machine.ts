// SPDX-License-Identifier: MIT
// A machine as the checks see it: files of /proc, /sys and /dev, and what can only be tried out.

import {
  accessSync,
  constants,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
} from 'node:fs'
import { join } from 'node:path'

/** What is tried: each is undefined where it works, else the reason why it does not. */
export interface Trials {
  /** Loading the native part. */
  readonly addon: string | undefined
  /** Writing and reading back a block of an emulated controller. */
  readonly emulator: string | undefined
  /** Memory that can be passed to another process. */
  readonly memfd: string | undefined
  /** Loading the driver library of CUDA. */
  readonly cuda: string | undefined
}

/** Paths are absolute. What is missing or may not be read is as if it were not there. */
export interface Machine {
  /** As `process.version`. */
  readonly nodeVersion: string
  readonly trials: Trials
  /** The text of a file, without white space around it. */
  text(path: string): string | undefined
  /** Names in a folder, in order. */
  list(path: string): string[]
  /** The last part of what a link points to. */
  link(path: string): string | undefined
  /** Where a path leads when all links are followed. */
  real(path: string): string | undefined
  /** This process may read and write it. */
  mayUse(path: string): boolean
}

/** What `read` returns; undefined when it fails. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** The machine whose files are below `root`: this one, unless told otherwise. */
export class FileMachine implements Machine {
  readonly nodeVersion: string
  readonly trials: Trials
  readonly #root: string

  constructor(trials: Trials, { root = '/', nodeVersion = process.version } = {}) {
    this.trials = trials
    this.nodeVersion = nodeVersion
    this.#root = root
  }

  text(path: string): string | undefined {
    return attempt(() => readFileSync(this.#at(path), 'utf8').trim())
  }

  list(path: string): string[] {
    return attempt(() => readdirSync(this.#at(path)).sort()) ?? []
  }

  link(path: string): string | undefined {
    return attempt(() => readlinkSync(this.#at(path)).split('/').at(-1))
  }

  real(path: string): string | undefined {
    const root = realpathSync(this.#root)
    const found = attempt(() => realpathSync(this.#at(path)))
    return found?.slice(root === '/' ? 0 : root.length)
  }

  mayUse(path: string): boolean {
    const access = constants.R_OK | constants.W_OK
    return attempt(() => accessSync(this.#at(path), access) === undefined) ?? false
  }

  #at(path: string): string {
    return join(this.#root, path)
  }
}
