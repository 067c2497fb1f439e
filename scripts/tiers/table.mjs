// SPDX-License-Identifier: MIT
// The tiers of tests, in the order in which they run: what each is, and how to get it.
import { canaryTier } from './canaries.mjs'
import { fuzzTier } from './fuzz.mjs'
import { guestMatrixTier, guestTier } from './guest.mjs'
import { nativeTier } from './native.mjs'
import { asanTier, tsanTier } from './sanitizers.mjs'
import { simulationTier } from './simulation.mjs'
import { runVitest } from './vitest.mjs'

/**
 * @typedef {object} Tier
 * @property {string} name
 * @property {boolean} usual   part of plain `npm test`
 * @property {string} how      how to get it, where it is not
 * @property {() => Promise<import('./counts.mjs').Counts>} run
 */

const vitestTier = (name, timeoutSeconds) => ({
  name,
  usual: true,
  how: `npm test -- ${name}`,
  run: () => runVitest(name, `test/${name}`, { timeoutSeconds }),
})

/** @type {Tier[]} */
export const tiers = [
  vitestTier('tidy', 60),
  { name: 'native', usual: true, how: 'npm test -- native', run: nativeTier },
  { name: 'simulation', usual: true, how: 'npm test -- simulation', run: simulationTier },
  vitestTier('unit', 180),
  vitestTier('contract', 180),
  vitestTier('system', 450),
  { name: 'asan', usual: false, how: 'npm run test:asan', run: asanTier },
  { name: 'tsan', usual: false, how: 'npm run test:tsan', run: tsanTier },
  { name: 'canaries', usual: false, how: 'npm run test:canaries', run: canaryTier },
  { name: 'fuzz', usual: false, how: 'npm test -- fuzz, where there is clang-19', run: fuzzTier },
  {
    name: 'guest',
    usual: false,
    how: 'npm test -- guest; it fetches QEMU and a kernel from the Debian mirror into a cache',
    run: guestTier,
  },
  {
    name: 'guest-matrix',
    usual: false,
    how: 'npm test -- guest-matrix; a newer kernel, too, and what takes long',
    run: guestMatrixTier,
  },
  { ...vitestTier('gpu', 300), usual: false, how: 'npm test -- gpu, where there is an NVIDIA GPU' },
]
