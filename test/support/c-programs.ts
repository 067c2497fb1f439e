// SPDX-License-Identifier: MIT
// The C programs of examples/c, built by CMake in build/ as `npm test -- native` does.
import { join } from 'node:path'
import { runProgram } from './process.ts'
import { root } from './repository.ts'

/** How long building may take, from nothing. */
export const buildTimeoutMs = 900_000

export const cProgram = (name: string): string => join(root, 'build', 'bin', name)

/** Builds the static library and the examples; throws what the build said when it fails. */
export async function buildCPrograms(): Promise<void> {
  const args = [join(root, 'scripts', 'build-native.mjs'), 'nvm_static', 'examples']
  const { code, stderr } = await runProgram(process.execPath, args, { timeoutMs: buildTimeoutMs })
  if (code !== 0) throw new Error(stderr)
}
