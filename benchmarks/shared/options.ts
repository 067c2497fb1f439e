// SPDX-License-Identifier: MIT
// The command line of the benchmarks that npm runs by name.
import { parseArgs } from 'node:util'
import type { NvmError } from '../../src/errors.ts'
import { refuseUnwritable } from '../../src/report/outputs.ts'

/** What a benchmark lets be chosen beside where its result goes. */
export interface Counts {
  readonly rounds?: number
  /** How long each cell is measured in a round. */
  readonly milliseconds?: number
}

const described: Readonly<Record<keyof Counts, string>> = {
  rounds: 'times that everything is measured',
  milliseconds: 'of each measurement',
}

/**
 * The options of the command line; ends the process after `--help`, and where one is wrong.
 * @param script its name in package.json
 * @param defaults an option for each
 */
export function readRunOptions<const Defaults extends Counts>(script: string, defaults: Defaults) {
  const args = process.argv.slice(2)
  if (args.includes('--help')) {
    console.log(usageOf(script, defaults))
    process.exit(0)
  }
  try {
    const options = parseRunOptions(args, defaults)
    refuseUnwritable([options.save])
    endUnread(options.save)
    return options
  } catch (error) {
    const { fix, message } = error as Partial<NvmError> & Error
    console.error(`${message}\n${fix ?? usageOf(script, defaults)}`)
    process.exit(2)
  }
}

/** When nobody reads what is printed any more, there is nothing to measure for but a result. */
function endUnread(save: string | undefined): void {
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code !== 'EPIPE') console.error(`standard output: ${message}`)
    if (save === undefined) process.exit(1)
  })
}

/** Such as `--rounds N`, and `--save FILE`; throws on anything else. */
export function parseRunOptions<const Defaults extends Counts>(
  args: readonly string[],
  defaults: Defaults,
): { readonly [Name in keyof Defaults]: number } & { readonly save: string | undefined } {
  const names = Object.keys(defaults)
  const { values } = parseArgs({
    args: [...args],
    options: Object.fromEntries([...names, 'save'].map((name) => [name, { type: 'string' }])),
  })
  const counts = Object.entries(defaults).map(([name, byDefault]) => {
    return [name, positiveInteger(`--${name}`, String(values[name] ?? byDefault))]
  })
  return { ...Object.fromEntries(counts), save: values.save }
}

function usageOf(script: string, defaults: Counts): string {
  const counts = Object.entries(defaults).map(([name, byDefault]) => {
    const option = `--${name} N`.padEnd(18)
    return `  ${option} ${described[name as keyof Counts]} (${byDefault})`
  })
  const save = `  ${'--save FILE'.padEnd(18)} where the result goes as JSON, with the machine's facts`
  return [`Usage: npm run ${script} -- [options]`, ...counts, save].join('\n')
}

function positiveInteger(name: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new Error(`${name} ${text}: it is a whole number from 1 on`)
}
