// SPDX-License-Identifier: MIT
// A vfio-user server that is killed and started again, and a client that was opened with
// `reconnect`. What holds of managers as well: successors.test.ts.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { openController } from 'peernvm'
import { afterEach, describe, expect, test } from 'vitest'
import { failureOf } from '../support/failure.ts'
import { openFiles, settledOpenFiles } from '../support/open-files.ts'
import { killServing, Serving } from '../support/serving.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

afterEach(killServing)

/** A server of a new image, and its client. */
async function openServed(folder: string, timeoutMs = 10_000, ...more: string[]) {
  const socket = join(folder, 'socket')
  const image = join(folder, 'disk.img')
  const start = () => Serving.startVfioUser(socket, image, ...more)
  const server = await Serving.startVfioUser(socket, image, '--size', '8MiB', ...more)
  const client = await openController(socket, { reconnect: { timeoutMs } })
  return { socket, image, start, server, client, namespace: await client.namespace(1) }
}

describe.each(['trap', 'poll'])('doorbells: %s', (doorbells) => {
  const flags = ['--doorbells', doorbells]

  test('promise queues, memory and admin commands go on with the next server', async () => {
    using folder = temporaryFolder('vfio-user-reconnect')
    const { start, server, client, namespace } = await openServed(folder.path, 10_000, ...flags)
    const memory = await client.allocate(2 << 20)
    const queue = await client.createQueuePair({ mode: 'await', depth: 8 })
    const raw = await client.createQueuePair({ mode: 'raw', depth: 8, timeoutMs: 10 })
    memory.bytes?.fill(7)
    await queue.write({ namespace, lba: 0, from: memory.view(0, 1 << 20) })
    await server.kill()
    // Asked while nobody is there.
    const identified = client.admin.identifyController()
    const created = client.createQueuePair({ mode: 'await', depth: 4 })
    const written = queue
      .write({ namespace, lba: 4096, from: memory.view(4096, 4096) })
      .catch((error) => expect(error.code).toBe('ERR_CONTROLLER_GONE'))
    expect(memory.bytes?.[1 << 20]).toBe(7)
    using _next = await start()
    expect((await identified).sn).toMatch(/^PN/)
    await written
    for (const pair of [queue, await created]) {
      memory.bytes?.fill(0)
      await pair.read({ namespace, lba: 0, into: memory.view(0, 1 << 20) })
      expect(memory.bytes?.subarray(0, 1 << 20).every((byte) => byte === 7)).toBe(true)
    }
    expect(queue.stats()).toMatchObject({ restarts: 1 })
    // Memory that is copied, through a queue of the controller's own.
    const block = new Uint8Array(512)
    await namespace.read({ lba: 9, into: block })
    expect(block[511]).toBe(7)
    // What nobody recovers says so, and its number is free once it is closed.
    expect(() => raw.cq.wait()).toThrow()
    await raw.close()
    const again = await client.createQueuePair({ mode: 'raw', depth: 8 })
    expect(again.id).toBe(raw.id)
    await client.close()
  }, 60_000)
})

test('a namespace that the next server has in another format is not what it was', async () => {
  using folder = temporaryFolder('vfio-user-reconnect')
  const { socket, image, server, client, namespace } = await openServed(folder.path)
  await namespace.read({ lba: 0, into: new Uint8Array(4096) })
  await server.kill()
  rmSync(`${image}.peernvm`, { force: true }) // the former format, if that was saved
  using _next = await Serving.startVfioUser(socket, image, '--block-size', '4096')
  const into = new Uint8Array(4096)
  await failureOf(namespace.read({ lba: 0, into }))
  expect((await failureOf(namespace.read({ lba: 0, into }))).code).toBe('ERR_NAMESPACE')
  const now = await client.namespace(1)
  expect(now.blockSize).toBe(4096)
  await now.read({ lba: 0, into })
  await client.close()
}, 60_000)

test('who opens it while a reference is being closed waits for the next server', async () => {
  using folder = temporaryFolder('vfio-user-reconnect')
  const { socket, start, server, client } = await openServed(folder.path)
  const closing = client.close()
  await using again = await openController(socket, { reconnect: true })
  await closing
  await server.kill()
  using _next = await start()
  expect((await again.admin.identifyController()).sn).toMatch(/^PN/)
}, 60_000)

test('events go on with the next server, and end when there is none', async () => {
  using folder = temporaryFolder('vfio-user-reconnect')
  const { start, server, client } = await openServed(folder.path, 1000)
  const events = client.events()
  const first = events.next()
  const configured = () => client.admin.getFeature('asynchronous_event_configuration')
  await expect.poll(configured).toMatchObject({ namespace_attribute: 1 }) // so that it watches
  await server.kill()
  const next = await start()
  // The temperature is always above this: the next server's controller says so.
  await client.admin.setFeature('temperature_threshold', { tmpth: 1, tmpsel: 0, thsel: 0 })
  expect((await first).value).toMatchObject({ type: 'health' })
  const last = failureOf(events.next())
  await next.kill()
  expect((await last).code).toBe('ERR_CONTROLLER_GONE')
  await client.close()
}, 60_000)

test('closing while no server is there ends all that waits, and leaves nothing', async () => {
  using folder = temporaryFolder('vfio-user-reconnect')
  const { start, server, client: first } = await openServed(folder.path)
  await first.close()
  const before = await settledOpenFiles()
  const socket = join(folder.path, 'socket')
  const client = await openController(socket, { reconnect: { timeoutMs: 3_600_000 } })
  const namespace = await client.namespace(1)
  const queue = await client.createQueuePair({ mode: 'await' })
  await queue.read({ namespace, lba: 0, into: new Uint8Array(512) })
  await server.kill()
  const waiting = [
    failureOf(queue.read({ namespace, lba: 0, into: new Uint8Array(512) })),
    // More than Node has threads for what takes long.
    ...Array.from({ length: 8 }, () => failureOf(client.admin.identifyController())),
    failureOf(client.createQueuePair({ mode: 'raw' })),
  ]
  await new Promise((resolve) => setTimeout(resolve, 100))
  await client.close()
  for (const { code } of await Promise.all(waiting)) {
    expect(['ERR_CONTROLLER_GONE', 'ERR_ABORTED', 'ERR_CLOSED']).toContain(code)
  }
  await expect.poll(openFiles, { timeout: 5000 }).toBeLessThanOrEqual(before)
  using _next = await start()
  await using again = await openController(socket)
  expect((await again.admin.identifyController()).sn).toMatch(/^PN/)
}, 60_000)
