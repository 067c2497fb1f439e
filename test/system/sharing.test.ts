// SPDX-License-Identifier: MIT
// One controller and several processes: clients that come and are killed, a manager that is, and
// what `peernvm serve --socket` and `peernvm status` say of it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { openController } from 'peernvm'
import { afterEach, expect, test } from 'vitest'
import { openFiles } from '../support/open-files.ts'
import { runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'
import { killServing, peernvmProgram, Serving } from '../support/serving.ts'
import {
  clientsAre,
  endSharingClients,
  killClients,
  SharingClient,
} from '../support/sharing-client.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const watchers = new Set<ChildProcess>()
afterEach(() => {
  for (const watcher of watchers) watcher.kill('SIGKILL')
  watchers.clear()
  endSharingClients()
  killServing()
})

test('clients are killed again and again: nothing is lost, wrong or leaked', async () => {
  using folder = temporaryFolder('sharing')
  await using controller = await openController({ emulator: { size: '16MiB' } })
  await using server = await controller.serve({ path: join(folder.path, 'nvm') })
  const namespace = await controller.namespace(1)
  const survivor = new SharingClient(server.path, 0)
  await survivor.isAtWork()
  const bytes = new Uint8Array(512)
  await namespace.read({ lba: 0, into: bytes }) // opens the reference's own queue
  const filesBefore = openFiles()
  await killClients(server, namespace, 8)
  // Node closes what it had for a child a little later than it says that the child has gone.
  await expect.poll(openFiles, { timeout: 5000 }).toBeLessThanOrEqual(filesBefore)
  const ended = survivor.hasEnded()
  survivor.child.send('end')
  await ended
  expect(survivor.last?.end).toBe('told')
  await clientsAre(server, 0)
  const queues = await Promise.all(
    Array.from({ length: 127 }, () => controller.createQueuePair({ mode: 'raw', depth: 1 })),
  )
  expect(new Set(queues.map(({ id }) => id)).size).toBe(127)
}, 60_000)

test('a manager that is killed ends its clients at once, with an error that says so', async () => {
  using folder = temporaryFolder('sharing')
  const socket = join(folder.path, 'nvm')
  const image = join(folder.path, 'disk.img')
  const manager = await serve(socket, image, '--size', '8MiB')
  const client = new SharingClient(socket, 0)
  await client.isAtWork()
  const killedAt = performance.timeOrigin + performance.now()
  const ended = client.hasEnded()
  manager.kill('SIGKILL')
  await ended
  expect(client.last).toMatchObject({ end: 'ERR_MANAGER_GONE', readable: true })
  expect((client.last?.since ?? 0) - killedAt).toBeLessThan(1000)
  // What was completed is in the image, and another manager takes the dead one's place.
  const next = await serve(socket, image)
  const controller = await openController(socket)
  await client.check(await controller.namespace(1))
  await controller.close()
  next.kill('SIGTERM')
  expect(await once(next, 'exit')).toEqual([0, null])
  expect(existsSync(socket)).toBe(false)
}, 60_000)

/** `peernvm serve --socket`, once it serves. */
async function serve(socket: string, ...args: string[]): Promise<ChildProcess> {
  return (await Serving.start(socket, ...args)).process
}

const run = (...args: string[]) => runProgram(process.execPath, [peernvmProgram, ...args])

test('peernvm serves, identifies through the socket, and shows who is there', async () => {
  using folder = temporaryFolder('sharing')
  const socket = join(folder.path, 'nvm')
  await serve(socket, '--size', '8MiB', '--model', 'shared', '--client-queue-pairs', '3')
  const identified = await run('identify', socket)
  expect(identified).toMatchObject({ code: 0 })
  expect(identified.stderr).toBe('Connecting to the manager of the controller...\n')
  expect(identified.stdout).toContain('shared')
  expect(await run('status', socket)).toMatchObject({ code: 0, stdout: 'memory: 0 clients\n' })
  const controller = await openController(socket)
  await controller.createQueuePair({ mode: 'raw', depth: 4 })
  const { stdout } = await run('status', socket)
  expect(stdout.split('\n')).toEqual([
    'memory: 1 client',
    expect.stringMatching(/^client +pid +uid +queues +MiB +I\/O a second +admin +since$/),
    expect.stringMatching(new RegExp(`^ *\\d+ +${process.pid} +\\d+ +1 +0\\.0 +0 +2 +[\\d.]+ s$`)),
    '',
  ])
  const json = JSON.parse((await run('status', socket, '--json')).stdout)
  expect(json.clients).toHaveLength(1)
  expect(json.clients[0]).toMatchObject({ pid: process.pid, queuePairs: 1, leaving: false })
  await controller.close()
}, 60_000)

test('peernvm status --watch shows what a client does from look to look', async () => {
  using folder = temporaryFolder('sharing')
  const socket = join(folder.path, 'nvm')
  await using controller = await openController({ emulator: { size: '1MiB' } })
  await using _server = await controller.serve({ path: socket })
  const client = new SharingClient(socket, 0)
  await client.isAtWork()
  const watching = spawn(process.execPath, [peernvmProgram, 'status', socket, '--watch', '0.1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  watchers.add(watching)
  const lines = createInterface(watching.stdout)[Symbol.asyncIterator]()
  const rate = async (): Promise<string | undefined> => {
    for (;;) {
      const { value, done } = await lines.next()
      if (done) throw new Error('the watching has ended')
      const [id, pid, , , , perSecond] = (value as string).trim().split(/ +/)
      if (id === '1' && pid === String(client.child.pid)) return perSecond
    }
  }
  const rateOtherThan = async (odd: number): Promise<number> => {
    for (;;) {
      const perSecond = Number(await rate())
      if (perSecond !== odd) return perSecond
    }
  }
  await rate() // since it connected
  expect(await rateOtherThan(0)).toBeGreaterThan(0)
  client.child.kill('SIGSTOP')
  while ((await rate()) !== '0') {
    // what it had still done when it was stopped
  }
  client.child.kill('SIGCONT')
  expect(await rateOtherThan(0)).toBeGreaterThan(0)
  const ended = once(watching, 'exit')
  watching.kill('SIGINT')
  expect(await ended).toEqual([0, null])
}, 60_000)

test.each([
  { args: ['serve'], says: 'serve takes either --socket or --vfio-user' },
  { args: ['serve', '--socket', 'a', '--vfio-user', 'b'], says: 'either --socket or --vfio-user' },
  {
    args: ['serve', '05:00.0', '--vfio-user', 'b'],
    says: '--vfio-user is about an emulated controller; 05:00.0 is a drive',
  },
  {
    args: ['serve', 'pci:05:00.0', '--socket', 'b', '--size', '1GiB'],
    says: '--size is about an emulated controller',
  },
  {
    args: ['serve', '0000:05:00.0', '--socket', 'b', '--clients-read-only'],
    says: "a drive does not look at what clients' commands do; leave out --clients-read-only",
  },
  { args: ['serve', '--socket', 'a', '--controllers', '2'], says: 'leave out --controllers' },
  { args: ['serve', '--vfio-user', 'a', '--state', 'b'], says: '--state is for --socket' },
  { args: ['serve', '--socket', 'a', '--size', 'abc'], says: '--size takes a size such as' },
  { args: ['serve', '--socket', 'a', '--clients', '0'], says: '--clients is 0; it is 1 to 1000' },
  { args: ['serve', '--socket', 'a', '--client-opcodes', 'foo'], says: 'foo is none of' },
  { args: ['feature', '1', '--cdw11', '99999999999'], says: 'it is 0 to 4294967295' },
  { args: ['status', 'a', '--watch', '0'], says: '--watch takes 0.1 to 3600 seconds' },
  { args: ['status', 'a', '--watch', 'x'], says: '--watch takes a number' },
])('$args is a wrong call', async ({ args, says }) => {
  const { code, stderr } = await run(...args)
  expect(code).toBe(2)
  expect(stderr).toContain(says)
})

test('a socket that is in the way, or not there, has a fix that speaks of it', async () => {
  using folder = temporaryFolder('sharing')
  const socket = join(folder.path, 'nvm')
  const missing = await run('status', socket)
  expect(missing).toMatchObject({ code: 1 })
  expect(missing.stderr).toContain('Give the socket of a process that serves')
  expect(missing.stderr).not.toContain('PCI address')
  using _manager = await Serving.start(socket, '--size', '1MiB')
  const busy = await run('serve', '--size', '1MiB', '--socket', socket)
  expect(busy).toMatchObject({ code: 1 })
  expect(busy.stderr).toContain('and a socket are served by one at a time')
}, 60_000)

test('peernvm status --watch ends at once, however long it waits', async () => {
  using folder = temporaryFolder('sharing')
  const socket = join(folder.path, 'nvm')
  await using controller = await openController({ emulator: { size: '1MiB' } })
  await using _server = await controller.serve({ path: socket })
  const args = [peernvmProgram, 'status', socket, '--watch', '3600']
  const watching = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  watchers.add(watching)
  await once(watching.stdout, 'data')
  const ended = once(watching, 'exit')
  // It listens to signals a moment after it has printed.
  await new Promise((resolve) => setTimeout(resolve, 500))
  watching.kill('SIGINT')
  expect(await ended).toEqual([0, null])
}, 30_000)

test('a drive that is not there is not served', async () => {
  using folder = temporaryFolder('sharing')
  const socket = join(folder.path, 'nvm')
  const { code, stderr } = await run('serve', '0000:ff:1f.7', '--socket', socket)
  expect(code).toBe(1)
  expect(stderr).toContain('there is no PCI device 0000:ff:1f.7')
})

test('a socket that nobody serves any more says so', async () => {
  using folder = temporaryFolder('sharing')
  const socket = join(folder.path, 'nvm')
  const manager = await serve(socket, '--size', '8MiB')
  manager.kill('SIGKILL')
  await once(manager, 'exit')
  const { code, stderr } = await run('identify', socket)
  expect(code).toBe(1)
  expect(stderr).toContain('no manager of a controller serves at')
})

test('a batch under way sends no more commands for blocks that were formatted', async () => {
  using folder = temporaryFolder('batch')
  const socket = join(folder.path, 'nvm')
  const options = ['--latency-ns', '1000000', '--clients-administer']
  using _manager = await Serving.start(socket, '--size', '8MiB', ...options)
  await using client = await openController(socket)
  const namespace = await client.namespace(1)
  const memory = await client.allocate(8192)
  await using queue = await client.createQueuePair({ mode: 'raw', depth: 1 })
  const capacity = 20_000 // 20 seconds at least
  const batch = queue.batch({ namespace, memory, capacity })
  for (let i = 0; i < capacity; i++) batch.commands.set([2, 0, 1, 0], 4 * i)
  const format = `
    const controller = await (await import('peernvm')).openController(${JSON.stringify(socket)})
    await controller.admin.formatNamespace(1, { blockSize: 4096 })
    await controller.close()`
  const args = ['--input-type=module', '-e', format]
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })
  // This thread waits in a native call.
  expect(() => batch.run(capacity)).toThrow(expect.objectContaining({ code: 'ERR_NAMESPACE' }))
  const { commands } = queue.stats()
  expect(commands).toBeGreaterThan(0)
  expect(commands).toBeLessThan(capacity)
  expect(await once(child, 'exit')).toEqual([0, null])
}, 120_000)
