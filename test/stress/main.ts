// SPDX-License-Identifier: MIT
// The long stress of sharing. `npm run stress -- --kills N --save FILE`.
import { parseArgs } from 'node:util'
import { saveResult } from '../../benchmarks/shared/result.ts'
import { killClasses } from './client.ts'
import { runStress } from './stress.ts'
import { progressLine, summarise, summaryText } from './summary.ts'

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '1000' }, save: { type: 'string' } },
})
const kills = Number(values.kills)
if (!Number.isSafeInteger(kills) || kills < killClasses.length) {
  console.error(`--kills ${values.kills}: it is a whole number from ${killClasses.length} on`)
  process.exit(2)
}
let shown = 0
const result = await runStress({
  kills,
  killsOfClass: Math.min(20, Math.floor(kills / killClasses.length)),
  killEveryMs: 200,
  verifiedBefore: 10_000,
  nativeClients: 6,
  nodeClients: 2,
  onProgress: (progress) => {
    if (progress.kills < shown + 50) return
    shown = progress.kills
    console.log(progressLine(progress))
  },
})
const summary = summarise(result)
console.log(summaryText(summary))
saveResult(values.save, summary)
process.exitCode = summary.clean ? 0 : 1
