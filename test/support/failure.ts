// SPDX-License-Identifier: MIT
import { setImmediate } from 'node:timers/promises'
import type { NvmError } from '../../src/errors.ts'

const hearsWithinMs = 5_000

/** What a promise that is to fail fails with. */
export const failureOf = (promise: Promise<unknown>): Promise<NvmError> =>
  promise.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: NvmError) => error,
  )

/**
 * What `ask` gives of the manager that comes next. It fails with ERR_MANAGER_GONE as long as this
 * process has not heard of the end of the one before, however often it asks.
 */
export async function askOfNext<T>(ask: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + hearsWithinMs
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      const isEarly = (error as NvmError).code === 'ERR_MANAGER_GONE'
      if (!isEarly || performance.now() > deadline) throw error
      await setImmediate()
    }
  }
}
