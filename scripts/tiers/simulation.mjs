// SPDX-License-Identifier: MIT
// The driver on the emulator in one thread on a virtual clock (test/simulation), alone, and shared
// by a manager with clients. A failure names the seed that repeats it.
import { join } from 'node:path'
import { root, run, tail } from '../run.mjs'
import { add, noCounts } from './counts.mjs'
import { buildFolder, buildNative } from './native.mjs'

const runs = [
  ['--seeds', '10000'],
  ['--sharing', '--seeds', '1000'],
]
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
  let counts = noCounts()
  for (const args of runs) {
    const outcome = await run(program, args, { timeoutSeconds: runTimeoutSeconds })
    console.log(tail(outcome.output))
    counts = add(counts, { ...noCounts(), ...(outcome.ok ? { passed: 1 } : { failed: 1 }) })
  }
  return counts
}
