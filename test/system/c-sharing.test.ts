// SPDX-License-Identifier: MIT
// One controller shared by C programs: rpc-server serves it, the others are its clients, each a
// process of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { openController } from 'peernvm'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { buildCPrograms, buildTimeoutMs, cProgram } from '../support/c-programs.ts'
import { failureOf } from '../support/failure.ts'
import { type Outcome, runProgram } from '../support/process.ts'
import { killServing, Serving } from '../support/serving.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

const imageBytes = 64 << 20
const blockBytes = 512

let folder: TemporaryFolder
let image: string
let socket: string
let manager: ChildProcess | undefined

beforeAll(buildCPrograms, buildTimeoutMs)

beforeEach(() => {
  folder = temporaryFolder('c-sharing')
  image = join(folder.path, 'disk.img')
  socket = join(folder.path, 'nvm')
  writeFileSync(image, '')
  truncateSync(image, imageBytes)
})

afterEach(() => {
  manager?.kill('SIGKILL')
  manager = undefined
  killServing()
  folder[Symbol.dispose]()
})

/** Starts a manager; what it says. */
function start(program: string, ...args: string[]): Interface {
  manager = spawn(cProgram(program), args, { stdio: ['pipe', 'inherit', 'pipe'] })
  if (manager.stderr === null) throw new Error('it has no standard error')
  return createInterface(manager.stderr)
}

const nextLine = (lines: Interface): Promise<string> =>
  new Promise((done, fail) => {
    lines.once('line', done)
    lines.once('close', () => fail(new Error('it ended')))
  })

/** Starts rpc-server, which then serves. */
async function serve(...args: string[]): Promise<Interface> {
  const lines = start('rpc-server', `--ctrl=${image}`, `--socket=${socket}`, ...args)
  expect(await nextLine(lines)).toBe(`Serving ${image} at ${socket}`)
  return lines
}

async function runWell(program: string, ...args: string[]): Promise<Outcome> {
  const outcome = await runProgram(cProgram(program), args)
  expect(outcome, outcome.stderr).toMatchObject({ code: 0, signal: null })
  return outcome
}

/** rpc-dd with a file as its standard input or output. */
async function copy(direction: '<' | '>', file: string, ...args: string[]): Promise<Outcome> {
  const command = `exec "$0" "$@" ${direction} '${file}'`
  const outcome = await runProgram('sh', ['-c', command, cProgram('rpc-dd'), '-d', socket, ...args])
  expect(outcome, outcome.stderr).toMatchObject({ code: 0, signal: null, stderr: '' })
  return outcome
}

test('rpc-identify says of a served controller what its manager says of it', async () => {
  await serve()
  const { stdout } = await runWell('rpc-identify', `--ctrl=${socket}`, '--ns=1')
  const [controller = '', namespace] = stdout.split('------------- Namespace  information')
  expect(controller).toContain('Model Number            : peernvm emulator\n')
  expect(namespace?.split('\n').slice(1, -2)).toEqual([
    'Namespace identifier    : 1',
    'Logical block size      : 512 bytes',
    `Namespace size          : ${imageBytes / blockBytes} blocks`,
    `Namespace capacity      : ${imageBytes / blockBytes} blocks`,
  ])
  const shared = await runWell('identify-userspace', `--ctrl=rpc:${socket}`)
  expect(shared.stdout).toBe(controller)
  expect(shared.stderr).toBe('Connecting to the manager of the controller...\n')
})

test('rpc-dd brings files to the blocks and back, several at once', async () => {
  await serve('--cqs=5', '--sqs=5')
  const files = Array.from({ length: 4 }, (_, index) => ({
    bytes: randomBytes((1 << 20) + index * 1000),
    offset: index * 8192,
    from: join(folder.path, `from-${index}`),
    to: join(folder.path, `to-${index}`),
  }))
  await Promise.all(
    files.map(({ bytes, offset, from }) => {
      writeFileSync(from, bytes)
      return copy('<', from, '--input', `--offset=${offset}`)
    }),
  )
  await Promise.all(
    files.map(({ bytes, offset, to }, index) => {
      const count = Math.ceil(bytes.length / blockBytes)
      const queue = ['--qn', `${index + 1}`, '--buffer', `${index * 31 + 1}`]
      return copy('>', to, '--count', `${count}`, '--offset', `${offset}`, ...queue)
    }),
  )
  const disk = readFileSync(image)
  for (const { bytes, offset, to } of files) {
    const read = readFileSync(to)
    expect(read.subarray(0, bytes.length).equals(bytes)).toBe(true)
    expect(read.subarray(bytes.length).every((byte) => byte === 0)).toBe(true)
    const start = offset * blockBytes
    expect(disk.subarray(start, start + bytes.length).equals(bytes)).toBe(true)
  }
})

test('letters mean what they mean to libnvm', async () => {
  await serve('-c', '3', '-s', '3')
  writeFileSync(join(folder.path, 'from'), randomBytes(8 * blockBytes))
  await copy('<', join(folder.path, 'from'), '-i', '-q', '2', '-o', '16', '-b', '4')
  await copy('>', join(folder.path, 'to'), '-c', '8', '-q', '3', '-o', '16', '-b', '3')
  const from = readFileSync(join(folder.path, 'from'))
  expect(readFileSync(join(folder.path, 'to')).equals(from)).toBe(true)
  const shown = await runWell('rpc-identify', '-d', socket, '-n', '1')
  expect(shown.stdout).toContain('Namespace identifier    : 1\n')
  const words = ['-c', socket, '-b', '8', '-o', '16', '-n', '1', '-s', '5']
  await runWell('read-blocks', ...words, '--output', join(folder.path, 'again'))
  expect(readFileSync(join(folder.path, 'again')).equals(from)).toBe(true)
  for (const program of ['rpc-server', 'rpc-identify', 'rpc-dd']) {
    const { stdout } = await runWell(program, '-h')
    expect(stdout).toMatch(/^ {2}-d, --ctrl=.*\n/m)
    expect(stdout).toContain("Of libnvm's options --adapter (-a)")
  }
})

test('the other programs are clients where their controller is a socket', async () => {
  await serve()
  const from = join(folder.path, 'from')
  const to = join(folder.path, 'to')
  const bytes = randomBytes(3 << 20)
  writeFileSync(from, bytes)
  await runWell('integrity', `--ctrl=${socket}`, '--queues=3', from)
  await runWell('read-blocks', `--ctrl=${socket}`, '--blocks=6144', `--output=${to}`)
  expect(readFileSync(to).equals(bytes)).toBe(true)
})

test('rpc-server tells who sends what, and ends with its socket when it is told to', async () => {
  const lines = await serve('-v')
  const client = spawn(cProgram('rpc-identify'), [`--ctrl=${socket}`], { stdio: 'ignore' })
  expect(await nextLine(lines)).toBe(
    `* Client 1 (process ${client.pid}, user ${process.getuid?.()}): command 06h accepted`,
  )
  manager?.kill('SIGTERM')
  expect(await once(manager as ChildProcess, 'exit')).toEqual([0, null])
  expect(existsSync(socket)).toBe(false)
})

test('rpc-dd can be the manager, and serve meanwhile', async () => {
  start('rpc-dd', '-d', image, '-s', socket, '-n', '2', '-i')
  await expect.poll(() => existsSync(socket), { timeout: 10_000 }).toBe(true)
  const other = await runWell('rpc-identify', `--ctrl=${socket}`)
  expect(other.stdout).toContain('peernvm emulator')
  manager?.stdin?.end('from standard input')
  expect(await once(manager as ChildProcess, 'exit')).toEqual([0, null])
  expect(readFileSync(image).toString('latin1', 0, 19)).toBe('from standard input')
})

test('a vfio-user device is shared by a C program, which tells clients of its end', async () => {
  const device = join(folder.path, 'device')
  using server = await Serving.startVfioUser(device, image)
  const lines = start('rpc-server', `--ctrl=vfio-user:${device}`, `--socket=${socket}`)
  expect(await nextLine(lines)).toContain(` at ${socket}`)
  expect((await runWell('rpc-identify', `--ctrl=${socket}`)).stdout).toContain('peernvm emulator')
  const from = join(folder.path, 'from')
  const to = join(folder.path, 'to')
  const bytes = randomBytes(1 << 20)
  writeFileSync(from, bytes)
  await copy('<', from, '--input', '--offset=64')
  await copy('>', to, '--count', '2048', '--offset=64')
  expect(readFileSync(to).equals(bytes)).toBe(true)
  const client = await openController(socket)
  const namespace = await client.namespace(1)
  const memory = await client.allocate(bytes.length)
  await namespace.read({ lba: 64, into: memory })
  expect(bytes.equals(memory.bytes as Uint8Array)).toBe(true)
  await server.kill()
  const { code } = await failureOf(client.admin.identifyController())
  expect(['ERR_MANAGER_GONE', 'ERR_CONTROLLER_GONE']).toContain(code) // as its manager heard first
  await expect
    .poll(async () => (await failureOf(client.admin.identifyController())).message)
    .toContain('its device has gone')
  await client.close()
})

test('wrong arguments, and what nobody serves, are told', async () => {
  const fails = async (program: string, ...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runProgram(cProgram(program), args)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    return stderr
  }
  expect(await fails('rpc-server', '--ctrl', image)).toMatch(/^Usage: /)
  expect(await fails('rpc-server', '-d', image, '--socket', socket, '-c', '2')).toMatch(/^Usage: /)
  expect(await fails('rpc-dd', '-d', socket)).toMatch(/^Usage: /)
  expect(await fails('rpc-dd', '-d', socket, '-c', '1', '--input')).toMatch(/^Usage: /)
  expect(await fails('rpc-identify', '-d', socket)).toContain(socket)
  expect(await fails('rpc-identify', '-d', image)).toContain('nvm_ctrl_open')
  await serve()
  expect(await fails('rpc-dd', '-d', socket, '-c', '2', '-o', '131071')).toMatch(/131072 blocks/)
  expect(await fails('rpc-dd', '-d', socket, '-c', '1', '--buffer=999')).toMatch(/^--buffer=999: /)
  expect(await fails('rpc-dd', '-d', socket, '-c', '1', '--qn=500')).toMatch(/queue 500/)
})
