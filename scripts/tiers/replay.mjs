// SPDX-License-Identifier: MIT
// The fuzz targets over their committed corpora, where there is no libFuzzer: what was found once
// stays repaired, in every build of the native tests.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root, run, tail } from '../run.mjs'
import { add, noCounts } from './counts.mjs'

const timeoutSeconds = 20

/** The sources test/fuzz/X_fuzz.cc, as X. */
export const fuzzTargets = () =>
  readdirSync(join(root, 'test', 'fuzz'))
    .filter((name) => name.endsWith('_fuzz.cc'))
    .map((name) => name.slice(0, -'_fuzz.cc'.length))
    .sort()

/**
 * Runs the fuzz targets of `folder`, each over its corpus. @param {string} folder @param {{ env?:
 * Record<string, string>, prefix?: string[] }} options
 * @returns {Promise<import('./counts.mjs').Counts>}
 */
export async function replayCorpora(folder, { env = {}, prefix = [] }) {
  let counts = noCounts()
  for (const target of fuzzTargets()) {
    const path = join(root, folder, 'bin', `${target}_fuzz`)
    const [command, ...args] = [...prefix, path, join(root, 'test', 'fuzz', 'corpus', target)]
    const outcome = await run(command, args, { timeoutSeconds, env })
    const inputs = outcome.output.match(/^(\d+) inputs$/m)?.[1]
    const ok = outcome.ok && inputs !== undefined
    const verdict = ok ? 'ok' : 'FAILED'
    console.log(
      `  ${target}_fuzz: ${inputs ?? '?'} inputs, ${verdict}, ${outcome.seconds.toFixed(1)} s`,
    )
    if (!ok) console.log(tail(outcome.output))
    counts = add(counts, { ...noCounts(), ...(ok ? { passed: 1 } : { failed: 1 }) })
  }
  return counts
}
