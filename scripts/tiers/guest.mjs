// SPDX-License-Identifier: MIT
// The guest tests: the essential ones with Debian 12's kernel, which CI runs, and the rest of the
// matrix. The two tiers have no test in common.
import { add } from './counts.mjs'
import { runVitest } from './vitest.mjs'

const essential = 'test/guest'
const long = 'test/guest/matrix'

/** @returns {Promise<import('./counts.mjs').Counts>} */
export const guestTier = () =>
  runVitest('guest', essential, {
    timeoutSeconds: 900,
    args: ['--exclude', `${long}/**`],
    env: { PEERNVM_GUEST_SUITE: 'bookworm' },
  })

/** @returns {Promise<import('./counts.mjs').Counts>} */
export async function guestMatrixTier() {
  const bookworm = await runVitest('guest-bookworm', long, {
    timeoutSeconds: 1800,
    args: ['--exclude', `${long}/nvme-cli-tests.test.ts`],
    env: { PEERNVM_GUEST_SUITE: 'bookworm' },
  })
  const backports = await runVitest('guest-backports', essential, {
    timeoutSeconds: 3600,
    env: { PEERNVM_GUEST_SUITE: 'backports' },
  })
  return add(bookworm, backports)
}
