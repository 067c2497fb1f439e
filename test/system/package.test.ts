// SPDX-License-Identifier: MIT
// The package as a user gets it: packed, installed into an empty project without install scripts,
// built there, and README's program run as an ES module, as TypeScript and through require.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Outcome, runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder('package')
const project = join(folder.path, 'project')
// Where ccache is used, the package's files are those of the clone.
const env = { CCACHE_BASEDIR: project }
const inProject = { cwd: project, timeoutMs: 240_000, env }
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')

let packedPaths: string[]
let beforeBuild: Outcome

/** The first JavaScript block of README: what a reader copies. */
function readmeProgram(): string {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const program = readme.match(/```js\n([\s\S]*?)```/)?.[1]
  if (program === undefined) throw new Error('README.md has no ```js block')
  return program
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
  mkdirSync(project)
  writeProgram('package.json', '{ "name": "empty", "private": true }\n')
  const quiet = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund']
  const tarball = join(folder.path, filename)
  mustSucceed('npm install', await runProgram('npm', ['install', ...quiet, tarball], inProject))
}

beforeAll(async () => {
  await packAndInstall()
  writeProgram('program.mjs', readmeProgram())
  beforeBuild = await runProgram(process.execPath, ['program.mjs'], inProject)
  const build = await runProgram('npx', ['--no-install', 'peernvm', 'build'], inProject)
  mustSucceed('npx peernvm build', build)
}, 280_000)

afterAll(() => folder[Symbol.dispose]())

test('the package holds what is needed to build and run, and nothing else', () => {
  for (const path of ['dist/src/index.js', 'dist/src/index.d.ts', 'CMakeLists.txt', 'README.md']) {
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
    writeProgram('program.cjs', asCommonJs(readmeProgram()))
    expectGreeting(await runProgram(process.execPath, ['program.cjs'], inProject))
  })
})
