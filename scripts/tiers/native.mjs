// SPDX-License-Identifier: MIT
// Builds lib/, the C examples, the doctest programs and the fuzz targets with CMake into a folder
// of build/, runs the programs, and the targets over their corpora.
import { existsSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { root, run, tail } from '../run.mjs'
import { add, countDoctest, noCounts } from './counts.mjs'
import { replayCorpora } from './replay.mjs'

const jobs = String(availableParallelism())

/** Where setup.mjs configured the addon: the rest is made of the same objects. */
export const buildFolder = 'build'

/**
 * Configures and builds `targets` in `folder`. Returns undefined when it worked, else what was
 * said.
 * @param {string} folder from the root
 * @param {{ definitions?: string[], targets: string[], timeoutSeconds: number }} options
 */
export async function buildNative(folder, { definitions = [], targets, timeoutSeconds }) {
  const path = join(root, folder)
  const configure = await run(
    'cmake',
    ['-S', root, '-B', path, ...definitions.map((text) => `-D${text}`)],
    {
      timeoutSeconds: 120,
    },
  )
  if (!configure.ok) return configure.output
  const args = ['--build', path, '--parallel', jobs]
  const build = await run(
    'cmake',
    targets.length === 0 ? args : [...args, '--target', ...targets],
    {
      timeoutSeconds,
    },
  )
  return build.ok ? undefined : build.output
}

export const doctestIsMissing = 'doctest is missing (apt-get install doctest-dev)'

/** Whether the compiler finds doctest. */
export async function hasDoctest() {
  const args = ['-E', '-x', 'c++', '-include', 'doctest/doctest.h', '/dev/null']
  return (await run('g++', [...args, '-o', '/dev/null'], { timeoutSeconds: 20 })).ok
}

/** The folders of test/native that hold a test: each is one program, FOLDER_test. */
export function nativePrograms() {
  const folder = join(root, 'test', 'native')
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .filter(({ name }) => readdirSync(join(folder, name)).some((file) => file.endsWith('_test.cc')))
    .map(({ name }) => `${name}_test`)
    .sort()
}

/** Runs the doctest programs of `folder`, one after the other. */
export async function runNativePrograms(
  folder,
  { timeoutSeconds, env = {}, prefix = [], programs },
) {
  let counts = noCounts()
  for (const program of programs ?? nativePrograms()) {
    const path = join(root, folder, 'bin', program)
    if (!existsSync(path)) {
      console.error(`${program}: it was not built`)
      counts = add(counts, { ...noCounts(), failed: 1 })
      continue
    }
    const [command, ...args] = [...prefix, path]
    const outcome = await run(command, args, { timeoutSeconds, env })
    const own = countDoctest(program, outcome)
    const verdict = own.failed > 0 ? 'FAILED' : 'ok'
    console.log(
      `  ${program}: ${own.passed} passed, ${own.failed} failed, ${verdict}, ${outcome.seconds.toFixed(1)} s`,
    )
    if (own.failed > 0) console.log(tail(outcome.output))
    counts = add(counts, own)
  }
  return counts
}

/**
 * Builds everything in `folder`, runs the native tests and replays the corpora; without doctest it
 * only replays. @returns {Promise<import('./counts.mjs').Counts>}
 */
export async function buildAndRunNative(folder, { definitions = [], ...options }) {
  const withTests = await hasDoctest()
  const targets = ['all', 'fuzz_targets', ...(withTests ? ['native_tests'] : [])]
  const problem = await buildNative(folder, { definitions, targets, timeoutSeconds: 900 })
  if (problem !== undefined) {
    console.error(tail(problem))
    return { ...noCounts(), failed: 1 }
  }
  const tests = withTests
    ? await runNativePrograms(folder, options)
    : { ...noCounts(), skips: [`native tests: ${doctestIsMissing}`] }
  return add(tests, await replayCorpora(folder, options))
}

/** @returns {Promise<import('./counts.mjs').Counts>} */
export const nativeTier = () => buildAndRunNative(buildFolder, { timeoutSeconds: 120 })
