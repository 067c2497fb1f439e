// SPDX-License-Identifier: MIT
// libFuzzer over the device side (test/fuzz), with ASan and UBSan. As a tier: ten seconds for each
// target, from its corpus. By itself:
//   npm run fuzz                             every target, a minute each
//   npm run fuzz -- sqe --seconds 600        one target, ten minutes
//   npm run fuzz -- --canaries               deliberate bugs, each of which a target must find
//   npm run fuzz -- sqe --merge              makes the committed corpus anew
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findProgram, root, run, tail } from '../run.mjs'
import { add, countsLine, noCounts } from './counts.mjs'
import { buildNative } from './native.mjs'
import { fuzzTargets } from './replay.mjs'

const compilers = { C: 'clang-19', CXX: 'clang++-19' }
const isMissing = 'clang-19 is missing (apt-get install clang-19 libclang-rt-19-dev)'
const buildTimeoutSeconds = 1800
const tierSeconds = 10
const defaultSeconds = 60
const canarySeconds = 60
const mergeTimeoutSeconds = 900

const canaries = [
  {
    name: 'prp-list-unchecked',
    target: 'data_pointer',
    what: 'of an address only the first byte is looked up',
  },
  {
    name: 'queue-size-unchecked',
    target: 'sqe',
    what: 'of a queue only the first entry is looked up',
  },
  { name: 'log-offset-unbounded', target: 'sqe', what: 'a log page is read from behind its end' },
  {
    name: 'region-access-unchecked',
    target: 'vfio_user',
    what: 'a region is accessed behind its end',
  },
  {
    name: 'mapped-length-trusted',
    target: 'rpc_reply',
    what: 'memory that a manager maps is taken for mapped as a whole',
  },
  { name: 'archive-length-trusted', target: 'archive', what: 'a length in an archive is believed' },
  {
    name: 'saved-queue-trusted',
    target: 'saved_state',
    what: 'a saved queue is opened wherever it says',
  },
]

const definitions = [
  ...Object.entries(compilers).map(([language, name]) => `CMAKE_${language}_COMPILER=${name}`),
  'NVM_SANITIZE=address,undefined,fuzzer-no-link',
  'CMAKE_BUILD_TYPE=None',
  'CMAKE_C_FLAGS=-fno-sanitize-recover=all',
  // ASan does not see an index beyond an array that is part of an object.
  'CMAKE_CXX_FLAGS=-fno-sanitize-recover=all -D_GLIBCXX_ASSERTIONS',
]

/** What was found goes to FOLDER/found/TARGET-…; new inputs to FOLDER/corpus/TARGET. */
function runTarget(folder, target, seconds) {
  const build = join(root, folder)
  const corpora = [join(build, 'corpus', target), join(root, 'test', 'fuzz', 'corpus', target)]
  for (const path of [...corpora, join(build, 'found')]) mkdirSync(path, { recursive: true })
  const args = [
    ...corpora,
    `-max_total_time=${seconds}`,
    '-timeout=10',
    '-rss_limit_mb=2048',
    '-max_len=2048',
    '-len_control=0',
    '-print_final_stats=1',
    `-artifact_prefix=${join(build, 'found', target)}-`,
  ]
  return run(join(build, 'bin', `${target}_fuzz`), args, { timeoutSeconds: seconds + 60 })
}

/**
 * Makes the committed corpus of the fewest inputs that reach what it and all that was found reach,
 * and of those with a name of their own.
 */
async function merge(target) {
  const build = join(root, 'build', 'fuzz')
  const committed = join(root, 'test', 'fuzz', 'corpus', target)
  const [found, merged] = ['corpus', 'merged'].map((folder) => join(build, folder, target))
  rmSync(merged, { recursive: true, force: true })
  for (const path of [committed, found, merged]) mkdirSync(path, { recursive: true })
  const args = ['-set_cover_merge=1', '-use_counters=0', merged, committed, found]
  const outcome = await run(join(build, 'bin', `${target}_fuzz`), args, {
    timeoutSeconds: mergeTimeoutSeconds,
  })
  const inputs = readdirSync(merged)
  if (!outcome.ok || inputs.length === 0) return outcome
  for (const name of readdirSync(committed)) {
    if (/^[0-9a-f]+$/.test(name)) rmSync(join(committed, name))
  }
  for (const name of inputs) cpSync(join(merged, name), join(committed, name.slice(0, 16)))
  console.log(`  ${target}: ${inputs.length} inputs`)
  return outcome
}

/** Builds the targets; false, and the reason shown, when that does not work. */
async function build(names) {
  const problem = await buildNative('build/fuzz', {
    definitions,
    targets: names.map((name) => `${name}_fuzz`),
    timeoutSeconds: buildTimeoutSeconds,
  })
  if (problem !== undefined) console.error(tail(problem))
  return problem === undefined
}

async function mergeAll(names) {
  if (!(await build(names))) return { ...noCounts(), failed: 1 }
  let counts = noCounts()
  for (const name of names) {
    const outcome = await merge(name)
    if (!outcome.ok) console.log(tail(outcome.output))
    counts = add(counts, { ...noCounts(), ...(outcome.ok ? { passed: 1 } : { failed: 1 }) })
  }
  return counts
}

async function fuzz(names, seconds) {
  if (!(await build(names))) return { ...noCounts(), failed: 1 }
  let counts = noCounts()
  for (const name of names) {
    const outcome = await runTarget('build/fuzz', name, seconds)
    const executed = outcome.output.match(/stat::number_of_executed_units:\s*(\d+)/)?.[1]
    const ok = outcome.ok && executed !== undefined
    console.log(`  ${name}: ${executed ?? '?'} inputs, ${ok ? 'ok' : 'FAILED'}, ${seconds} s`)
    if (!ok) console.log(tail(outcome.output))
    counts = add(counts, { ...noCounts(), ...(ok ? { passed: 1 } : { failed: 1 }) })
  }
  return counts
}

async function mustBeFound({ name, target, what }) {
  const folder = 'build/fuzz-canary'
  const problem = await buildNative(folder, {
    definitions: [...definitions, `NVM_CANARY=${name}`],
    targets: [`${target}_fuzz`],
    timeoutSeconds: buildTimeoutSeconds,
  })
  const outcome = problem === undefined && (await runTarget(folder, target, canarySeconds))
  const found =
    outcome && !outcome.ok && /ERROR: (Address|libFuzzer|Undef)|runtime error:/.test(outcome.output)
  const verdict = found ? `found by ${target} in ${outcome.seconds.toFixed(1)} s` : 'NOT FOUND'
  console.log(`  ${name} (${what}): ${verdict}`)
  if (!found) console.log(tail(problem ?? outcome.output, 12))
  return { ...noCounts(), ...(found ? { passed: 1 } : { failed: 1 }) }
}

/** @returns {Promise<import('./counts.mjs').Counts>} */
export async function fuzzTier() {
  if (findProgram(compilers.CXX) === undefined)
    return { ...noCounts(), skips: [`fuzz: ${isMissing}`] }
  return await fuzz(fuzzTargets(), tierSeconds)
}

async function main(args) {
  if (findProgram(compilers.CXX) === undefined) {
    console.error(isMissing)
    return 2
  }
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      seconds: { type: 'string' },
      canaries: { type: 'boolean' },
      merge: { type: 'boolean' },
    },
  })
  const seconds = Number(values.seconds ?? defaultSeconds)
  if (positionals.some((name) => !fuzzTargets().includes(name)) || !(seconds > 0)) {
    console.error(
      `npm run fuzz -- [target…] [--seconds N | --merge | --canaries]; targets: ${fuzzTargets().join(', ')}`,
    )
    return 2
  }
  const names = positionals.length > 0 ? positionals : fuzzTargets()
  let counts = noCounts()
  if (values.canaries) {
    const wanted = canaries.filter(({ target }) => names.includes(target))
    for (const canary of wanted) counts = add(counts, await mustBeFound(canary))
  } else {
    counts = values.merge ? await mergeAll(names) : await fuzz(names, seconds)
  }
  console.log(countsLine(counts.passed, counts.failed, 0))
  return counts.failed > 0 ? 1 : 0
}

if (process.argv[1] === import.meta.filename) process.exit(await main(process.argv.slice(2)))
