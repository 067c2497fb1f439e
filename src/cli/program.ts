// SPDX-License-Identifier: MIT
// What `peernvm` does with its arguments. Commands load what they need when they run, so that
// --help is quick.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import yargs, { type Argv } from 'yargs'
import { packageFolder } from '../native/package-folder.ts'
import { type Command, exitCodes, UsageError, usageOf } from './command.ts'
import { commands } from './commands.ts'
import { fixFor } from './fixes.ts'
import { commandOf, explainMisuse, refuseMisuse } from './misuse.ts'
import { joined, write } from './write.ts'

/** Runs a command, reports what goes wrong, and leaves the exit code in `process.exitCode`. */
export async function runProgram(args: readonly string[]): Promise<void> {
  if (args[0] === '--complete') {
    // What the scripts of `peernvm completion` ask.
    const { complete } = await import('./completion.ts')
    await write(joined(await complete(args.slice(1))))
    return
  }
  await parse(args).catch((error) => report(error, commandOf(commands, args)))
}

async function parse(args: readonly string[]): Promise<void> {
  const program = yargs([...args])
    .scriptName('peernvm')
    .detectLocale(false)
  for (const command of commands) add(program, command)
  await program
    .demandCommand(1)
    .strict()
    .version(version())
    .fail((message, error) => {
      const isOurs = error !== undefined && error.name !== 'YError'
      throw isOurs ? error : new UsageError(explainMisuse(message, args, commands))
    })
    .parseAsync()
}

function add(program: Argv, command: Command): void {
  program.command(
    usageOf(command),
    command.describe,
    (of) => {
      for (const [name, option] of Object.entries(command.positionals)) of.positional(name, option)
      for (const [line, describe] of command.examples) of.example(`$0 ${line}`, describe)
      of.options(command.options).check((given) => {
        refuseMisuse(command, given)
        command.check?.(given as never)
        return true
      })
    },
    async (given) => {
      process.exitCode = await command.run(given as never)
    },
  )
}

function version(): string {
  const text = readFileSync(join(packageFolder(), 'package.json'), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}

/** One line that says what happened, and one that says what to do. */
function report(error: unknown, command: Command | undefined): void {
  const { message, fix, code } = error as NodeJS.ErrnoException & { readonly fix?: string }
  const isUsage = error instanceof UsageError
  process.exitCode = isUsage ? exitCodes.usage : exitCodes.failure
  if (code === 'EPIPE') return // nobody reads any more
  console.error(`peernvm: ${message}`)
  const of = command === undefined ? '' : ` ${command.name}`
  const help = `peernvm${of} --help says how it is called.`
  const advice = isUsage ? help : (fixFor(command, code) ?? fix)
  if (advice !== undefined) console.error(`  ${advice}`)
}
