// SPDX-License-Identifier: MIT
// The command line of the benchmarks that measure in rounds.
import { parseArgs } from 'node:util'

export interface RunOptions {
  rounds: number
  /** How long each cell is measured in a round. */
  milliseconds: number
  /** File for the result as JSON. */
  save: string | undefined
}

/** `--rounds N`, `--milliseconds N`, `--save FILE`; throws on anything else. */
export function parseRunOptions(
  args: readonly string[],
  defaults: { readonly rounds: number; readonly milliseconds: number },
): RunOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: String(defaults.rounds) },
      milliseconds: { type: 'string', default: String(defaults.milliseconds) },
      save: { type: 'string' },
    },
  })
  return {
    rounds: positiveInteger('--rounds', values.rounds),
    milliseconds: positiveInteger('--milliseconds', values.milliseconds),
    save: values.save,
  }
}

function positiveInteger(name: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new Error(`${name} ${text}: it is a whole number from 1 on`)
}
