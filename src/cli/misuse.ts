// SPDX-License-Identifier: MIT
// What is wrong with a command line, in one line: what yargs says, what it lets pass, and what was
// probably meant.

import { type Command, type GivenValues, UsageError } from './command.ts'

/** Changes of one letter that make one word of another (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, i) => i)
  for (const letter of one) {
    const above = row
    row = [(above[0] ?? 0) + 1]
    for (let i = 1; i <= other.length; i++) {
      const replaced = (above[i - 1] ?? 0) + (letter === other[i - 1] ? 0 : 1)
      row.push(Math.min(replaced, (above[i] ?? 0) + 1, (row[i - 1] ?? 0) + 1))
    }
  }
  return row.at(-1) ?? 0
}

/** `; did you mean …?` where a name is close enough. */
function suggestion(word: string, names: readonly string[]): string {
  const [best] = names
    .map((name) => ({ name, changes: distance(word, name) }))
    .filter(({ name, changes }) => changes <= Math.max(1, Math.floor(name.length / 3)))
    .sort((one, other) => one.changes - other.changes)
  return best === undefined ? '' : `; did you mean ${best.name}?`
}

const wordOf = (command: Command, name: string) =>
  name in command.positionals ? `<${name}>` : `--${name}`

/** The command that `args` name. */
export function commandOf(
  commands: readonly Command[],
  args: readonly string[],
): Command | undefined {
  return commands.find(({ name }) => name === args.find((arg) => !arg.startsWith('-')))
}

/** What yargs says, in our words. */
export function explainMisuse(
  message: string,
  args: readonly string[],
  commands: readonly Command[],
): string {
  const command = commandOf(commands, args)
  const [, unknown] = /^Unknown (?:argument|command)s?: (.*)$/.exec(message) ?? []
  if (unknown !== undefined) {
    const [word = ''] = unknown.split(', ')
    if (command !== undefined && args.includes(word)) return `${word} is one word too many`
    return explainUnknown(word, command, commands)
  }
  if (command === undefined) {
    return `which command? One of ${commands.map(({ name }) => name).join(', ')}`
  }
  if (/^Not enough non-option arguments/.test(message)) {
    const missing = Object.entries(command.positionals).find(([, { demandOption }]) => demandOption)
    const { describe, choices } = missing?.[1] ?? {}
    const values = choices === undefined ? '' : ` (${choices.join(', ')})`
    return `${command.name} needs <${missing?.[0]}>: ${describe}${values}`
  }
  const [, required] = /^Missing required arguments?: ([^,]*)/.exec(message) ?? []
  if (required !== undefined) {
    return `--${required} is missing: ${command.options[required]?.describe}`
  }
  const [, empty] = /^Not enough arguments following: (\S+)/.exec(message) ?? []
  if (empty !== undefined) return `${empty.length === 1 ? '-' : '--'}${empty} needs a value`
  const [, name, given = ''] =
    /^ *Argument: ([^,]+), Given: "?(.*?)"?, Choices:/m.exec(message) ?? []
  if (name === undefined) return message
  const { choices = [] } = command.positionals[name] ?? command.options[name] ?? {}
  const values = choices.map(String)
  const wanted = `${wordOf(command, name)} is one of ${values.join(', ')}, and not '${given}'`
  return `${wanted}${suggestion(given, values)}`
}

function explainUnknown(
  word: string,
  command: Command | undefined,
  commands: readonly Command[],
): string {
  if (command === undefined) {
    const names = commands.map(({ name }) => name)
    return `there is no command ${word}${suggestion(word, names)}`
  }
  const dashes = word.length === 1 ? '-' : '--'
  const names = Object.keys(command.options).map((name) => `--${name}`)
  const close = suggestion(`--${word}`, names)
  return `${command.name} takes no ${dashes}${word}${close}`
}

/**
 * Refuses numbers that are none, or not whole, and options that are there twice, of which yargs
 * makes NaN and lists; and what is empty, such as a variable of a script that is not set.
 */
export function refuseMisuse({ positionals, options }: Command, given: GivenValues): void {
  for (const [name, { describe }] of Object.entries(positionals)) {
    if (given[name] === '') throw new UsageError(`<${name}> is empty; it is: ${describe}`)
  }
  for (const [name, option] of Object.entries(options)) {
    const value = given[name]
    if (Array.isArray(value) && option.array !== true)
      throw new UsageError(`--${name} is there twice`)
    if ([value].flat().includes('')) throw new UsageError(`--${name} is empty`)
    if (option.type !== 'number' || value === undefined) continue
    const isFraction = option.isFraction === true
    if (isFraction ? Number.isFinite(value) : Number.isSafeInteger(value)) continue
    throw new UsageError(`--${name} takes a ${isFraction ? '' : 'whole '}number`)
  }
}
