// SPDX-License-Identifier: MIT
import type { NvmError } from '../../src/errors.ts'

/** What a promise that is to fail fails with. */
export const failureOf = (promise: Promise<unknown>): Promise<NvmError> =>
  promise.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: NvmError) => error,
  )

/** What `ask` gives; once more, when it was asked before the end of a manager was noticed. */
export const askOfNext = <T>(ask: () => Promise<T>): Promise<T> =>
  ask().catch((error: NvmError) => {
    if (error.code === 'ERR_MANAGER_GONE') return ask()
    throw error
  })
