// SPDX-License-Identifier: MIT
// Finds and loads the addon, or says what was tried and what to do.

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { endianness } from 'node:os'
import { join } from 'node:path'
import { createError } from '../errors.ts'
import { isTraced, onAdminRecords } from '../trace.ts'
import type { Binding } from './binding.ts'
import { packageFolder } from './package-folder.ts'

function checkPlatform(): void {
  const here = `${process.platform} ${process.arch}`
  if (here !== 'linux x64') throw createError('ERR_PLATFORM', `this is ${here}`)
  // The queues are little-endian and typed arrays have the machine's order.
  if (endianness() !== 'LE') throw createError('ERR_PLATFORM', 'this machine is big-endian')
}

function load(): Binding {
  checkPlatform()
  const path =
    process.env.PEERNVM_ADDON ?? join(packageFolder(), 'build', 'Release', 'peernvm.node')
  try {
    return createRequire(import.meta.url)(path) as Binding
  } catch (cause) {
    const reason = existsSync(path) ? (cause as Error).message : 'no such file'
    throw createError('ERR_ADDON', `${path}: ${reason}`, { cause })
  }
}

let loaded: Binding | undefined
let tracesAdmin = false

/** The addon, loaded at the first call. It tells of admin commands while somebody wants to see. */
export function binding(): Binding {
  loaded ??= load()
  if (isTraced() !== tracesAdmin) {
    tracesAdmin = !tracesAdmin
    loaded.traceAdmin(tracesAdmin ? onAdminRecords : undefined)
  }
  return loaded
}
