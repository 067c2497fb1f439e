// SPDX-License-Identifier: MIT
// What `peernvm` does with its arguments. Commands load what they need when they run, so that
// --help is quick.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import yargs, { type Argv } from 'yargs'
import { packageFolder } from '../native/package-folder.ts'
import { type Command, exitCodes, refuseMisuse, UsageError, usageOf } from './command.ts'
import { commands } from './commands.ts'

/** Runs a command, reports what goes wrong, and leaves the exit code in `process.exitCode`. */
export async function runProgram(args: readonly string[]): Promise<void> {
  // write() hears of it too; without a listener it would be a crash.
  process.stdout.on('error', () => {
    process.exitCode = exitCodes.failure
  })
  await parse(args).catch(report)
}

async function parse(args: readonly string[]): Promise<void> {
  const program = yargs([...args])
    .scriptName('peernvm')
    .detectLocale(false)
  for (const command of commands) add(program, command)
  await program
    .completion('completion', 'Print a script that completes these commands, for bash or zsh')
    .demandCommand(1, 'Which command?')
    .strict()
    .version(version())
    .fail((message, error) => {
      const isOurs = error !== undefined && error.name !== 'YError'
      throw isOurs ? error : new UsageError(message)
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
function report(error: unknown): void {
  const { message, fix } = error as { readonly message: string; readonly fix?: string }
  const isUsage = error instanceof UsageError
  process.exitCode = isUsage ? exitCodes.usage : exitCodes.failure
  if ((error as NodeJS.ErrnoException).code === 'EPIPE') return // nobody reads any more
  console.error(`peernvm: ${message}`)
  const advice = isUsage ? 'peernvm --help tells how it is called' : fix
  if (advice !== undefined) console.error(`  ${advice}`)
}
