// SPDX-License-Identifier: MIT
// scripts/setup.mjs on a clone that lacks something: it names what, with the line that helps, and
// two at once take turns.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

// As little as tsc takes, for speed.
const compilerOptions = {
  ...{ target: 'es2022', module: 'nodenext', rootDir: '.', outDir: 'dist' },
  ...{ strict: true, skipLibCheck: true, lib: ['es5'], types: [] },
}

/** A clone with its packages installed and nothing built; returns its folder. */
function bareClone(): string {
  const folder = temporaryFolder('setup')
  onTestFinished(() => folder[Symbol.dispose]())
  const path = realpathSync(folder.path)
  for (const name of ['package.json', 'package-lock.json', 'scripts', 'cmake']) {
    cpSync(join(root, name), join(path, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(path, 'node_modules'))
  writeFileSync(join(path, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }))
  mkdirSync(join(path, 'src'))
  writeFileSync(join(path, 'src', 'index.ts'), 'export const answer: number = 42\n')
  return path
}

const setUp = (clone: string, args: string[], env: Record<string, string> = {}) =>
  runProgram(process.execPath, [join(clone, 'scripts', 'setup.mjs'), ...args], { cwd: clone, env })

test('missing build tools are named with their apt line', async () => {
  const outcome = await setUp(bareClone(), ['--addon'], { PATH: '/nowhere' })
  expect(outcome.code).toBe(1)
  expect(outcome.stderr).toContain('apt-get install g++ cmake make')
})

test('a Node that is too old is told which one is needed', async () => {
  const clone = bareClone()
  const manifest = readFileSync(join(clone, 'package.json'), 'utf8')
  writeFileSync(
    join(clone, 'package.json'),
    manifest.replace(/"node": "[^"]*"/, '"node": ">=99.1.0"'),
  )
  const outcome = await setUp(clone, [])
  expect(outcome.code).toBe(1)
  expect(outcome.stderr).toContain('peernvm needs Node >=99.1.0')
})

const compiling = { timeout: 120_000 }

test(
  'TypeScript is compiled once, again after a change, and what has no source goes',
  compiling,
  async () => {
    const clone = bareClone()
    const old = join(clone, 'src', 'old.ts')
    writeFileSync(old, 'export const old: string = "old"\n')
    const first = await setUp(clone, ['--typescript'])
    expect(first).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('compiling TypeScript'),
    })
    expect(await setUp(clone, ['--typescript'])).toMatchObject({ code: 0, stderr: '' })

    writeFileSync(join(clone, 'src', 'index.ts'), 'export const answer: number = 43\n')
    rmSync(old)
    await setUp(clone, ['--typescript'])
    expect(readFileSync(join(clone, 'dist', 'src', 'index.js'), 'utf8')).toContain('43')
    expect(existsSync(join(clone, 'dist', 'src', 'old.js'))).toBe(false)
  },
)

test(
  'a source that does not compile is shown, and fails until it is repaired',
  compiling,
  async () => {
    const clone = bareClone()
    const source = join(clone, 'src', 'index.ts')
    const good = readFileSync(source, 'utf8')
    await setUp(clone, ['--typescript'])
    writeFileSync(source, 'export const answer: number = "text"\n')
    const outcome = await setUp(clone, ['--typescript'])
    expect(outcome.code).toBe(1)
    expect(outcome.stderr).toContain('TS2322')
    writeFileSync(source, good)
    await setUp(clone, ['--typescript'])
    expect(readFileSync(join(clone, 'dist', 'src', 'index.js'), 'utf8')).toContain('42')
  },
)

test('a second one waits for the first and then goes on', async () => {
  const clone = bareClone()
  const name = createHash('sha256').update(clone).digest('hex').slice(0, 16)
  const waiters: Socket[] = []
  const holder = createServer((client) => {
    waiters.push(client)
    client.write('4711')
  })
  holder.listen(`\0peernvm-build-${name}`)
  await once(holder, 'listening')
  onTestFinished(() => void holder.close())

  const waiting = spawn(process.execPath, [join(clone, 'scripts/setup.mjs'), '--packages'])
  onTestFinished(() => void waiting.kill('SIGKILL'))
  const [said] = await once(waiting.stderr, 'data')
  expect(`${said}`).toContain('waiting for process 4711')
  expect(waiting.exitCode).toBe(null)
  holder.close()
  for (const waiter of waiters) waiter.destroy()
  expect(await once(waiting, 'exit')).toEqual([0, null])
})
