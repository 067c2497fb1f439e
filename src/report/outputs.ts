// SPDX-License-Identifier: MIT
// The files that a benchmark is asked for: fio's JSON, the report, the figures.
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { createError, createSystemError } from '../errors.ts'
import { makeFolder } from '../make-folder.ts'
import { compareResults, renderComparison } from './compare.ts'
import { toFioJson } from './fio.ts'
import { renderReport } from './html.ts'
import type { BenchResult } from './result.ts'
import { renderComparisonFigures, renderFigures, type SvgFile } from './svg.ts'

export interface OutputPaths {
  /** `--fio-json`: a file, or `-` for standard output. */
  readonly fioJson?: string | undefined
  /** `--report`: a file of HTML. */
  readonly report?: string | undefined
  /** `--svg`: a folder, which is made where it is not there. */
  readonly svg?: string | undefined
}

/**
 * Writes what was asked for.
 * @throws NvmError what the file system refuses
 */
export function writeOutputs(result: BenchResult, { fioJson, report, svg }: OutputPaths): void {
  if (fioJson !== undefined) writeText(fioJson, `${JSON.stringify(toFioJson(result), null, 2)}\n`)
  if (report !== undefined) writeText(report, renderReport([result]))
  if (svg !== undefined) writeFigures(svg, renderFigures(result))
}

/**
 * Compares two results, and writes what was asked for of that.
 * @returns the comparison as a table
 * @throws NvmError what the file system refuses
 */
export function writeComparison(
  first: BenchResult,
  second: BenchResult,
  { report, svg }: Pick<OutputPaths, 'report' | 'svg'>,
): string {
  const comparison = compareResults(first, second)
  if (report !== undefined) writeText(report, renderReport([first, second]))
  if (svg !== undefined) writeFigures(svg, renderComparisonFigures(comparison))
  return renderComparison(comparison)
}

/** Writes figures into a folder that is made where it is not there. */
function writeFigures(folder: string, files: readonly SvgFile[]): void {
  makeFolder(folder)
  for (const { name, text } of files) writeText(join(folder, name), text)
}

/** Writes a file, or to standard output for `-`. */
function writeText(path: string, text: string): void {
  attempt(() => (path === '-' ? process.stdout.write(text) : writeFileSync(path, text)))
}

/**
 * Looks whether files can be written at all: before a benchmark, rather than after it. What is
 * missing is made, and removed again: permissions alone do not say what a file system takes.
 * @throws NvmError what the file system refuses
 */
export function refuseUnwritable(files: readonly (string | undefined)[]): void {
  for (const path of files) {
    if (path === undefined || path === '-') continue
    attempt(() => {
      const isThere = existsSync(path)
      closeSync(openSync(path, isThere ? 'r+' : 'wx')) // neither a folder nor read-only
      if (!isThere) unlinkSync(path)
    })
  }
}

/**
 * Makes a folder for files, where it is not there: before a benchmark, too.
 * @throws NvmError what the file system refuses
 */
export function prepareFolder(path: string | undefined): void {
  if (path === undefined) return
  makeFolder(path)
  attempt(() => accessSync(path, constants.W_OK))
}

function attempt(action: () => unknown): void {
  try {
    action()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw createSystemError(error)
    const what = `${message}; name a file in a folder that is there`
    throw createError('ERR_OS', what, { cause: error })
  }
}
