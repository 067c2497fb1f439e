// SPDX-License-Identifier: MIT
// `peernvm serve --state`: what it refuses before it serves, and what survives signals and deaths.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { openController } from 'peernvm'
import { afterEach, expect, test } from 'vitest'
import { readWhole } from '../../src/cli/state-file.ts'
import { runProgram } from '../support/process.ts'
import { killServing, peernvmProgram, Serving } from '../support/serving.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

afterEach(killServing)

/** Paths in a new folder, and `serve` with them. */
function place(folder: string) {
  const socket = join(folder, 'nvm')
  const state = join(folder, 'state')
  const given = ['serve', '--socket', socket]
  return {
    socket,
    state,
    start: (...args: string[]) =>
      Serving.start(socket, '--size', '1MiB', '--state', state, ...args),
    run: (...args: string[]) =>
      runProgram(process.execPath, [peernvmProgram, ...given, ...args], { timeoutMs: 20_000 }),
  }
}

test.each([
  { args: ['--size', '2049MiB'] },
  { args: ['--size', '1GiB', '--namespace', '1GiB', '--namespace', '4096'] },
  { args: ['--size', '1MiB', '--capacity', '3GiB'] },
  { args: ['--size', '2GiB', '--metadata-size', '8'] },
  { args: ['--size', '2GiB', '--clients-administer'] },
])('$args in memory may not fit, and is refused before the state is touched', async ({ args }) => {
  using folder = temporaryFolder('serve-state')
  const { state, run } = place(folder.path)
  writeFileSync(state, 'old')
  const { code, stderr } = await run('--state', state, ...args)
  expect(code).toBe(2)
  expect(stderr).toContain('--state holds 2 GiB at most')
  expect(stderr).toContain('give it an image')
  expect(readFileSync(state, 'utf8')).toBe('old')
})

test('a missing folder, and one in the place of the file, are named at the start', async () => {
  using folder = temporaryFolder('serve-state')
  const { run } = place(folder.path)
  const missing = join(folder.path, 'none')
  const first = await run('--size', '1MiB', '--state', join(missing, 'state'))
  expect(first).toMatchObject({ code: 1, stdout: '' })
  expect(first.stderr).toContain(`mkdir -p ${missing}`)
  const second = await run('--size', '1MiB', '--state', folder.path)
  expect(second).toMatchObject({ code: 1, stdout: '' })
  expect(second.stderr).toContain(`${folder.path} is no file`)
  expect(readdirSync(folder.path)).toEqual([])
}, 60_000)

test('a state of 2 GiB is read whole', () => {
  using folder = temporaryFolder('serve-state')
  const path = join(folder.path, 'state')
  const file = openSync(path, 'w')
  ftruncateSync(file, 2 ** 31 + 5)
  expect(readWhole(path).length).toBe(2 ** 31 + 5)
})

test('a state whose image has gone says so, and stays', async () => {
  using folder = temporaryFolder('serve-state')
  const { state, run, start } = place(folder.path)
  const image = join(folder.path, 'disk.img')
  expect(await (await start(image)).end()).toBe(0)
  rmSync(image)
  const { code, stderr } = await run(image, '--size', '1MiB', '--state', state)
  expect(code).toBe(1)
  expect(stderr).toContain(`the image of the state that is saved in ${state} is missing: ${image}`)
  expect(existsSync(state)).toBe(true)
}, 60_000)

test('a state goes on being there when the socket is in use', async () => {
  using folder = temporaryFolder('serve-state')
  const { socket, state, run, start } = place(folder.path)
  expect(await (await start()).end()).toBe(0)
  using _other = await Serving.start(socket, '--size', '1MiB')
  expect(await run('--state', state)).toMatchObject({ code: 1 })
  expect(readdirSync(folder.path).sort()).toEqual(['nvm', 'state'])
}, 60_000)

test('after a death the state of before is kept aside, and not served by itself', async () => {
  using folder = temporaryFolder('serve-state')
  const { socket, state, start } = place(folder.path)
  const first = await start()
  const block = new Uint8Array(512)
  {
    await using client = await openController(socket)
    await (await client.namespace(1)).write({ lba: 3, from: block.fill(9) })
  }
  expect(await first.end()).toBe(0)
  const saved = readFileSync(state)
  await (await start()).kill()
  expect(existsSync(state)).toBe(false)
  expect(readFileSync(`${state}.before`).equals(saved)).toBe(true)
  const next = await start()
  {
    await using client = await openController(socket)
    await (await client.namespace(1)).read({ lba: 3, into: block })
    expect(block[0]).toBe(0)
  }
  expect(await next.end()).toBe(0)
  expect(readFileSync(`${state}.before`).equals(saved)).toBe(true)
  expect(await (await start()).end()).toBe(0)
  expect(existsSync(`${state}.before`)).toBe(false)
}, 60_000)

test('a closed terminal ends it as SIGTERM does', async () => {
  using folder = temporaryFolder('serve-state')
  const { socket, state, start } = place(folder.path)
  const { process: manager } = await start()
  manager.stdout?.destroy()
  const ended = once(manager, 'exit')
  manager.kill('SIGHUP')
  expect(await ended).toEqual([0, null])
  expect(existsSync(state)).toBe(true)
  expect(existsSync(socket)).toBe(false)
}, 60_000)

test('further signals while it saves are heard, and change nothing', async () => {
  using folder = temporaryFolder('serve-state')
  const { socket, state } = place(folder.path)
  const args = [peernvmProgram, 'serve', '--size', '256MiB', '--state', state, '--socket', socket]
  const manager = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  try {
    await once(manager.stdout, 'data')
    const ended = once(manager, 'exit')
    const said = once(manager.stderr, 'data')
    // Two at once: the second is heard before anything is done for the first.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) manager.kill(signal)
    expect(String((await said)[0])).toContain(`${state} is saved at the end`)
    manager.kill('SIGINT')
    expect(await ended).toEqual([0, null])
    expect(existsSync(state)).toBe(true)
  } finally {
    manager.kill('SIGKILL')
  }
}, 60_000)
