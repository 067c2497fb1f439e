// SPDX-License-Identifier: MIT
// Deliberate bugs, each behind a build option (cmake -DNVM_CANARY=…): a tier that does not catch
// them proves nothing. For each, the library is built with the bug and the named test program must
// fail in a named test case or seed.
import { join } from 'node:path'
import { root, run, tail } from '../run.mjs'
import { add, failedDoctestCases, noCounts } from './counts.mjs'
import { buildNative, doctestIsMissing, hasDoctest } from './native.mjs'
import { failedSeeds } from './simulation.mjs'

const canaries = [
  { name: 'phase', program: 'driver_test', what: 'the phase tag never flips' },
  { name: 'phase', program: 'simulation', what: 'the phase tag never flips' },
  { name: 'prp2', program: 'memory_test', what: 'PRP2 is off by one page' },
  { name: 'prp2', program: 'simulation', what: 'PRP2 is off by one page' },
  {
    name: 'missing-barrier',
    program: 'emulator_test',
    what: 'the phase tag is seen before its entry',
  },
  { name: 'flush-no-op', program: 'emulator_test', what: 'flush does nothing' },
  { name: 'flush-no-op', program: 'simulation', what: 'flush does nothing' },
  {
    name: 'dead-queue-kept',
    program: 'rpc_test',
    only: "dead client's queue kept*",
    what: "a dead client's queue is kept",
  },
  {
    name: 'dead-queue-kept',
    program: 'simulation',
    sharing: true,
    what: "a dead client's queue is kept",
  },
  {
    name: 'early-free',
    program: 'rpc_test',
    only: 'memory stays mapped*',
    what: 'memory of a client is let go of too early',
  },
  {
    name: 'early-free',
    program: 'simulation',
    sharing: true,
    what: 'memory of a client is let go of too early',
  },
]

/** How a program is run, and what its output says that it has found. */
const programs = {
  doctest: { args: ['--no-colors'], findings: failedDoctestCases },
  simulation: { args: ['--seeds', '2000'], findings: failedSeeds },
}

// One folder for all of them: only what the canary is in is built anew for the next. The flags, and
// the folder's depth, are those of the plain build, so that ccache has the rest.
const folder = 'build-canary'
const buildTimeoutSeconds = 600
const runTimeoutSeconds = 120

// `only`: no other test cases, where others would wait for what never comes. `sharing`: of a
// simulation, the seeds of that.
async function mustBeCaught({ name, program, only, sharing = false, what }) {
  const problem = await buildNative(folder, {
    definitions: [`NVM_CANARY=${name}`],
    targets: [program],
    timeoutSeconds: buildTimeoutSeconds,
  })
  if (problem !== undefined) {
    console.error(`  ${name}: it does not build\n${tail(problem)}`)
    return { ...noCounts(), failed: 1 }
  }
  const path = join(root, folder, 'bin', program)
  const { args, findings } = programs[program] ?? programs.doctest
  const chosen = [
    ...args,
    ...(sharing ? ['--sharing'] : []),
    ...(only === undefined ? [] : [`--test-case=${only}`]),
  ]
  const outcome = await run(path, chosen, { timeoutSeconds: runTimeoutSeconds })
  const cases = findings(outcome.output)
  if (outcome.ok || cases.length === 0) {
    console.error(`  ${name} (${what}): NOT CAUGHT by ${program}\n${tail(outcome.output, 12)}`)
    return { ...noCounts(), failed: 1 }
  }
  console.log(`  ${name} (${what}): caught by ${program}: ${cases.join('; ')}`)
  return { ...noCounts(), passed: 1 }
}

/** @returns {Promise<import('./counts.mjs').Counts>} */
export async function canaryTier() {
  if (!(await hasDoctest())) return { ...noCounts(), skips: [`canaries: ${doctestIsMissing}`] }
  let counts = noCounts()
  for (const canary of canaries) counts = add(counts, await mustBeCaught(canary))
  return counts
}
