// SPDX-License-Identifier: MIT
import type { NvmError } from '../../src/errors.ts'

/** What a promise that is to fail fails with. */
export const failureOf = (promise: Promise<unknown>): Promise<NvmError> =>
  promise.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: NvmError) => error,
  )
