// SPDX-License-Identifier: MIT
// The file of a result: written by `--json`, read again by whoever compares or shows results.

import { readFileSync, writeFileSync } from 'node:fs'
import { createError, createSystemError } from '../errors.ts'
import { type BenchResult, resultFormat, resultVersion } from './result.ts'
import { problemOfResult } from './result-shape.ts'

/** Writes a result to `path`, or to standard output for `-`. @throws NvmError ERR_PERMISSION … */
export function writeJson(path: string, result: BenchResult): void {
  const text = `${JSON.stringify(result)}\n`
  try {
    if (path === '-') process.stdout.write(text)
    else writeFileSync(path, text)
  } catch (error) {
    throw createSystemError(error)
  }
}

/**
 * Reads what writeJson() wrote.
 * @throws NvmError ERR_ARGUMENT when the file is no result, or one of another version, naming what
 *   is wrong in it; what the file system refuses
 */
export function readResult(path: string): BenchResult {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw createSystemError(error)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw refusal(path, `it is no JSON (${(error as Error).message})`)
  }
  const { format, version } = (value ?? {}) as Partial<BenchResult>
  if (format !== resultFormat) throw refusal(path, `its format is not '${resultFormat}'`)
  if (version !== resultVersion) {
    throw refusal(path, `it is of version ${String(version)}, this program reads ${resultVersion}`)
  }
  const problem = problemOfResult(value)
  if (problem !== undefined) throw refusal(path, problem)
  return value as BenchResult
}

const refusal = (path: string, why: string) =>
  createError('ERR_ARGUMENT', `${path} is no result of nvm-latency-bench: ${why}`)
