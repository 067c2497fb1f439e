// SPDX-License-Identifier: MIT
// For how long a client of a controller that another process serves waits for the next manager.

import { checkOptions, checkTimeoutMs, namesOf, show } from './checks.ts'
import { createError } from './errors.ts'

/**
 * For how long a client waits for another manager.
 * @category Controllers
 */
export interface ReconnectOptions {
  /** Milliseconds without a manager, after which everything fails; default 10 000. */
  readonly timeoutMs?: number
}

const timeoutMsByDefault = 10_000
const names = namesOf<ReconnectOptions>({ timeoutMs: true })

/** Milliseconds; 0: not at all. */
export function toReconnectMs(reconnect: boolean | ReconnectOptions): number {
  if (typeof reconnect === 'boolean') return reconnect ? timeoutMsByDefault : 0
  if (typeof reconnect !== 'object' || reconnect === null) {
    const allowed = 'true, false or an object'
    throw createError('ERR_ARGUMENT', `reconnect is ${show(reconnect)}, and not ${allowed}`)
  }
  checkOptions('reconnect', reconnect, names)
  const { timeoutMs = timeoutMsByDefault } = reconnect
  checkTimeoutMs(timeoutMs)
  return Math.ceil(timeoutMs)
}
