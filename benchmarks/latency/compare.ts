// SPDX-License-Identifier: MIT
// `nvm-latency-bench compare FIRST.json SECOND.json`: two results as a table, a page, figures.

import yargs from 'yargs'
import { createError } from '../../src/errors.ts'
import { readResult } from '../../src/report/json.ts'
import { prepareFolder, refuseUnwritable, writeComparison } from '../../src/report/outputs.ts'

const text = { type: 'string', requiresArg: true } as const

/**
 * Compares what the arguments name, and writes what they ask for.
 * @param args what follows `compare`
 * @returns the comparison as a table
 * @throws NvmError ERR_ARGUMENT; what the file system refuses
 */
export function compare(args: readonly string[]): string {
  const {
    _: files,
    report,
    svg,
  } = yargs([...args])
    .scriptName('nvm-latency-bench compare')
    .usage('$0 FIRST.json SECOND.json [--report FILE] [--svg FOLDER]')
    .options({
      report: { ...text, describe: 'a page of HTML with both' },
      svg: { ...text, describe: 'a folder for the figures' },
    })
    .strictOptions()
    .version(false)
    .fail((message, error) => {
      throw createError('ERR_ARGUMENT', message ?? error?.message)
    })
    .parseSync()
  const [first, second, ...more] = files.map(String)
  if (first === undefined || second === undefined || more.length > 0) {
    throw createError('ERR_ARGUMENT', 'compare takes two files that --json wrote')
  }
  refuseUnwritable([report])
  prepareFolder(svg)
  return writeComparison(readResult(first), readResult(second), { report, svg })
}
