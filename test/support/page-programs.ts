// SPDX-License-Identifier: MIT
// The programs that a page's code blocks make, each line where it is in the page, so that messages
// name it.
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import type { CodeBlock } from './markdown.ts'
import { root } from './repository.ts'

export interface PageProgram {
  readonly page: string
  readonly blocks: readonly CodeBlock[]
  /** As written. */
  readonly text: string
}

/** Blocks of a page share their names; one that imports begins a new program. */
export function programsOf(blocks: readonly CodeBlock[]): PageProgram[] {
  const programs: { page: string; blocks: CodeBlock[]; text: string }[] = []
  for (const block of blocks) {
    const { page } = block
    let program = programs.at(-1)
    if (program?.page !== page || /^import /m.test(block.text)) {
      program = { page, blocks: [], text: '' }
      programs.push(program)
    }
    const linesBefore = program.text.split('\n').length
    program.blocks.push(block)
    program.text += '\n'.repeat(block.line - linesBefore) + block.text
  }
  return programs
}

/** The reason why a block is not run, as its page gives it. */
export const reasonNotToRun = ({ remark }: CodeBlock): string | undefined =>
  remark?.match(/^not run: (.*)$/)?.[1]

/** The test that runs a block in place of the test of pages. */
export const testOf = ({ remark }: CodeBlock): string | undefined =>
  remark?.match(/\brun by (test\/[\w./-]+\.test\.ts)/)?.[1]

/** What of a program is run; the other lines stay, empty. */
export function runnableText({ blocks, text }: PageProgram): string {
  const left = blocks.filter((block) => reasonNotToRun(block) !== undefined)
  return left.reduce((rest, block) => rest.replace(block.text, block.text.replace(/./g, '')), text)
}

const marker = '// → '

/** The program, comparing what the page says of values: `1 + 1 // → 2`, `console.log(1) // → 1`. */
export function instrumented(text: string): string {
  const source = ts.createSourceFile('page.ts', text, ts.ScriptTarget.ES2022, true)
  const lines: number[] = []
  let result = ''
  let copied = 0
  const visit = (node: ts.Node): void => {
    const [comment] = ts.isExpressionStatement(node)
      ? (ts.getTrailingCommentRanges(text, node.end) ?? [])
      : []
    const remark = comment === undefined ? '' : text.slice(comment.pos, comment.end)
    if (!ts.isExpressionStatement(node) || !remark.startsWith(marker)) {
      ts.forEachChild(node, visit)
      return
    }
    const start = node.getStart()
    const line = source.getLineAndCharacterOfPosition(start).line + 1
    lines.push(line)
    const said = JSON.stringify(remark.slice(marker.length))
    result += `${text.slice(copied, start)}$expect(${line}, ${said}, ${textOf(node.expression)})`
    copied = node.end
  }
  visit(source)
  const prelude = `import { begin as $begin, expect as $expect, print as $print, inspect as $inspect } from './expect.mjs'; $begin(${JSON.stringify(lines)});`
  return prelude + result + text.slice(copied)
}

/** An expression that gives as text what a statement prints, or its value as Node shows it. */
function textOf(expression: ts.Expression): string {
  const isPrinted =
    ts.isCallExpression(expression) && expression.expression.getText() === 'console.log'
  if (!isPrinted) return `$inspect(${expression.getText()})`
  return `$print(${expression.arguments.map((argument) => argument.getText()).join(', ')})`
}

const expectModule = `
import { format, inspect as show } from 'node:util'
let left = []
export const begin = (lines) => { left = [...lines] }
export const print = format
export const inspect = (value) => show(value, { breakLength: Infinity })
export function expect(line, said, value) {
  left = left.filter((each) => each !== line)
  if (value === said) return
  console.error(\`line \${line} says \${said} and gives \${value}\`)
  process.exitCode = 1
}
process.on('exit', () => {
  if (left.length === 0) return
  console.error(\`lines \${left} say something and did not run\`)
  process.exitCode = 1
})
`

/** Makes `path` a project that depends on peernvm, as a reader's. */
export function makeProject(path: string): void {
  const modules = join(path, 'node_modules')
  mkdirSync(join(modules, '.bin'), { recursive: true })
  symlinkSync(root, join(modules, 'peernvm'))
  writeFileSync(join(path, 'package.json'), '{ "type": "module" }\n')
  writeFileSync(join(path, 'expect.mjs'), expectModule)
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  for (const [name, program] of Object.entries(bin as Record<string, string>)) {
    const script = `#!/bin/sh\nexec '${process.execPath}' '${join(root, program)}' "$@"\n`
    writeFileSync(join(modules, '.bin', name), script, { mode: 0o755 })
  }
}

/** What the compiler says of programs of a project, as "name:line: message". */
export function typeErrors(files: readonly string[]): string[] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    typeRoots: [join(root, 'node_modules', '@types')],
    types: ['node'],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
  }
  return ts.getPreEmitDiagnostics(ts.createProgram([...files], options)).map((diagnostic) => {
    const { file, start = 0, messageText } = diagnostic
    const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1
    return `${file?.fileName}:${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  })
}

/** A C program with each declaration in a scope of its own, where it must agree with the headers'. */
export function declarationsProgram(declarations: readonly string[]): string {
  const headers = readdirSync(join(root, 'lib/include')).filter((name) => name.endsWith('.h'))
  const includes = headers.map((name) => `#include <${name}>`)
  const scopes = declarations.map((text, i) => {
    const macro = text.match(/^#define (\w+)/)?.[1]
    if (macro === undefined) return `void scope_${i}(void) {\n${text}}`
    return `#pragma push_macro("${macro}")\n#undef ${macro}\n${text}#pragma pop_macro("${macro}")`
  })
  return `${[...includes, ...scopes].join('\n')}\n`
}

/** The commands of a shell block, without comments, one a line. */
export function commandsOf({ text }: CodeBlock): string[] {
  return text
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.replace(/(^|\s+)#.*/, '').trim())
    .filter((line) => line !== '')
}
