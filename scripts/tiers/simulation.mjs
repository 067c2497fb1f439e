// SPDX-License-Identifier: MIT
// The driver on the emulator in one thread on a virtual clock (test/simulation). A failure names
// the seed that repeats it.
import { join } from 'node:path'
import { root, run, tail } from '../run.mjs'
import { noCounts } from './counts.mjs'
import { buildFolder, buildNative } from './native.mjs'

const seedCount = 10_000
const buildTimeoutSeconds = 900
const runTimeoutSeconds = 300

/** The seeds that a run reported as failed, with what was wrong. */
export const failedSeeds = (output) =>
  [...output.matchAll(/^seed \d+ failed: .*$/gm)].map(([line]) => line)

/** @returns {Promise<import('./counts.mjs').Counts>} */
export async function simulationTier() {
  const problem = await buildNative(buildFolder, {
    targets: ['simulation'],
    timeoutSeconds: buildTimeoutSeconds,
  })
  if (problem !== undefined) {
    console.error(tail(problem))
    return { ...noCounts(), failed: 1 }
  }
  const program = join(root, buildFolder, 'bin', 'simulation')
  const outcome = await run(program, ['--seeds', String(seedCount)], {
    timeoutSeconds: runTimeoutSeconds,
  })
  console.log(tail(outcome.output))
  return { ...noCounts(), ...(outcome.ok ? { passed: 1 } : { failed: 1 }) }
}
