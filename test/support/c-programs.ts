// SPDX-License-Identifier: MIT
// C programs, built by CMake in build/ as `npm test -- native` does.
import { join } from 'node:path'
import { runProgram } from './process.ts'
import { root } from './repository.ts'

/** How long building may take, from nothing. */
export const buildTimeoutMs = 900_000

export const cProgram = (name: string): string => join(root, 'build', 'bin', name)

/** Builds CMake's targets; throws what the build said when it fails. */
export async function buildTargets(...targets: readonly string[]): Promise<void> {
  const args = [join(root, 'scripts', 'build-native.mjs'), ...targets]
  const { code, stderr } = await runProgram(process.execPath, args, { timeoutMs: buildTimeoutMs })
  if (code !== 0) throw new Error(stderr)
}

/** Builds the static library and the programs of examples/c. */
export const buildCPrograms = (): Promise<void> => buildTargets('nvm_static', 'examples')
