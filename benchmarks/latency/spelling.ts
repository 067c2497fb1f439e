// SPDX-License-Identifier: MIT
// Which of libnvm's two spellings a command line is in, and what its words mean in the other.

import { createError, NvmError } from '../../src/errors.ts'
import { masterTable } from './master/options.ts'
import { optionTable } from './table.ts'

type Table = Readonly<
  Record<string, { readonly describe: string; readonly alias?: string | readonly string[] }>
>

/** With the letter that master's spelling has for writing, which we take for nothing. */
const masterReadings: Table = { ...masterTable, write: { ...masterTable.write, alias: 'w' } }

/** Whether master's spelling is meant: by name, or by a queue that is described. */
export function isMaster(args: readonly string[]): boolean {
  const text = args.join('\n')
  if (/^--spelling(=|\n)master$/m.test(text)) return true
  if (/^--spelling(=|\n)readme$/m.test(text)) return false
  return /^(--queue|-q)(=|\n)?[a-z]+=/m.test(text)
}

/** What a word of the command line, a letter or a name, stands for in a table. */
function readingIn(table: Table, word: string): string | undefined {
  return Object.entries(table).find(([name, { alias = [] }]) => {
    return name === word || [alias].flat().includes(word)
  })?.[0]
}

/** The words of the command line that mean one thing in each spelling, and not the same. */
function otherReadings(args: readonly string[], isInMaster: boolean): string[] {
  const [here, there]: Table[] = isInMaster
    ? [masterReadings, optionTable]
    : [optionTable, masterReadings]
  const words = args.flatMap((arg) => /^--?([a-z][\w-]*)/i.exec(arg)?.[1] ?? [])
  const [own, other] = isInMaster ? ["master's", "the README's"] : ["the README's", "master's"]
  return [...new Set(words)].flatMap((word) => {
    const dashed = word.length === 1 ? `-${word}` : `--${word}`
    const reading = readingIn(here as Table, word)
    const otherReading = readingIn(there as Table, word)
    if (otherReading === undefined || reading === otherReading) return []
    const ownReading = reading === undefined ? 'nothing' : `--${reading}`
    return [`${dashed} is ${ownReading} in ${own} spelling, --${otherReading} in ${other}`]
  })
}

/**
 * What parsing in one spelling came to.
 * @throws the NvmError of `parse`; where words of the command line mean something else in the other
 *   spelling, it says what
 */
export function explainReadings<T>(
  args: readonly string[],
  isInMaster: boolean,
  parse: () => T,
): T {
  try {
    return parse()
  } catch (error) {
    const readings = otherReadings(args, isInMaster)
    if (!(error instanceof NvmError) || readings.length === 0) throw error
    const chosen = isInMaster
      ? "master's spelling was chosen by --queue with a specification, or by --spelling"
      : "--spelling master, or --queue with a specification, chooses master's"
    const detail = error.message.replace(/^Wrong argument: /, '')
    throw createError('ERR_ARGUMENT', `${detail}\n${readings.join('\n')}\n(${chosen})`)
  }
}
