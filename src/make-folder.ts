// SPDX-License-Identifier: MIT
// Makes folders for sockets and results.

import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { createSystemError } from './errors.ts'

/**
 * Makes a folder, and those above it that are missing. Node's recursive mkdir never ends where a
 * file system says of a new folder that there is none above, as /proc does.
 * @throws NvmError what the file system refuses
 */
export function makeFolder(path: string): void {
  try {
    make(path)
  } catch (cause) {
    throw createSystemError(cause)
  }
}

function make(path: string): void {
  try {
    mkdirSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && statSync(path).isDirectory()) return
    const above = dirname(path)
    if (code !== 'ENOENT' || existsSync(above)) throw error
    make(above)
    mkdirSync(path)
  }
}
