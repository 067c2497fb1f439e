// SPDX-License-Identifier: MIT
// Eight processes share one controller, six in C++ and two in Node; every 200 ms one of them is
// killed, and replaced by another. Each writes blocks of its own and reads them back.
//   npm run demo:kill -- [--kills N]
import { parseArgs } from 'node:util'
import { type Progress, runStress } from '../../test/stress/stress.ts'
import { progressLine, summarise } from '../../test/stress/summary.ts'

const { values } = parseArgs({ options: { kills: { type: 'string', default: '100' } } })

/** On a terminal one line that is written again and again; elsewhere nothing. */
function show(progress: Progress): void {
  if (process.stdout.isTTY) process.stdout.write(`\r${progressLine(progress)}\x1b[K`)
}

console.log('6 processes in C++ and 2 in Node share one controller; one is killed every 200 ms …')
const result = await runStress({
  kills: Number(values.kills),
  killsOfClass: 0,
  killEveryMs: 200,
  verifiedBefore: 10_000,
  nativeClients: 6,
  nodeClients: 2,
  onProgress: show,
})
show(result)
if (process.stdout.isTTY) console.log()
else console.log(progressLine(result))
const { clean, errors, reclaimMs } = summarise(result)
for (const error of errors) console.error(error)
console.log(
  `what the dead had was taken back after ${reclaimMs.median.toFixed(1)} ms, at most ${reclaimMs.max.toFixed(1)}; ${errors.length} errors in the others`,
)
process.exitCode = clean ? 0 : 1
