// SPDX-License-Identifier: MIT
// A tier that is a folder of vitest files.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root, run } from '../run.mjs'
import { countVitest, noCounts } from './counts.mjs'

const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')

/** True when there is a test file below `folder`. */
const hasTests = (folder) =>
  existsSync(join(root, folder)) &&
  readdirSync(join(root, folder), { recursive: true }).some((name) =>
    String(name).endsWith('.test.ts'),
  )

/**
 * Runs the test files below `folder` (or only `files`) and counts from vitest's JSON report.
 * @returns {Promise<import('./counts.mjs').Counts>}
 */
export async function runVitest(
  name,
  folder,
  { timeoutSeconds, env = {}, files = [folder], args = [] },
) {
  if (!hasTests(folder)) return { ...noCounts(), skips: [`${folder}: no test file`] }
  const report = join(root, 'build', 'test', `${name}.json`)
  mkdirSync(join(root, 'build', 'test'), { recursive: true })
  rmSync(report, { force: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const outcome = await run(process.execPath, [vitest, 'run', ...files, ...reporters, ...args], {
    timeoutSeconds,
    env: { [process.stdout.isTTY ? 'FORCE_COLOR' : 'NO_COLOR']: '1', ...env },
    show: true,
  })
  if (!existsSync(report)) return { ...noCounts(), failed: 1 }
  const counts = countVitest(JSON.parse(readFileSync(report, 'utf8')), root)
  if (!outcome.ok && counts.failed === 0) counts.failed = 1 // for instance an unhandled rejection
  return counts
}
