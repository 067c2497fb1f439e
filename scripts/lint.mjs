// SPDX-License-Identifier: MIT
// `npm run lint`: biome, clang-format, the types of everything, that generated files are fresh, and
// that every export is documented.
// With --fix, the formatters and the generator write instead. PEERNVM_REQUIRE=all: a missing
// clang-format is a failure.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { findProgram, root, run, tail } from './run.mjs'
import { countsLine } from './tiers/counts.mjs'

const fix = process.argv.includes('--fix')
const bin = (name) => join(root, 'node_modules', '.bin', name)
const timeoutSeconds = 180

/** C and C++ files, tracked or new. */
function nativeFiles() {
  const patterns = ['*.cc', '*.c', '*.h']
  const args = [
    'ls-files',
    '--cached',
    '--others',
    '--exclude-standard',
    '--deduplicate',
    ...patterns,
  ]
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean)
}

function checks() {
  const list = [
    {
      name: 'biome',
      command: bin('biome'),
      args: ['check', '--error-on-warnings', ...(fix ? ['--write'] : []), '.'],
    },
    { name: 'types', command: bin('tsc'), args: ['-p', 'tsconfig.check.json'] },
    {
      name: 'generated files',
      command: bin('tsx'),
      args: ['scripts/generate.ts', ...(fix ? [] : ['--check'])],
    },
    { name: 'documentation', command: bin('typedoc'), args: ['--emit', 'none'] },
  ]
  const clangFormat = findProgram('clang-format-19')
  if (clangFormat !== undefined) {
    const args = fix ? ['-i'] : ['--dry-run', '-Werror']
    list.push({ name: 'clang-format', command: clangFormat, args: [...args, ...nativeFiles()] })
  }
  return {
    list,
    skipped: clangFormat === undefined ? ['clang-format (apt-get install clang-format-19)'] : [],
  }
}

const { list, skipped } = checks()
let failed = 0
for (const { name, command, args } of list) {
  const outcome = await run(command, args, { timeoutSeconds })
  console.log(`${name}: ${outcome.ok ? 'ok' : 'FAILED'} (${outcome.seconds.toFixed(1)} s)`)
  if (!outcome.ok) {
    failed++
    console.log(tail(outcome.output, 200))
  }
}
for (const what of skipped) console.log(`skipped: ${what}`)
const refused = process.env.PEERNVM_REQUIRE === 'all' ? skipped.length : 0
console.log(countsLine(list.length - failed, failed + refused, skipped.length - refused))
process.exit(failed + refused > 0 ? 1 : 0)
