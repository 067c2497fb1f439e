// SPDX-License-Identifier: MIT
// What the tests ask of the lab: that it is ready or the test is skipped, a folder to share,
// compiled programs.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import ts from 'typescript'
import { onTestFinished, type TestContext } from 'vitest'
import { root } from '../../support/repository.ts'
import { skipVisibly } from '../../support/skip.ts'
import { emptyImage, missingProgram } from './host.ts'
import { type Lab, prepareLab } from './prepare.ts'
import { LabUnavailable } from './process.ts'
import { serve } from './serve.ts'

/** Shows what a test is doing: some of it takes a while. */
export function report(line: string): void {
  process.stderr.write(`guest: ${line}\n`)
}

/** The lab, or a skip of this test that says what is missing. */
export async function readyLab(context: TestContext): Promise<Lab> {
  needPrograms(context, { 'apt-get': 'apt', xz: 'xz-utils', cc: 'g++' })
  try {
    return await prepareLab(report)
  } catch (error) {
    if (!(error instanceof LabUnavailable)) throw error
    report(`${error.message}: ${(error.cause as Error | undefined)?.message ?? ''}`)
    return skipVisibly(context, error.message, error.fix)
  }
}

/** Skips the test unless every program is there; `programs` maps each to its package. */
export function needPrograms(context: TestContext, programs: Record<string, string>): void {
  const missing = missingProgram(programs)
  if (missing !== undefined) skipVisibly(context, missing.unavailable, missing.fix)
}

/** A folder for this test, gone after it; where it failed, the folder stays. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'peernvm-guest-'))
  onTestFinished(({ task }) => {
    if (task.result?.state === 'fail') report(`${task.name}: what it left is in ${folder}`)
    else rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

/** Compiles programs into a folder as a package that depends on peernvm, as a user's would. */
export function compilePrograms(folder: string, sources: string[]): void {
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/peernvm'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  const compilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ES2022,
    rewriteRelativeImportExtensions: true,
  }
  for (const source of sources) {
    const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), { compilerOptions })
    writeFileSync(join(folder, `${basename(source, '.ts')}.js`), outputText)
  }
}

/** The text of a file of programs/. */
export function programText(name: string): string {
  return readFileSync(join(import.meta.dirname, '..', 'programs', name), 'utf8')
}

/** A ready lab and an empty device, of 512 MiB or `byteLength`, served until the test ends. */
export async function servedDevice(
  context: TestContext,
  programs: Record<string, string>,
  byteLength?: number,
) {
  needPrograms(context, programs)
  const lab = await readyLab(context)
  const scratch = scratchFolder()
  const image = emptyImage(scratch, byteLength)
  const share = join(scratch, 'share')
  mkdirSync(share)
  const server = await serve(image, join(scratch, 'device'))
  onTestFinished(server.kill)
  return { lab, scratch, image, share, ...server }
}
