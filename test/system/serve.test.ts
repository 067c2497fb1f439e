// SPDX-License-Identifier: MIT
// `peernvm serve` with vfio-user clients that are NVMe hosts.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { runProgram } from '../support/process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { VfioUserClient } from '../support/vfio-user-client.ts'

const program = fileURLToPath(new URL('../../dist/src/cli/peernvm.js', import.meta.url))
const identify = 0x06
const write = 0x01
const read = 0x02

let served: ChildProcess | undefined
afterEach(() => {
  served?.kill('SIGKILL')
})

/** Starts the program; what it says when its sockets, `count` of them, are there. */
async function serve(count: number, ...args: string[]): Promise<string[]> {
  served = spawn(process.execPath, [program, 'serve', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const said: string[] = []
  if (served.stdout === null) throw new Error('it has no output')
  for await (const line of createInterface(served.stdout)) {
    if (said.push(line) === count) break
  }
  return said
}

async function identifyController(client: VfioUserClient): Promise<Buffer> {
  await client.admin({ opcode: identify, cdw10: 1 })
  return Buffer.from(client.data)
}

test('a device as its options describe it, with a socket for each controller', async () => {
  using folder = temporaryFolder('serve')
  const size = ['--size', '8MiB', '--namespace', '4MiB', '--namespace', '2MiB']
  const shape = ['--block-size', '4096', '--metadata-size', '8', '--capacity', '64MiB']
  const names = ['--serial', 'S1', '--model', 'M1', '--firmware', 'F1']
  const limits = ['--mdts', '3', '--queue-pairs', '2', '--namespaces-max', '5']
  const where = ['--controllers', '2', '--vfio-user', folder.path]
  const sockets = ['0', '1'].map((index) => join(folder.path, index, 'cntrl'))
  expect(await serve(2, ...size, ...shape, ...names, ...limits, ...where)).toEqual([
    `Serving controller 0 of memory at ${sockets[0]}`,
    `Serving controller 1 of memory at ${sockets[1]}`,
  ])
  using client = await VfioUserClient.open(sockets[1] ?? '')
  const controller = await identifyController(client)
  expect(controller.toString('latin1', 4, 72)).toBe(
    `${'S1'.padEnd(20)}${'M1'.padEnd(40)}${'F1'.padEnd(8)}`,
  )
  expect(controller[77]).toBe(3) // MDTS
  expect(controller.readUInt16LE(78)).toBe(1) // CNTLID
  expect(controller.readBigUInt64LE(280)).toBe(64n << 20n) // TNVMCAP
  expect(controller.readUInt32LE(516)).toBe(5) // NN
  await client.admin({ opcode: identify, cdw10: 2 })
  expect([0, 4, 8, 12].map((at) => client.data.readUInt32LE(at))).toEqual([1, 2, 3, 0])
  await client.admin({ opcode: identify, nsid: 3 })
  expect(client.data.readBigUInt64LE(0)).toBe(512n) // NSZE
  expect(client.data[26]).toBe(3) // FLBAS: 4096 + 8
  expect(await client.admin({ opcode: 0x0a, cdw10: 7 })).toBe(0x0001_0001) // Number of Queues
})

test('two hosts at once work on one disk', async () => {
  using folder = temporaryFolder('serve')
  await serve(2, '--size', '8MiB', '--controllers', '2', '--vfio-user', folder.path)
  using first = await VfioUserClient.open(join(folder.path, '0', 'cntrl'))
  using second = await VfioUserClient.open(join(folder.path, '1', 'cntrl'))
  const blocks = 100
  const fill = async (client: VfioUserClient, from: number): Promise<void> => {
    for (let lba = from; lba < from + blocks; lba++) {
      client.data.fill(lba % 251, 0, 512)
      await client.io({ opcode: write, nsid: 1, cdw10: lba })
    }
  }
  const check = async (client: VfioUserClient, from: number): Promise<void> => {
    for (let lba = from; lba < from + blocks; lba++) {
      await client.io({ opcode: read, nsid: 1, cdw10: lba })
      expect(client.data.subarray(0, 512).every((byte) => byte === lba % 251)).toBe(true)
    }
  }
  await Promise.all([fill(first, 0), fill(second, blocks)])
  await Promise.all([check(first, blocks), check(second, 0)])
})

test('ends at SIGTERM, while hosts are connected, without its sockets', async () => {
  using folder = temporaryFolder('serve')
  await serve(2, '--size', '1MiB', '--controllers', '2', '--vfio-user', folder.path)
  using _client = await VfioUserClient.open(join(folder.path, '1', 'cntrl'))
  served?.kill('SIGTERM')
  expect(await once(served as ChildProcess, 'exit')).toEqual([0, null])
  expect(existsSync(join(folder.path, '0', 'cntrl'))).toBe(false)
  expect(existsSync(join(folder.path, '1', 'cntrl'))).toBe(false)
})

test('an image goes on in its format, and another one that is asked for is refused', async () => {
  using folder = temporaryFolder('serve')
  const image = join(folder.path, 'disk.img')
  const where = ['--vfio-user', folder.path]
  for (const format of [['--size', '1MiB', '--block-size', '4096'], []]) {
    await serve(1, image, ...format, ...where)
    served?.kill('SIGTERM')
    expect(await once(served as ChildProcess, 'exit')).toEqual([0, null])
  }
  const args = [program, 'serve', image, '--block-size', '512', ...where]
  const outcome = await runProgram(process.execPath, args)
  expect(outcome.code).toBe(1)
  expect(outcome.stderr).toMatch(/has block size 4096, not 512; leave .* out, or delete/)
})

test('a controller that cannot be served ends all of it', async () => {
  using folder = temporaryFolder('serve')
  await serve(1, '--size', '1MiB', '--vfio-user', join(folder.path, '1'))
  const options = ['--size', '1MiB', '--controllers', '2', '--vfio-user', folder.path]
  const outcome = await runProgram(process.execPath, [program, 'serve', ...options])
  expect(outcome.code).toBe(1)
  expect(outcome.stderr).toMatch(/^peernvm: It is in use: .*\n {2}/)
  expect(existsSync(join(folder.path, '0', 'cntrl'))).toBe(false)
})

test.each([
  [['--controllers', 'two'], /--controllers takes a whole number/, 2],
  [['--controllers', '65'], /--controllers is 65; it is 1 to 64/, 2],
  [['--serial', 'a', '--serial', 'b'], /--serial is there twice/, 2],
  [['--size', 'much'], /--size takes a size such as .*, not much/, 2],
  [['--namespace', '4KB'], /--namespace takes a size such as .*, not 4KB/, 2],
  [['--block-size', '520'], /--block-size is one of 512, 4096, and not '520'/, 2],
  [['--protection', '1'], /1 needs 8 bytes of metadata/, 1],
  [['--latency', '5'], /serve takes no --latency; did you mean --latency-ns\?/, 2],
  [['--mdts'], /--mdts needs a value/, 2],
])('%j is refused by name', async (options, message, exitCode) => {
  const args = [program, 'serve', '--vfio-user', '/nonexistent/serve', ...options]
  const outcome = await runProgram(process.execPath, args)
  expect(outcome.code).toBe(exitCode)
  expect(outcome.stderr).toMatch(message)
  expect(outcome.stderr).not.toContain('    at ')
})
