// SPDX-License-Identifier: MIT
// The long stress of sharing. `npm run stress -- --kills N --save FILE`: clients are killed;
// `npm run stress -- --managers N --save FILE`: managers are.
import { parseArgs } from 'node:util'
import { saveResult } from '../../benchmarks/shared/result.ts'
import { killClasses } from './client.ts'
import { runManagersStress } from './managers.ts'
import { runStress } from './stress.ts'
import { progressLine, summarise, summariseManagers, summaryText } from './summary.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    managers: { type: 'string' },
    save: { type: 'string' },
  },
})
if (values.managers !== undefined) await killManagers(Number(values.managers))
else await killClients(Number(values.kills))

async function killManagers(kills: number): Promise<void> {
  if (!Number.isSafeInteger(kills) || kills < 1) refuse(`--managers ${values.managers}`, 1)
  const result = await runManagersStress({
    kills,
    verifiedBetween: 10_000,
    nativeClients: 6,
    nodeClients: 2,
    onKill: (count, verified) => {
      if (count % 10 === 0) console.log(`managers killed ${count}, verified ${verified} blocks`)
    },
  })
  const summary = summariseManagers(result)
  console.log(JSON.stringify(summary, undefined, 2))
  saveResult(values.save, summary)
  const { lost, wrong, leaked, errors } = result
  process.exitCode = lost + wrong + leaked + errors.length === 0 ? 0 : 1
}

function refuse(option: string, least: number): never {
  console.error(`${option}: it is a whole number from ${least} on`)
  process.exit(2)
}

async function killClients(kills: number): Promise<void> {
  if (!Number.isSafeInteger(kills) || kills < killClasses.length) {
    refuse(`--kills ${values.kills}`, killClasses.length)
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
}
