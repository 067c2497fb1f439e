// SPDX-License-Identifier: MIT
// The repository as tests see it: its root, and the files that belong to it.
import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, readFileSync } from 'node:fs'
import { extname, join, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '..', '..')

export interface SourceFile {
  /** Path from the root, with forward slashes. */
  readonly path: string
  readonly text: string
  readonly lines: readonly string[]
}

export const sourceFile = (path: string, text: string): SourceFile => ({
  path,
  text,
  lines: text.replace(/\n$/, '').split('\n'),
})

const textExtensions = new Set(
  '.ts .mts .mjs .cjs .js .cc .c .h .cu .md .json .txt .cmake .in .sh .yml .plan .hex'.split(' '),
)
const textNames = new Set([
  'CMakeLists.txt',
  '.npmrc',
  '.gitignore',
  '.clang-format',
  'run',
  'LICENSE',
])

/** Every text file that is tracked, or new and not ignored. */
export function repositoryFiles(): SourceFile[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate']
  const paths = execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\0')
  return paths
    .filter(
      (path) => textExtensions.has(extname(path)) || textNames.has(path.split('/').at(-1) ?? ''),
    )
    .filter((path) => existsSync(join(root, path)) && lstatSync(join(root, path)).isFile())
    .map((path) => sourceFile(path, readFileSync(join(root, path), 'utf8')))
}

export const isTypeScript = ({ path }: SourceFile): boolean => /\.(ts|mts|mjs|cjs|js)$/.test(path)
export const isNative = ({ path }: SourceFile): boolean => /\.(cc|c|h|cu)$/.test(path)
export const isGenerated = ({ lines }: SourceFile): boolean =>
  lines.slice(0, 5).some((line) => /generated (by|from)/i.test(line))
