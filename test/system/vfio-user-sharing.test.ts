// SPDX-License-Identifier: MIT
// Three processes: a vfio-user server, a manager that has opened it and shares it, and clients of
// that. Each of them is killed.
import { once } from 'node:events'
import { join } from 'node:path'
import { openController, startEmulator } from 'peernvm'
import { afterEach, describe, expect, test } from 'vitest'
import { askOfNext, failureOf } from '../support/failure.ts'
import { openFiles } from '../support/open-files.ts'
import { runProgram } from '../support/process.ts'
import { killServing, peernvmProgram, Serving } from '../support/serving.ts'
import {
  clientsAre,
  endSharingClients,
  killClients,
  SharingClient,
} from '../support/sharing-client.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

afterEach(() => {
  endSharingClients()
  killServing()
})

/** A server of a new image at `device`, and how to start what there is once more. */
async function serveDevice(folder: TemporaryFolder, ...more: string[]) {
  const device = join(folder.path, 'device')
  const socket = join(folder.path, 'nvm')
  const image = join(folder.path, 'disk.img')
  const startServer = () => Serving.startVfioUser(device, image, '--size', '8MiB', ...more)
  const startManager = () => Serving.start(socket, `vfio-user:${device}`)
  return { device, socket, startServer, startManager, server: await startServer() }
}

describe.each(['trap', 'poll'])('doorbells: %s', (doorbells) => {
  const flags = ['--doorbells', doorbells]

  test('clients are killed at work: nothing is lost, wrong or leaked', async () => {
    using folder = temporaryFolder('vfio-user-sharing')
    const { device, socket } = await serveDevice(folder, ...flags)
    await using controller = await openController(device)
    await using server = await controller.serve({ path: socket })
    const namespace = await controller.namespace(1)
    const survivor = new SharingClient(socket, 0)
    await survivor.isAtWork()
    await namespace.read({ lba: 0, into: new Uint8Array(512) }) // opens the reference's own queue
    // The eventfd of a vector is kept for the next client that uses it.
    await killClients(server, namespace, 1)
    const filesBefore = openFiles()
    await killClients(server, namespace, 3)
    await expect.poll(openFiles, { timeout: 5000 }).toBeLessThanOrEqual(filesBefore)
    const [client] = (await server.status()).clients
    // A few large pieces of memory: the device takes few.
    expect(client).toMatchObject({ pid: survivor.child.pid, mappings: 1, ioCommands: undefined })
    const ended = survivor.hasEnded()
    survivor.child.send('end')
    await ended
    expect(survivor.last?.end).toBe('told')
    await clientsAre(server, 0)
    const queues = await Promise.all(
      Array.from({ length: 63 }, () => controller.createQueuePair({ mode: 'raw', depth: 1 })),
    )
    expect(Math.max(...queues.map(({ id }) => id))).toBe(64) // with the reference's own
  }, 60_000)

  test('a manager that is killed ends its clients, or they go on with the next one', async () => {
    using folder = temporaryFolder('vfio-user-sharing')
    const { socket, startManager } = await serveDevice(folder, ...flags)
    const manager = await startManager()
    const mortal = new SharingClient(socket, 0)
    await mortal.isAtWork()
    const client = await openController(socket, { reconnect: true })
    const namespace = await client.namespace(1)
    const memory = await client.allocate(2 << 20)
    const queue = await client.createQueuePair({ mode: 'await', depth: 8 })
    const raw = await client.createQueuePair({ mode: 'raw', depth: 8, timeoutMs: 10 })
    memory.bytes?.fill(7)
    await queue.write({ namespace, lba: 4096, from: memory.view(0, 1 << 20) })
    const killedAt = performance.timeOrigin + performance.now()
    const ended = mortal.hasEnded()
    await manager.kill()
    await ended
    expect(mortal.last).toMatchObject({ end: 'ERR_MANAGER_GONE', readable: true })
    expect((mortal.last?.since ?? 0) - killedAt).toBeLessThan(1000)
    // Asked while nobody is there.
    expect(memory.bytes?.[1 << 20]).toBe(7)
    const identified = askOfNext(() => client.admin.identifyController())
    const given = await client.allocate(4096)
    given.bytes?.fill(1)
    given[Symbol.dispose]()
    using _next = await startManager()
    expect((await identified).sn).toMatch(/^PN/)
    memory.bytes?.fill(0)
    await queue.read({ namespace, lba: 4096, into: memory.view(0, 1 << 20) })
    expect(memory.bytes?.subarray(0, 1 << 20).every((byte) => byte === 7)).toBe(true)
    expect(queue.stats()).toMatchObject({ restarts: 1 })
    expect((await client.allocate(4096)).bytes?.every((byte) => byte === 0)).toBe(true)
    await mortal.check(namespace)
    expect(() => raw.cq.wait()).toThrow()
    await raw.close()
    await client.close()
  }, 60_000)

  test('a killed server ends manager and clients, or they go on with the next', async () => {
    using folder = temporaryFolder('vfio-user-sharing')
    const { socket, startServer, startManager, server } = await serveDevice(folder, ...flags)
    const manager = await startManager()
    const mortal = new SharingClient(socket, 0)
    await mortal.isAtWork()
    const client = await openController(socket, { reconnect: true })
    const queue = await client.createQueuePair({ mode: 'await', depth: 8 })
    const namespace = await client.namespace(1)
    const memory = await client.allocate(4096)
    memory.bytes?.fill(9)
    await queue.write({ namespace, lba: 4096, from: memory })
    const managerEnd = once(manager.process, 'exit')
    const clientEnd = mortal.hasEnded()
    const killedAt = performance.timeOrigin + performance.now()
    await server.kill()
    await clientEnd
    expect(mortal.last).toMatchObject({ end: 'ERR_MANAGER_GONE', readable: true })
    expect((mortal.last?.since ?? 0) - killedAt).toBeLessThan(1000)
    expect(await managerEnd).toEqual([1, null])
    const waiting = queue.read({ namespace, lba: 4096, into: memory })
    using _server = await startServer()
    using _manager = await startManager()
    memory.bytes?.fill(0)
    await waiting.catch((error) => expect(error.code).toBe('ERR_MANAGER_GONE'))
    await queue.read({ namespace, lba: 4096, into: memory })
    expect(memory.bytes?.every((byte) => byte === 9)).toBe(true)
    await mortal.check(namespace)
    await client.close()
  }, 60_000)

  test('a client that sleeps is woken, and hears of events', async () => {
    using folder = temporaryFolder('vfio-user-sharing')
    const slow = ['--latency-ns', '10000000']
    const { device, socket, server } = await serveDevice(folder, ...flags, ...slow)
    await using controller = await openController(device)
    await using _server = await controller.serve({ path: socket, policy: { administers: true } })
    await using client = await openController(socket)
    const namespace = await client.namespace(1)
    const queue = await client.createQueuePair({ mode: 'await' })
    const into = await client.allocate(4096)
    const count = 20
    for (let i = 0; i < count; i++) await queue.read({ namespace, lba: 0, into })
    // All of them, unless this process had no CPU while the device was done.
    expect(queue.stats().wakeUps).toBeGreaterThan(count / 2)
    const events = client.events()
    const first = events.next()
    await events.ready()
    await using other = await openController(socket)
    await other.admin.formatNamespace(1, { blockSize: 4096 })
    expect((await first).value).toMatchObject({ info: 'namespace_attribute_changed' })
    await server.end() // it would save the new format in the folder
  }, 60_000)
})

test('blocks that a server had in memory are not served as if nothing had happened', async () => {
  using folder = temporaryFolder('vfio-user-sharing')
  const device = join(folder.path, 'device')
  const socket = join(folder.path, 'nvm')
  const startServer = () => Serving.startVfioUser(device, '--size', '8MiB')
  const startManager = () => Serving.start(socket, `vfio-user:${device}`)
  const server = await startServer()
  const manager = await startManager()
  const client = await openController(socket, { reconnect: true })
  const namespace = await client.namespace(1)
  const block = new Uint8Array(512).fill(3)
  await namespace.write({ lba: 0, from: block })
  // The server goes on: they are there.
  await manager.kill()
  const again = await startManager()
  await askOfNext(() => namespace.read({ lba: 0, into: block.fill(0) }))
  expect(block[511]).toBe(3)
  const managerEnd = once(again.process, 'exit')
  await server.kill()
  await managerEnd
  using _server = await startServer()
  using _manager = await startManager()
  const reading = askOfNext(() => namespace.read({ lba: 0, into: block }))
  expect((await failureOf(reading)).code).toBe('ERR_DATA_LOST')
  await client.close().catch(() => {})
}, 60_000)

test('limits hold, and what nobody could keep to is refused', async () => {
  using folder = temporaryFolder('vfio-user-sharing')
  const { device, socket } = await serveDevice(folder)
  await using waiting = await openController(device, { reconnect: true })
  const refused = await failureOf(waiting.serve({ path: socket }))
  expect(refused.code).toBe('ERR_UNSUPPORTED')
  expect(refused.message).toContain('without `reconnect`')
  await waiting.close()
  await using controller = await openController(device)
  for (const policy of [{ readOnly: true }, { namespaces: [1] }, { opcodes: ['read'] }] as const) {
    const { code, message } = await failureOf(controller.serve({ path: socket, policy }))
    expect(code).toBe('ERR_UNSUPPORTED')
    expect(message).toContain(`share ${device}`)
  }
  const limits = { clients: 1, queuePairs: 2, memory: '5MiB' }
  await using _server = await controller.serve({ path: socket, limits })
  await using client = await openController(socket)
  await client.createQueuePair({ mode: 'raw', depth: 7 })
  const memory = await client.allocate(1 << 20)
  expect((await failureOf(client.allocate(4 << 20))).code).toBe('ERR_RANGE')
  memory[Symbol.dispose]()
  await client.allocate(1 << 20) // what came back is used again
  await client.createQueuePair({ mode: 'raw', depth: 7 })
  expect((await failureOf(client.createQueuePair({ mode: 'raw' }))).code).toBe('ERR_NO_QUEUES')
  expect((await failureOf(openController(socket))).code).toBe('ERR_BUSY')
}, 60_000)

test('a device that refuses events is served until it goes', async () => {
  using folder = temporaryFolder('vfio-user-sharing')
  const device = join(folder.path, 'device')
  const socket = join(folder.path, 'nvm')
  const emulator = await startEmulator({ size: '8MiB' })
  emulator.inject({ on: { queues: 'admin', opcode: 0x0a }, status: 'invalid_field' })
  const server = await emulator.serve({ vfioUser: device })
  const manager = await Serving.start(socket, `vfio-user:${device}`)
  const managerEnd = once(manager.process, 'exit')
  const client = await openController(socket)
  await new Promise((resolve) => setTimeout(resolve, 1500)) // it was refused a second time
  await (await client.namespace(1)).read({ lba: 0, into: new Uint8Array(512) })
  await server.close()
  expect(await managerEnd).toEqual([1, null])
  await client.close().catch(() => {})
  await emulator.close()
}, 60_000)

test('peernvm serve says what it does not do for a vfio-user device', async () => {
  using folder = temporaryFolder('vfio-user-sharing')
  const run = (...args: string[]) => runProgram(process.execPath, [peernvmProgram, ...args])
  for (const [args, says] of [
    [['--clients-read-only'], "a vfio-user device does not look at what clients' commands do"],
    [['--size', '1GiB'], `${folder.path} is a vfio-user device, for --socket`],
  ] as const) {
    const { code, stderr } = await run('serve', folder.path, '--socket', 'a', ...args)
    expect(code).toBe(2)
    expect(stderr).toContain(says)
  }
})
