// SPDX-License-Identifier: MIT
// nvm-latency-bench as a client: of a controller that another process serves at a socket.
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'
import { killServing, Serving } from '../support/serving.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder('bench-socket')
const socket = join(folder.path, 'nvm')
const readOnly = join(folder.path, 'read-only')
const connecting = 'Connecting to the manager of the controller...'

beforeAll(async () => {
  await Serving.start(socket, '--size', '16MiB')
  await Serving.start(readOnly, '--size', '16MiB', '--clients-read-only')
}, 20_000)

afterAll(() => {
  killServing()
  folder[Symbol.dispose]()
})

const bench = (ctrl: string, ...args: string[]) =>
  runProgram(process.execPath, [
    join(root, 'dist/benchmarks/latency/main.js'),
    ...['--ctrl', ctrl, ...args],
  ])

test.each(['js', 'batch', 'await', 'native'])('--engine %s measures it', async (engine) => {
  const words = `--engine ${engine} --depth 1,4 --runtime 30ms --pattern random --json -`.split(' ')
  const { code, stderr, stdout } = await bench(socket, ...words, '--write', '--progress', 'none')
  expect(code, stderr).toBe(0)
  const { controller, emulated, runs } = JSON.parse(stdout)
  expect(emulated).toBe(true)
  expect(controller).toMatchObject({ target: socket, transport: 'rpc', blockCount: 32768 })
  expect(runs).toHaveLength(2)
  for (const {
    write,
    queues: [queue],
  } of runs) {
    expect(write.commands).toBeGreaterThan(0)
    expect(write.bytes).toBe(4096 * write.commands)
    expect(write.latency.min).toBeGreaterThan(0)
    expect(queue.paths).toEqual({ direct: queue.write.commands, bounce: 0, p2p: 0 })
  }
})

test('a file goes there and comes back', async () => {
  const [input, output] = [join(folder.path, 'input'), join(folder.path, 'output')]
  writeFileSync(input, randomBytes(1 << 20))
  const size = ['--size', '1MiB']
  expect(await bench(socket, '--write', '--infile', input, ...size)).toMatchObject({ code: 0 })
  expect(await bench(socket, '--verify', input, ...size)).toMatchObject({ code: 0 })
  expect(await bench(socket, '--outfile', output, ...size)).toMatchObject({ code: 0 })
  expect(readFileSync(output).equals(readFileSync(input))).toBe(true)
})

test('libnvm’s ways connect, and reset nothing', async () => {
  const windows = await bench(socket, ...'-n 100 -r 2 -q 2 --write'.split(' '))
  expect(windows.stderr.split('\n').slice(0, 2)).toEqual([
    connecting,
    'Queue #01 remote qd=32 blocks=100 offset=0 pattern=sequential (1 commands)',
  ])
  expect(windows.stderr).toMatch(/^Queue #02 total-blocks=200 count=2 .*\n(\t.*\n){9}OK!\n$/m)
  expect(windows.code).toBe(0)
  const master = await bench(socket, ...'--queue no=1 --blocks=64 -i 3'.split(' '))
  expect(master.stderr).toMatch(new RegExp(`^${connecting} DONE\nPreparing queues... DONE\n`))
  expect(master.code).toBe(0)
})

test.each([
  ['--write --size 64KiB', 'Operation Denied'],
  ['--write --blocks 100', 'Operation Denied'],
  ['--queues 17 --runtime 50ms', 'a client may have 16'],
  ['--timing 970pro --runtime 50ms', 'is not a regular file'],
])('what its manager does not allow says so: %s', async (words, why) => {
  const { code, stderr } = await bench(readOnly, ...words.split(' '))
  expect(code).toBe(1)
  expect(stderr).toContain(why)
})
