// SPDX-License-Identifier: MIT
// A manager that is killed and started again, and clients that were opened with `reconnect`. What
// holds of vfio-user servers as well: successors.test.ts.
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { openController } from 'peernvm'
import { afterEach, expect, test } from 'vitest'
import { askOfNext, failureOf } from '../support/failure.ts'
import { openFiles, settledOpenFiles } from '../support/open-files.ts'
import { killServing, Serving } from '../support/serving.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

afterEach(killServing)

/** A manager of a new image, and one client of it. */
async function openShared(folder: string, reconnect: boolean | { timeoutMs: number } = true) {
  const socket = join(folder, 'nvm')
  const image = join(folder, 'disk.img')
  const manager = await Serving.start(socket, image, '--size', '8MiB')
  const client = await openController(socket, { reconnect })
  return { socket, image, manager, client, namespace: await client.namespace(1) }
}

test('promise queues, memory, Workers, other clients go on with the next manager', async () => {
  using folder = temporaryFolder('reconnect')
  const { socket, image, manager, client, namespace } = await openShared(folder.path)
  const other = await openController(socket, { reconnect: true })
  const memory = await client.allocate(2 << 20)
  const queue = await client.createQueuePair({ mode: 'await', depth: 8 })
  const raw = await client.createQueuePair({ mode: 'raw', depth: 8, timeoutMs: 10 })
  memory.bytes?.fill(7)
  await queue.write({ namespace, lba: 0, from: memory.view(0, 1 << 20) })
  await (await other.namespace(1)).read({ lba: 0, into: new Uint8Array(512) })
  await manager.kill()
  // Asked while nobody is there.
  const identified = askOfNext(() => client.admin.identifyController())
  const written = queue
    .write({ namespace, lba: 4096, from: memory.view(4096, 4096) })
    .catch((error) => expect(error.code).toBe('ERR_MANAGER_GONE')) // nobody had noticed yet
  expect(memory.bytes?.[1 << 20]).toBe(7)
  using _next = await Serving.start(socket, image)
  expect((await identified).sn).toMatch(/^PN/)
  await written
  memory.bytes?.fill(0)
  await queue.read({ namespace, lba: 0, into: memory.view(0, 1 << 20) })
  expect(memory.bytes?.subarray(0, 1 << 20).every((byte) => byte === 7)).toBe(true)
  expect(queue.stats()).toMatchObject({ restarts: 1 })
  const block = new Uint8Array(512)
  await (await other.namespace(1)).read({ lba: 0, into: block })
  expect(block[511]).toBe(7)
  // A Worker takes the same connection, and the memory of before.
  const worker = new Worker(new URL('./programs/worker-io.mjs', import.meta.url), {
    workerData: {
      controllerToken: client.ref(),
      bufferToken: memory.ref(),
      task: 'verify',
      range: { offset: 0, byteLength: 1 << 20, value: 7 },
    },
  })
  expect(await once(worker, 'message')).toEqual([true])
  await once(worker, 'exit')
  // What nobody recovers says so, and its number is free once it is closed.
  expect(() => raw.cq.wait()).toThrow()
  await raw.close()
  const again = await client.createQueuePair({ mode: 'raw', depth: 8 })
  expect(again.id).toBe(raw.id)
  await Promise.all([client.close(), other.close()])
}, 60_000)

test('a batch that waits hears at once that its manager has died', async () => {
  using folder = temporaryFolder('batch')
  const socket = join(folder.path, 'nvm')
  const hour = String(3600 * 1e9)
  const manager = await Serving.start(socket, '--size', '8MiB', '--latency-ns', hour)
  const client = await openController(socket)
  const namespace = await client.namespace(1)
  const memory = await client.allocate(512)
  const queue = await client.createQueuePair({ mode: 'raw', depth: 1, timeoutMs: 3_600_000 })
  const batch = queue.batch({ namespace, memory, capacity: 1 })
  batch.commands.set([2, 0, 1, 0])
  // This thread waits in a native call.
  spawn('sh', ['-c', `sleep 0.2; kill -KILL ${manager.process.pid}`])
  expect(() => batch.run(1)).toThrow(expect.objectContaining({ code: 'ERR_QUEUE_LOST' }))
  await client.close()
})

test('an image that was put in the place of another has other blocks', async () => {
  using folder = temporaryFolder('reconnect')
  const { socket, image, manager, client, namespace } = await openShared(folder.path)
  await manager.kill()
  renameSync(image, `${image}.before`)
  using _next = await Serving.start(socket, image, '--size', '8MiB')
  await failureOf(client.allocate(4096))
  const error = await failureOf(namespace.read({ lba: 0, into: new Uint8Array(512) }))
  expect(error.code).toBe('ERR_DATA_LOST')
  await client.close().catch(() => {})
}, 60_000)

test('a controller of another shape is refused, in words', async () => {
  using folder = temporaryFolder('reconnect')
  const { socket, image, manager, client, namespace } = await openShared(folder.path)
  await manager.kill()
  using _next = await Serving.start(socket, image, '--mdts', '3')
  await failureOf(client.allocate(4096))
  const error = await failureOf(namespace.read({ lba: 0, into: new Uint8Array(512) }))
  expect(error.code).toBe('ERR_MANAGER_GONE')
  expect(error.message).toContain('what one command transfers changed')
  await client.close().catch(() => {})
}, 60_000)

test('a namespace that the next manager has in another format is not what it was', async () => {
  using folder = temporaryFolder('reconnect')
  const { socket, image, manager, client, namespace } = await openShared(folder.path)
  const queue = await client.createQueuePair({ mode: 'await' })
  const into = new Uint8Array(4096)
  await queue.read({ namespace, lba: 0, into })
  await manager.kill()
  rmSync(`${image}.peernvm`, { force: true }) // the former format, if that was saved
  const waiting = failureOf(queue.read({ namespace, lba: 0, into }))
  using _next = await Serving.start(socket, image, '--block-size', '4096')
  expect(['ERR_NAMESPACE', 'ERR_MANAGER_GONE']).toContain((await waiting).code)
  expect((await failureOf(queue.read({ namespace, lba: 0, into }))).code).toBe('ERR_NAMESPACE')
  const now = await client.namespace(1)
  expect(now.blockSize).toBe(4096)
  await queue.read({ namespace: now, lba: 0, into })
  await client.close()
}, 60_000)

test('events come from the next manager, and end when there is none', async () => {
  using folder = temporaryFolder('reconnect')
  const socket = join(folder.path, 'nvm')
  const image = join(folder.path, 'disk.img')
  const start = () => Serving.start(socket, image, '--size', '8MiB', '--clients-administer')
  const manager = await start()
  const client = await openController(socket, { reconnect: { timeoutMs: 2000 } })
  const events = client.events()
  const first = events.next()
  await events.ready()
  await manager.kill()
  const next = await start()
  await using other = await openController(socket)
  const namespace = await client.namespace(1)
  await other.admin.formatNamespace(1, { blockSize: 4096 })
  expect((await first).value).toMatchObject({ info: 'namespace_attribute_changed' })
  expect(namespace.blockSize).toBe(0)
  const last = failureOf(events.next())
  await next.kill()
  expect((await last).code).toBe('ERR_MANAGER_GONE')
  await client.close()
}, 60_000)

test('without a manager in time everything fails, and what is open can be closed', async () => {
  using folder = temporaryFolder('reconnect')
  const { manager, client, namespace } = await openShared(folder.path, { timeoutMs: 200 })
  await manager.kill()
  const refusal = async () => (await failureOf(client.allocate(4096))).message
  await expect.poll(refusal, { timeout: 5_000 }).toContain('within 200 ms')
  for (let i = 0; i < 2; i++) {
    const error = await failureOf(namespace.read({ lba: 0, into: new Uint8Array(512) }))
    expect(error.code).toBe('ERR_MANAGER_GONE')
    expect(error.message).toContain('within 200 ms')
  }
  await client.close()
}, 60_000)

test('closing while no manager is there ends all that waits, and leaves nothing', async () => {
  using folder = temporaryFolder('reconnect')
  const socket = join(folder.path, 'nvm')
  const image = join(folder.path, 'disk.img')
  const open = async () => {
    const client = await openController(socket, { reconnect: { timeoutMs: 3_600_000 } })
    await client.allocate(1 << 20)
    const queue = await client.createQueuePair({ mode: 'await' })
    const namespace = await client.namespace(1)
    return { client, queue, namespace }
  }
  const manager = await Serving.start(socket, image, '--size', '8MiB')
  await (await open()).client.close()
  const before = await settledOpenFiles()
  const { client, queue, namespace } = await open()
  await manager.kill()
  const waiting = [
    failureOf(queue.read({ namespace, lba: 0, into: new Uint8Array(512) })),
    // More than Node has threads for what takes long.
    ...Array.from({ length: 8 }, () => failureOf(client.admin.identifyController())),
    failureOf(client.createQueuePair({ mode: 'raw' })),
  ]
  await new Promise((resolve) => setTimeout(resolve, 100))
  const began = performance.now()
  await client.close()
  const codes = (await Promise.all(waiting)).map(({ code }) => code)
  expect(performance.now() - began).toBeLessThan(5000)
  for (const code of codes) {
    expect(['ERR_MANAGER_GONE', 'ERR_ABORTED', 'ERR_CLOSED']).toContain(code)
  }
  await expect.poll(openFiles, { timeout: 5000 }).toBeLessThanOrEqual(before)
}, 60_000)

test('peernvm serve --state: blocks in memory outlive its end, and not its death', async () => {
  using folder = temporaryFolder('reconnect')
  const socket = join(folder.path, 'nvm')
  const state = join(folder.path, 'state')
  const start = () => Serving.start(socket, '--size', '8MiB', '--state', state)
  const manager = await start()
  const client = await openController(socket, { reconnect: true })
  const namespace = await client.namespace(1)
  const block = new Uint8Array(512)
  await namespace.write({ lba: 3, from: block.fill(9) })
  expect(await manager.end()).toBe(0)
  expect(existsSync(state)).toBe(true)
  const next = await start()
  await askOfNext(() => namespace.read({ lba: 3, into: block.fill(0) }))
  expect(block[511]).toBe(9)
  expect(existsSync(state)).toBe(false)
  await next.kill()
  using _last = await start()
  const reading = askOfNext(() => namespace.read({ lba: 3, into: block }))
  expect((await failureOf(reading)).code).toBe('ERR_DATA_LOST')
  await client.close().catch(() => {})
}, 60_000)

/** A manager that hands its device over through `file`. */
async function serveFrom(socket: string, file: string): Promise<ChildProcess> {
  const program = fileURLToPath(new URL('./programs/handing-over.mjs', import.meta.url))
  const child = fork(program, [socket, file])
  expect(await once(child, 'message')).toEqual(['serving', undefined])
  return child
}

test('a manager hands its device over to the next one, blocks in memory included', async () => {
  using folder = temporaryFolder('reconnect')
  const socket = join(folder.path, 'nvm')
  const file = join(folder.path, 'state')
  let manager = await serveFrom(socket, file)
  const client = await openController(socket, { reconnect: true })
  const namespace = await client.namespace(1)
  const block = new Uint8Array(512)
  const versions = new Map<number, number>()
  for (let round = 1; round <= 3; round++) {
    for (let lba = 0; lba < 8; lba++) {
      await namespace.write({ lba, from: block.fill(16 * round + lba) })
      versions.set(lba, 16 * round + lba)
    }
    manager.send('hand over')
    expect(await once(manager, 'exit')).toEqual([0, null])
    const reading = namespace.read({ lba: 1, into: new Uint8Array(512) })
    manager = await serveFrom(socket, file)
    await reading.catch((error) => expect(error.code).toBe('ERR_MANAGER_GONE'))
    for (const [lba, version] of versions) {
      await namespace.read({ lba, into: block })
      expect(block[511]).toBe(version)
    }
  }
  await client.close()
  manager.send('hand over')
  await once(manager, 'exit')
}, 60_000)
