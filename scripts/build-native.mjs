// SPDX-License-Identifier: MIT
// Builds CMake targets into build/native, the folder that `npm test` uses too.
//   node scripts/build-native.mjs TARGET…
import { tail } from './run.mjs'
import { buildNative } from './tiers/native.mjs'

const targets = process.argv.slice(2)
process.stderr.write(`building ${targets.join(', ')} …\n`)
const problem = await buildNative('native', { targets, timeoutSeconds: 600 })
if (problem !== undefined) {
  process.stderr.write(`${tail(problem)}\n`)
  process.exit(1)
}
