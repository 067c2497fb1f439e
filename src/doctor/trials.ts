// SPDX-License-Identifier: MIT
// What can only be found out by trying it on this machine.

import { readFileSync } from 'node:fs'
import type { Trials } from './machine.ts'

const reasonOf = (error: unknown): string => (error as Error).message

/** Tries all; it leaves nothing open. */
export async function tryOut(): Promise<Trials> {
  const addon = await tryAddon()
  const works = addon === undefined ? await tryEmulator() : {}
  return { addon, emulator: works.emulator, memfd: works.memfd, cuda: tryCuda() }
}

async function tryAddon(): Promise<string | undefined> {
  const { binding } = await import('../native/load.ts')
  try {
    binding()
    return undefined
  } catch (error) {
    return reasonOf(error)
  }
}

async function tryEmulator(): Promise<Partial<Trials>> {
  const { openController } = await import('../open.ts')
  try {
    const controller = await openController({ emulator: { size: '1MiB' } })
    try {
      const namespace = await controller.namespace(1)
      const written = new Uint8Array(namespace.blockSize).fill(0x5a)
      const read = new Uint8Array(namespace.blockSize)
      await namespace.write({ lba: 0, from: written })
      await namespace.read({ lba: 0, into: read })
      const isSame = Buffer.compare(written, read) === 0
      const memfd = hasMemfd() ? undefined : 'memfd_create does not work'
      return { emulator: isSame ? undefined : 'a block did not come back as written', memfd }
    } finally {
      await controller.close()
    }
  } catch (error) {
    return { emulator: reasonOf(error), memfd: undefined }
  }
}

/** Buffers are memfds where the kernel lets us. */
function hasMemfd(): boolean {
  return /\/memfd:/.test(readFileSync('/proc/self/maps', 'utf8'))
}

/** Node loads addons only, and says so of any other library once it is loaded. */
function tryCuda(): string | undefined {
  try {
    process.dlopen({ exports: {} }, 'libcuda.so.1')
    return undefined
  } catch (error) {
    const reason = reasonOf(error)
    return /did not self-register/.test(reason) ? undefined : reason
  }
}
