// SPDX-License-Identifier: MIT
// What a user of libnvm types, on a fresh clone, word for word; then the library installed, and a
// program of somebody else's built with it.
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest'
import { parseHeader } from '../../scripts/generate/kernel-doc.ts'
import { type Outcome, runProgram } from '../support/process.ts'
import { repositoryFiles, root } from '../support/repository.ts'
import { skipVisibly } from '../support/skip.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder('quick-start')
const clone = join(realpathSync(folder.path), 'clone')
const build = join(clone, 'build')
const prefix = join(clone, 'prefix')
const buildTimeoutMs = 280_000
// Everything is compiled again: minutes, unless there is a cache of what the repository has built.
const cached = process.env.CMAKE_CXX_COMPILER_LAUNCHER?.includes('ccache') ?? false

/** Runs shell lines as typed in `cwd`; the first that fails ends them. */
async function type(cwd: string, lines: readonly string[]): Promise<Outcome> {
  const env = { CCACHE_BASEDIR: clone, MAKEFLAGS: '-j2' }
  const outcome = await runProgram('sh', ['-e', '-c', lines.join('\n')], {
    ...{ cwd, env, timeoutMs: buildTimeoutMs },
  })
  expect(outcome, outcome.stderr).toMatchObject({ code: 0, signal: null })
  return outcome
}

function needsCache(context: TestContext): void {
  if (!cached) skipVisibly(context, 'no ccache', 'export CMAKE_CXX_COMPILER_LAUNCHER=ccache')
}

/** The repository without what is built, its packages installed. */
function makeClone(): void {
  for (const { path } of repositoryFiles()) {
    mkdirSync(dirname(join(clone, path)), { recursive: true })
    cpSync(join(root, path), join(clone, path))
  }
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'))
  writeFileSync(join(clone, 'c.img'), '')
  truncateSync(join(clone, 'c.img'), 4 << 20)
}

beforeAll(async () => {
  if (!cached) return
  makeClone()
  await type(clone, [
    'mkdir build; cd build',
    'cmake .. -DCMAKE_BUILD_TYPE=Release',
    'make libnvm; make examples; make latency-benchmark',
  ])
}, buildTimeoutMs)

afterAll(() => folder[Symbol.dispose]())

test('the examples and the benchmark run', async (context) => {
  needsCache(context)
  const identify = await type(build, ['bin/identify-userspace --ctrl=../c.img'])
  expect(identify.stdout).toContain('Model Number            : peernvm emulator\n')
  const bench = await type(build, [
    'bin/nvm-latency-bench --ctrl=../c.img --blocks=1000 --pattern=sequential',
  ])
  expect(bench.stderr).toMatch(/^Queue #01 remote qd=32 blocks=1000 .* \(4 commands\)$/m)
  expect(bench.stderr).toMatch(/^Queue #01 total-blocks=1000000 count=1000 min=/m)
  expect(bench.stderr).toMatch(/^OK!$/m)
})

test('beside `npm run setup` nothing is compiled twice', async (context) => {
  needsCache(context)
  const again = await type(build, ['cmake .. -DCMAKE_BUILD_TYPE=Release', 'make libnvm peernvm'])
  expect(again.stdout).toContain('Built target peernvm')
  expect(again.stdout).not.toContain('Building')
  const setup = await type(clone, ['npm run setup'])
  expect(setup.stderr).not.toContain('setup:')
})

test('a benchmark that was cleaned away is told how to get it', async (context) => {
  needsCache(context)
  const hidden = ['mv ../dist ../hidden', 'bin/nvm-latency-bench 2>&1 || mv ../hidden ../dist']
  expect((await type(build, hidden)).stdout).toContain('run: make latency-benchmark')
})

test('a C program finds the installed library, with CMake and with pkg-config', async (context) => {
  needsCache(context)
  await type(clone, [`cmake --install build --prefix ${prefix}`])
  const consumer = join(clone, 'test', 'system', 'programs', 'consumer')
  const withCmake = await type(consumer, [
    `cmake -S . -B built -DCMAKE_PREFIX_PATH=${prefix}`,
    'make -C built',
    'built/consumer ../../../../c.img',
  ])
  expect(withCmake.stdout).toMatch(/\n8192 blocks\n$/)
  const withPkgConfig = await type(consumer, [
    `export PKG_CONFIG_PATH=$(dirname $(find ${prefix} -name libnvm.pc))`,
    'gcc -o consumer consumer.c $(pkg-config --cflags --libs libnvm)',
    `LD_LIBRARY_PATH=$(pkg-config --variable=libdir libnvm) ./consumer ../../../../c.img`,
  ])
  expect(withPkgConfig.stdout).toBe('8192 blocks\n')
})

test('the installed library has every function that its headers declare', async (context) => {
  needsCache(context)
  const include = join(prefix, 'include')
  const declared = readdirSync(include).flatMap((name) => {
    if (!name.endsWith('.h')) return []
    const text = readFileSync(join(include, name), 'utf8')
    const functions = parseHeader(name, text).symbols.filter(({ kind }) => kind === 'function')
    return functions.filter((each) => !new RegExp(`inline [^;{]*\\b${each.name}\\(`).test(text))
  })
  const { stdout } = await type(prefix, ['nm -D --defined-only $(find . -name libnvm.so)'])
  const exported = new Set(stdout.match(/\bnvm_\w+$/gm))
  expect(declared.map(({ name }) => name)).toContain('nvm_rpc_enable')
  expect(declared.filter(({ name }) => !exported.has(name))).toEqual([])
})
