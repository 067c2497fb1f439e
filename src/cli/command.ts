// SPDX-License-Identifier: MIT
// The form of a command of `peernvm`: one object, of which the program, its completion and
// docs/cli.md are made. Loads nothing, so that --help is quick.

import type { ArgumentsCamelCase, InferredOptionTypes, Options, PositionalOptions } from 'yargs'
import type { Fixes } from './fixes.ts'

/** What a shell completes, where `choices` do not say it. */
export interface Completes {
  readonly completes?: 'files' | 'folders' | 'features'
}

type Positionals = Readonly<Record<string, PositionalOptions & Completes>>
type OptionTable = Readonly<Record<string, Options & Completes & { readonly isFraction?: true }>>

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
  /** What to do about errors, in terms of its options. */
  readonly fixes?: Fixes
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

/** What yargs found, by name. */
export type GivenValues = Readonly<Record<string, unknown>>

export const count = { type: 'number', requiresArg: true } as const
/** As `count`, of a value that need not be whole. */
export const fraction = { ...count, isFraction: true } as const
export const text = { type: 'string', requiresArg: true } as const

export const target = {
  type: 'string',
  completes: 'files',
  describe:
    'image file, PCI address, or socket of a program that serves one; without one an emulator in memory',
} as const
