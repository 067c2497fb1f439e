// SPDX-License-Identifier: MIT
// Codes of the specification's table by name: what callers may write instead of a number.

import { checkName } from '../checks.ts'
import type { CodeRow } from '../spec/form.ts'
import { type CodeSet, nvme } from '../spec/nvme.ts'

/**
 * A name of a set of codes: `CodeName<'log_page'>` has 'smart_health_information'. [All
 * sets](../../docs/fields.md#codes).
 * @category Admin commands
 */
export type CodeName<Set extends CodeSet> = Extract<
  Set extends CodeSet ? keyof (typeof nvme.codes)[Set] : never,
  string
>

/** The number of a name. @throws NvmError ERR_ARGUMENT for a name that the set has not */
export function codeOf<Set extends CodeSet>(set: Set, name: CodeName<Set>): number {
  const rows: Readonly<Record<string, CodeRow>> = nvme.codes[set]
  checkName(set, name, Object.keys(rows))
  return (rows[name] as CodeRow)[0]
}

/** As codeOf(), or the number that was given. */
export function numberOf<Set extends CodeSet>(set: Set, code: CodeName<Set> | number): number {
  return typeof code === 'number' ? code : codeOf(set, code)
}

/** The name of a number; undefined where the set has none. */
export function codeName<Set extends CodeSet>(set: Set, value: number): CodeName<Set> | undefined {
  const rows: readonly [string, CodeRow][] = Object.entries(nvme.codes[set])
  return rows.find(([, [code]]) => code === value)?.[0] as CodeName<Set> | undefined
}
