// SPDX-License-Identifier: MIT
// The form of a command of `peernvm`: one object, of which the program, its completion and
// docs/cli.md are made. Loads nothing, so that --help is quick.

import type { ArgumentsCamelCase, InferredOptionTypes, Options, PositionalOptions } from 'yargs'

type Positionals = Readonly<Record<string, PositionalOptions>>
type OptionTable = Readonly<Record<string, Options>>

/** What the user gave, with names in camel case. */
export type Given<P extends Positionals, O extends OptionTable> = ArgumentsCamelCase<
  InferredOptionTypes<P> & InferredOptionTypes<O>
>

/** How a program ends: 0 well, 1 by a failure, 2 because it was called wrongly. */
export const exitCodes = { ok: 0, failure: 1, usage: 2 } as const

export interface Command<P extends Positionals = Positionals, O extends OptionTable = OptionTable> {
  readonly name: string
  readonly describe: string
  /** In their order; one with `demandOption` must be there. */
  readonly positionals: P
  readonly options: O
  readonly examples: readonly (readonly [line: string, describe: string])[]
  /** Sentences for docs/cli.md. */
  readonly notes?: readonly string[]
  /** Throws a UsageError for what yargs does not see. */
  readonly check?: (given: Given<P, O>) => void
  /** Does it, and resolves to the exit code; errors are reported by the program. */
  readonly run: (given: Given<P, O>) => Promise<number>
}

/** Keeps the types of the tables for `run`. */
export function defineCommand<const P extends Positionals, const O extends OptionTable>(
  command: Command<P, O>,
): Command {
  return command as unknown as Command
}

/** How a command is called: `identify [target]`. */
export function usageOf({ name, positionals }: Command): string {
  const words = Object.entries(positionals).map(([word, { demandOption }]) =>
    demandOption === true ? `<${word}>` : `[${word}]`,
  )
  return [name, ...words].join(' ')
}

/** The program was called wrongly. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

type GivenValues = Readonly<Record<string, unknown>>

/**
 * Refuses numbers that are none and options that are there twice, of which yargs makes NaN and
 * lists; and what is empty, such as a variable of a script that is not set.
 */
export function refuseMisuse({ positionals, options }: Command, given: GivenValues): void {
  for (const [name, { describe }] of Object.entries(positionals)) {
    if (given[name] === '') throw new UsageError(`${name} is empty; it is: ${describe}`)
  }
  refuseMisusedOptions(options, given)
}

function refuseMisusedOptions(options: OptionTable, given: GivenValues): void {
  for (const [name, option] of Object.entries(options)) {
    const value = given[name]
    if (Array.isArray(value) && option.array !== true)
      throw new UsageError(`--${name} is there twice`)
    if ([value].flat().includes('')) throw new UsageError(`--${name} is empty`)
    if (option.type !== 'number' || value === undefined) continue
    if (!Number.isSafeInteger(value)) throw new UsageError(`--${name} takes a whole number`)
  }
}

export const count = { type: 'number', requiresArg: true } as const
export const text = { type: 'string', requiresArg: true } as const

export const target = {
  type: 'string',
  describe: 'image file or PCI address; without one an emulator in memory',
} as const
