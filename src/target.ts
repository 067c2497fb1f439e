// SPDX-License-Identifier: MIT
// What openController is given, checked and made plain for the native side.

import { createError } from './errors.ts'

/** An emulated controller, described. */
export interface EmulatorOptions {
  /** A raw image file; without it the blocks live in memory. */
  readonly image?: string
  /**
   * Bytes, or a number with KiB, MiB, GiB or TiB. An image that does not exist is created with it.
   */
  readonly size?: number | string
  /** Bytes of a block: 512 (default) or 4096. */
  readonly blockSize?: 512 | 4096
  readonly readOnly?: boolean
  /** How long a command takes at least. */
  readonly latencyNs?: number
  /** Bytes per second at most. */
  readonly bandwidth?: number
  /** Serial number, at most 20 characters. */
  readonly serial?: string
}

/** Names a controller for another Worker; can be sent with postMessage. */
export interface ControllerToken {
  readonly kind: 'peernvm-controller'
  readonly id: number
}

/** What can be opened: a path or an address, an emulator's description, another thread's token. */
export type Target = string | { readonly emulator: EmulatorOptions } | ControllerToken

const units: Record<string, number> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }

/** Bytes of a size such as 4096, '64MiB' or '1.5 GiB'. */
export function parseSize(size: number | string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([KMGT])(?:iB)?|B?)$/.exec(String(size).trim())
  const bytes = match === null ? Number.NaN : Number(match[1]) * (units[match[2] ?? ''] as number)
  if (!Number.isSafeInteger(bytes) || bytes <= 0) {
    throw createError(
      'ERR_ARGUMENT',
      `size '${size}' is not a size such as 4096, '64MiB' or '4GiB'`,
    )
  }
  return bytes
}

const optionNames: readonly (keyof EmulatorOptions)[] = [
  'image',
  'size',
  'blockSize',
  'readOnly',
  'latencyNs',
  'bandwidth',
  'serial',
]

/** Refuses what is not an option of the emulator, by name. */
export function checkEmulatorOptions(options: EmulatorOptions): void {
  for (const name of Object.keys(options)) {
    if (optionNames.includes(name as keyof EmulatorOptions)) continue
    throw createError(
      'ERR_ARGUMENT',
      `the emulator has no option '${name}'; it has ${optionNames.join(', ')}`,
    )
  }
  for (const name of ['latencyNs', 'bandwidth'] as const) {
    const value = options[name] ?? 0
    if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) {
      throw createError('ERR_ARGUMENT', `${name} ${value} is not a positive number`)
    }
  }
}
