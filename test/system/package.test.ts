// SPDX-License-Identifier: MIT
// The package as a user gets it: packed, installed into empty projects and built in the first, and
// README's program run. Every version of Node that the package promises installs it with install
// scripts on and off, and runs what imports it and what requires it.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest'
import { codeBlocks } from '../support/markdown.ts'
import { packagesOf, pathTo, promisedVersions } from '../support/node-versions.ts'
import { type Outcome, type RunOptions, runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'
import { skipVisibly } from '../support/skip.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder('package')
const project = join(folder.path, 'project')
// Where ccache is used, the package's files are those of the clone.
const env = { CCACHE_BASEDIR: project }
const inProject = { cwd: project, timeoutMs: 480_000, env }
const addonOf = (path: string): string =>
  join(path, 'node_modules', 'peernvm', 'build', 'Release', 'peernvm.node')
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')

let tarball: string
let packedPaths: string[]

/** The first JavaScript block of README: what a reader copies. */
function readmeProgram(): string {
  const program = codeBlocks('README.md').find(({ language }) => language === 'js')
  if (program === undefined) throw new Error('README.md has no ```js block')
  return program.text
}

/** The same program for CommonJS, which has neither import nor await outside functions. */
function asCommonJs(program: string): string {
  const lines = program.split('\n')
  const importLine = lines.findIndex((line) => line.startsWith('import '))
  const [, names, name] = lines[importLine]?.match(/^import (\{.*\}) from ('.*')$/) ?? []
  const rest = lines.slice(importLine + 1).join('\n')
  return `const ${names} = require(${name})\nasync function main() {\n${rest}\n}\nmain()\n`
}

function mustSucceed(what: string, outcome: Outcome): Outcome {
  if (outcome.code === 0) return outcome
  throw new Error(
    `${what} failed (${outcome.code ?? outcome.signal})\n${outcome.stderr}${outcome.stdout}`,
  )
}

const greeting = { code: 0, stdout: 'Hello, NVMe.\n', stderr: '' }

async function packAndInstall(): Promise<void> {
  const packArgs = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder.path]
  const packed = mustSucceed('npm pack', await runProgram('npm', packArgs))
  const [{ filename, files }] = JSON.parse(packed.stdout) as [
    { filename: string; files: { path: string }[] },
  ]
  packedPaths = files.map(({ path }) => path)
  tarball = join(folder.path, filename)
  await installInto(project, 'off')
}

/** Makes a project with the package in it, by the npm of the PATH. */
async function installInto(
  path: string,
  scripts: 'on' | 'off',
  options: RunOptions = inProject,
): Promise<void> {
  mkdirSync(path)
  writeFileSync(join(path, 'package.json'), '{ "name": "empty", "private": true }\n')
  writeFileSync(join(path, 'program.mjs'), readmeProgram())
  writeFileSync(join(path, 'program.cjs'), asCommonJs(readmeProgram()))
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund']
  const checked = [`--ignore-scripts=${scripts === 'off'}`, '--engine-strict']
  const args = ['install', ...checked, ...quiet, tarball]
  mustSucceed('npm install', await runProgram('npm', args, { ...options, cwd: path }))
}

beforeAll(async () => {
  await packAndInstall()
  copyFileSync(join(import.meta.dirname, 'programs', 'ways.mjs'), join(project, 'ways.mjs'))
  const build = await runProgram('npx', ['--no-install', 'peernvm', 'build'], inProject)
  mustSucceed('npx peernvm build', build)
}, 520_000)

// Nine projects with all that npm installed.
afterAll(() => folder[Symbol.dispose](), 200_000)

test('the package holds what is needed to build and run, and nothing else', () => {
  const bundle = ['dist/index.js', 'dist/queues.js', 'dist/base.js']
  for (const path of bundle) {
    const text = readFileSync(join(project, 'node_modules', 'peernvm', path), 'utf8')
    expect(text).not.toMatch(/from ["'`]node:/) // scripts/bundle.mjs says why
  }
  for (const path of [...bundle, 'dist/src/index.d.ts', 'CMakeLists.txt', 'README.md']) {
    expect(packedPaths).toContain(path)
  }
  const unwanted = packedPaths.filter((path) =>
    /^(test|docs|scripts|build|examples|node_modules|\.ci)\//.test(path),
  )
  expect(unwanted).toEqual([])
})

test('README’s program runs as TypeScript, with the package’s own types', async () => {
  writeFileSync(join(project, 'typed.mts'), readmeProgram())
  const options = ['--strict', '--target', 'es2022', '--module', 'nodenext', '--types', 'node']
  const types = ['--typeRoots', join(root, 'node_modules', '@types')]
  const lib = ['--lib', 'es2023,esnext.disposable']
  const args = [tsc, ...options, ...types, ...lib, 'typed.mts']
  mustSucceed('tsc', await runProgram(process.execPath, args, inProject))
  expect(await runProgram(process.execPath, ['typed.mjs'], inProject)).toMatchObject(greeting)
})

test('classes have the names that their users know', async () => {
  const program = `
    import { openController } from 'peernvm'
    const controller = await openController()
    const queue = await controller.createQueuePair({ mode: 'raw' })
    const objects = [controller, queue, await controller.namespace(1), await controller.allocate(1)]
    console.log(...objects.map((each) => each.constructor.name))
    await controller.close()`
  const args = ['--input-type=module', '--eval', program]
  const names = 'Controller RawQueuePair Namespace DmaDescriptor\n'
  const expected = { ...greeting, stdout: names }
  expect(await runProgram(process.execPath, args, inProject)).toMatchObject(expected)
})

test('publint finds nothing to say', async () => {
  const bytes = readFileSync(tarball)
  const { buffer, byteOffset, byteLength } = bytes
  const packed = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer
  const { messages, pkg } = await publint({ strict: true, pack: { tarball: packed } })
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([])
})

test('its types are found whichever way they are looked for', async () => {
  const attw = join(root, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js')
  // Every Node that the package promises can require() an ES module.
  const args = [attw, tarball, '--ignore-rules', 'cjs-resolves-to-esm', '--no-color']
  mustSucceed('attw', await runProgram(process.execPath, args))
})

describe.each(promisedVersions)('with Node %s and its npm', { timeout: 200_000 }, (version) => {
  let path: string | undefined
  beforeAll(async () => {
    path = await pathTo(version)
  }, 100_000)

  const inNode = (context: TestContext, cwd: string): RunOptions => {
    if (path === undefined) {
      const fix = `npm install ${packagesOf(version).join(' ')}`
      skipVisibly(context, `the registry gave no Node ${version}`, fix)
    }
    return { cwd, env: { PATH: path }, timeoutMs: 180_000 }
  }

  // Node-API 9: what was built once, with this Node, serves all.
  test.for(['on', 'off'] as const)(
    'README’s program runs, installed with install scripts %s',
    async (scripts, context) => {
      const consumer = join(folder.path, `node-${version}-scripts-${scripts}`)
      const options = inNode(context, consumer)
      await installInto(consumer, scripts, options)
      const unbuilt = await runProgram('node', ['program.mjs'], options)
      expect(unbuilt.code).not.toBe(0)
      expect(unbuilt.stderr).toContain('npx peernvm build')
      mkdirSync(dirname(addonOf(consumer)), { recursive: true })
      copyFileSync(addonOf(project), addonOf(consumer))
      for (const program of ['program.mjs', 'program.cjs']) {
        expect(await runProgram('node', [program], options), program).toMatchObject(greeting)
      }
    },
  )

  test('every way of working runs', async (context) => {
    const outcome = await runProgram('node', ['ways.mjs'], inNode(context, project))
    const stdout = expect.stringContaining(`All ways work in Node ${version}.`)
    expect(outcome).toMatchObject({ code: 0, stdout, stderr: '' })
  })
})
