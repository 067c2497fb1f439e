// SPDX-License-Identifier: MIT
// `peernvm build`: compiles the addon into the package's own folder, where native/load.ts looks for
// it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { packageFolder } from '../native/package-folder.ts'

/** Runs cmake-js and resolves to its exit code. */
export async function build(): Promise<number> {
  const cmakeJs = createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js')
  const jobs = String(availableParallelism())
  const args = [cmakeJs, 'compile', '--parallel', jobs, '--target', 'peernvm']
  const child = spawn(process.execPath, args, {
    cwd: packageFolder(),
    stdio: 'inherit',
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}
