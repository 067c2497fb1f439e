// SPDX-License-Identifier: MIT
// Builds CMake targets in build/, beside the addon.
//   node scripts/build-native.mjs TARGET…
import { takeLock } from './lock.mjs'
import { tail } from './run.mjs'
import { buildFolder, buildNative } from './tiers/native.mjs'

const targets = process.argv.slice(2)
process.stderr.write(`building ${targets.join(', ')} …\n`)
await takeLock('build', (pid) => process.stderr.write(`waiting for process ${pid} …\n`))
const problem = await buildNative(buildFolder, { targets, timeoutSeconds: 600 })
if (problem !== undefined) {
  process.stderr.write(`${tail(problem)}\n`)
  process.exit(1)
}
process.exit(0)
