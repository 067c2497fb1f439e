// SPDX-License-Identifier: MIT
// What every benchmark saves: its figures, when they were taken, and on what machine.
import { writeFileSync } from 'node:fs'
import { machineFacts } from '../../src/report/machine-facts.ts'

/** Writes `figures` to `file` as JSON, with the date and the machine's facts; does so if asked. */
export function saveResult(file: string | undefined, figures: object): void {
  if (file === undefined) return
  const result = { date: new Date().toISOString(), facts: machineFacts(), ...figures }
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`)
  console.log(`\nSaved to ${file}`)
}
