// SPDX-License-Identifier: MIT
// The published types refuse what they can: misuse.ts, compiled against dist/.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { root } from '../../support/repository.ts'

const file = join(import.meta.dirname, 'misuse.ts')

/** What the compiler says of `text` in place of misuse.ts, as "line: message". */
function compile(text: string): string[] {
  const config = ts.readConfigFile(join(root, 'tsconfig.check.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root)
  const host = ts.createCompilerHost(options)
  const { readFile } = host
  host.readFile = (name) => (name === file ? text : readFile(name))
  const program = ts.createProgram([file], options, host)
  const source = program.getSourceFile(file)
  return ts.getPreEmitDiagnostics(program, source).map(({ start = 0, messageText }) => {
    const line = (source?.getLineAndCharacterOfPosition(start).line ?? 0) + 1
    return `${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  })
}

test('every mistake is a compile error, and nothing else is', { timeout: 60_000 }, () => {
  const text = readFileSync(file, 'utf8')
  expect(compile(text)).toEqual([])
  const marks = text.match(/^ *\/\/ @ts-expect-error/gm) ?? []
  expect(compile(text.replaceAll('@ts-expect-error', 'a mistake:'))).toHaveLength(marks.length)
})
