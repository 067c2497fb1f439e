// SPDX-License-Identifier: MIT
// What this process sees of its system: files of /proc, /sys, /run and /dev.

import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'

/** Paths are absolute. What is missing or may not be read is as if it were not there. */
export interface SystemFiles {
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
  /**
   * Whether the kernel has given a block device to somebody for himself: a mount in any namespace,
   * swap, a pool, another block device. Undefined where this process may not ask.
   */
  isClaimed(path: string): boolean | undefined
}

/** What `read` returns; undefined when it fails. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** The files below `root`: those of this machine, unless told otherwise. */
export class RealFiles implements SystemFiles {
  readonly #root: string

  constructor(root = '/') {
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

  isClaimed(path: string): boolean | undefined {
    const at = this.#at(path)
    if (attempt(() => statSync(at).isBlockDevice()) !== true) return undefined
    try {
      // Without O_CREAT, O_EXCL asks for a block device for oneself (open(2)).
      closeSync(openSync(at, constants.O_RDONLY | constants.O_EXCL | constants.O_NONBLOCK))
      return false
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EBUSY' ? true : undefined
    }
  }

  #at(path: string): string {
    return join(this.#root, path)
  }
}
