// SPDX-License-Identifier: MIT
// Where this package is installed. Loads nothing of ours: `peernvm --help` needs it at once.

import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of package.json, looked for from here: this runs from src/, dist/ and dist/src/. */
export function packageFolder(): string {
  const start = dirname(fileURLToPath(import.meta.url))
  let folder = start
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder)
    if (parent === folder) return start
    folder = parent
  }
  return folder
}
