// SPDX-License-Identifier: MIT
// A controller that is served, and clients in the same process: each openController of the socket
// is a client of its own.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Controller,
  type ControllerServer,
  openController,
  readSharing,
  type SharingOptions,
  startEmulator,
} from 'peernvm'
import { describe, expect, test } from 'vitest'
import { nvme } from '../../../src/spec/nvme.ts'
import { failureOf } from '../../support/failure.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

interface Shared {
  readonly manager: Controller
  readonly client: Controller
  readonly server: ControllerServer
  readonly path: string
}

async function share(
  options: Omit<SharingOptions, 'path'>,
  use: (shared: Shared) => Promise<void>,
): Promise<void> {
  using folder = temporaryFolder('rpc')
  const path = join(folder.path, 'nvm')
  const size = { size: '8MiB', namespaces: [{ size: '4MiB' }] }
  await using manager = await openController({ emulator: size })
  await using server = await manager.serve({ path, ...options })
  expect(server.path).toBe(path)
  await using client = await openController(path)
  await use({ manager, client, server, path })
}

const page = (byte: number) => new Uint8Array(4096).fill(byte)

describe('a client', () => {
  test('has the same functions as its manager', async () => {
    await share({}, async ({ manager, client }) => {
      expect(client.info).toMatchObject({
        transport: 'rpc',
        emulated: true,
        transferBytesMax: 131072,
      })
      expect(await client.admin.identifyController()).toEqual(
        await manager.admin.identifyController(),
      )
      const [first, second] = await client.namespaces()
      expect([first?.id, second?.id]).toEqual([1, 2])
      await first?.write({ lba: 0, from: page(1) })
      const large = new Uint8Array(1 << 20).fill(9)
      await first?.write({ lba: 16, from: large })
      const back = new Uint8Array(1 << 20)
      await (await manager.namespace(1)).read({ lba: 16, into: back })
      expect(Buffer.compare(back, large)).toBe(0) // toEqual takes seconds
      const stats = (await client.createQueuePair({ mode: 'await' })).stats()
      expect(stats.commands).toBe(0)
      expect(client.dump()).toContain('CSTS')
    })
  })

  test('has no admin queue to show: what it sent is in that of its manager', async () => {
    using folder = temporaryFolder('rpc')
    const path = join(folder.path, 'nvm')
    await using device = await startEmulator({ size: '1MiB' })
    await using manager = await openController(device.controller())
    await using _server = await manager.serve({ path })
    await using client = await openController(path, { timeoutMs: 200 })
    const identify = nvme.codes.admin_opcode.identify[0]
    device.inject({ on: { queues: 'admin', opcode: identify }, drop: true })
    const error = await failureOf(client.admin.identifyNamespace(1))
    expect(error).toMatchObject({ code: 'ERR_TIMEOUT', command: { name: 'Identify' } })
    expect(error.dump).toContain('\nAdmin queue: that of the process which serves the controller; ')
    expect(manager.dump()).toMatch(/\n {4}command \d Identify of namespace 1, CDW10 0x00000000 /)
    await manager.reset() // else the server waits for that command when it is closed
  })

  test('maps memory for the data of one admin command after the other once', async () => {
    await share({}, async ({ client, path }) => {
      const mappings = async () => (await readSharing(path)).clients[0]?.mappings
      for (let i = 0; i < 20; i++) await client.admin.identifyController()
      expect(await mappings()).toBe(1)
      await client.admin.errorLog()
      expect(await mappings()).toBe(1)
    })
  })

  test('works with raw queues and batches, which ring its own doorbells', async () => {
    await share({}, async ({ client }) => {
      const namespace = await client.namespace(1)
      const memory = await client.allocate(8 * 512)
      const queue = await client.createQueuePair({ mode: 'raw', depth: 8 })
      const batch = queue.batch({ namespace, memory, capacity: 8 })
      memory.bytes?.fill(7)
      for (let i = 0; i < 8; i++) batch.commands.set([1, i, 1, i * 512], 4 * i)
      expect(batch.run(8)).toBe(0)
      const into = new Uint8Array(8 * 512)
      await namespace.read({ lba: 0, into })
      expect(into.every((byte) => byte === 7)).toBe(true)
    })
  })

  test('reads into memory that is not peernvm’s, by a copy', async () => {
    await share({}, async ({ client }) => {
      const bytes = new Uint8Array(new ArrayBuffer(3 * 4096))
      const namespace = await client.namespace(1)
      await namespace.write({ lba: 0, from: page(3) })
      await namespace.read({ lba: 0, into: bytes.subarray(1, 4097) })
      expect(bytes[1]).toBe(3)
      const queue = await client.createQueuePair({ mode: 'await' })
      await queue.read({ namespace, lba: 0, into: bytes.subarray(1, 4097) })
      expect(queue.stats()).toMatchObject({ bounce: 1, direct: 0 })
    })
  })

  test('neither resets the controller nor changes it for others', async () => {
    await share({}, async ({ client, path }) => {
      expect((await failureOf(client.reset())).code).toBe('ERR_REFUSED')
      await (await client.namespace(1)).read({ lba: 0, into: page(0) })
      const format = client.admin.formatNamespace(1, { blockSize: 4096 })
      const refused = await failureOf(format)
      expect(refused.code).toBe('ERR_REFUSED')
      expect(refused.message).toMatch(/: Format NVM changes the controller for every/)
      const manager = openController(path, { role: 'manager' })
      expect((await failureOf(manager)).code).toBe('ERR_BUSY')
    })
  })

  test('whose queue cannot be deleted hears of that, and goes on with others', async () => {
    using folder = temporaryFolder('rpc')
    await using device = await startEmulator({ size: '8MiB' })
    await using manager = await openController(device.controller())
    await using server = await manager.serve({ path: join(folder.path, 'nvm') })
    const client = await openController(server.path)
    const namespace = await client.namespace(1)
    const queue = await client.createQueuePair({ mode: 'await', timeoutMs: 50 })
    const read = device.inject({
      on: { queues: 'io', lbas: { lba: 7, blockCount: 1 } },
      drop: true,
    })
    const { abort, delete_io_submission_queue: deletion } = nvme.codes.admin_opcode
    for (const [opcode] of [abort, deletion]) {
      device.inject({ on: { queues: 'admin', opcode }, drop: true, times: 1 })
    }
    const error = await failureOf(queue.read({ namespace, lba: 7, into: page(0) }))
    expect(error.code).toBe('ERR_TIMEOUT')
    const kept = `until the process that serves ${server.path} resets the controller`
    expect(error.message).toContain(kept)
    read.remove()
    await namespace.read({ lba: 7, into: page(0) })
    await using other = await client.createQueuePair({ mode: 'await' })
    await other.read({ namespace, lba: 7, into: page(0) })
    expect((await failureOf(queue.close())).message).toContain(kept)
    await client.close()
    await expect
      .poll(async () => (await server.status()).clients)
      .toMatchObject([{ leaving: true, queuePairs: 1 }])
    await manager.reset()
    await expect.poll(async () => (await server.status()).clients).toEqual([])
  })

  test('hears of events, and of what another client changes', async () => {
    await share({ policy: { administers: true } }, async ({ client, path }) => {
      await using other = await openController(path)
      const stale = await other.namespace(2)
      const events = other.events()
      await events.ready()
      const first = events.next()
      await client.admin.formatNamespace(2, { blockSize: 4096 })
      const { value } = await first
      expect(value?.type).toBe('notice')
      expect((await failureOf(stale.read({ lba: 0, into: page(0) }))).code).toBe('ERR_NAMESPACE')
      expect((await other.namespace(2)).blockSize).toBe(4096)
      await events.return?.()
    })
  })

  test('goes on after its manager reset the controller', async () => {
    await share({}, async ({ manager, client }) => {
      const namespace = await client.namespace(1)
      await namespace.write({ lba: 0, from: page(5) })
      await manager.reset()
      const into = page(0)
      // One that was under way may be lost; the queue pair works again.
      await namespace.read({ lba: 0, into }).catch((error) => {
        expect(error.code).toBe('ERR_QUEUE_LOST')
      })
      await namespace.read({ lba: 0, into })
      expect(into[0]).toBe(5)
    })
  })
})

describe('a policy', () => {
  test('readOnly: writes are refused, by the device', async () => {
    await share({ policy: { readOnly: true } }, async ({ client }) => {
      expect(client.info.writeProtected).toBe(true)
      const namespace = await client.namespace(1)
      await namespace.read({ lba: 0, into: page(0) })
      const failure = await failureOf(namespace.write({ lba: 0, from: page(1) }))
      expect(failure.status?.name).toBe('operation_denied')
    })
  })

  test('opcodes: others are refused, by the device, and harm nobody', async () => {
    await share({ policy: { opcodes: ['read', 'write'] } }, async ({ client, manager, path }) => {
      await using other = await openController(path)
      const namespace = await client.namespace(1)
      await namespace.write({ lba: 0, from: page(1) })
      const flush = await failureOf(namespace.flush())
      expect(flush.status?.name).toBe('operation_denied')
      const zeroes = await failureOf(namespace.writeZeroes({ lba: 0, blockCount: 1 }))
      expect(zeroes.status?.name).toBe('operation_denied')
      const into = page(0)
      await (await other.namespace(1)).read({ lba: 0, into })
      expect(into).toEqual(page(1))
      await (await manager.namespace(1)).flush()
      expect(client.info.writeProtected).toBe(false)
    })
  })

  test('opcodes and readOnly: what both allow', async () => {
    const policy = { opcodes: ['read', 'write'], readOnly: true, administers: true } as const
    await share({ policy }, async ({ client }) => {
      expect(client.info.writeProtected).toBe(true)
      const namespace = await client.namespace(1)
      await namespace.read({ lba: 0, into: page(0) })
      for (const denied of [namespace.write({ lba: 0, from: page(1) }), namespace.flush()]) {
        expect((await failureOf(denied)).status?.name).toBe('operation_denied')
      }
      const format = client.admin.formatNamespace(1, { blockSize: 4096 })
      expect((await failureOf(format)).code).toBe('ERR_REFUSED')
    })
  })

  test('opcodes that are none are refused', async () => {
    await using controller = await openController({ emulator: { size: '1MiB' } })
    const serve = (opcodes: unknown) =>
      controller.serve({ path: 'x', policy: { opcodes } as never })
    expect((await failureOf(controller.serve({ path: '' }))).message).toContain('path is empty')
    for (const opcodes of [[], ['reed'], [2], 'read', [null]]) {
      expect((await failureOf(serve(opcodes))).code).toBe('ERR_ARGUMENT')
    }
  })

  test('namespaces: others are refused, by the device', async () => {
    await share({ policy: { namespaces: [2] } }, async ({ client }) => {
      await (await client.namespace(2)).write({ lba: 0, from: page(1) })
      const other = await client.namespace(1)
      const failure = await failureOf(other.read({ lba: 0, into: page(1) }))
      expect(failure.status?.name).toBe('operation_denied')
    })
  })

  test('administers: formats are obeyed', async () => {
    await share({ policy: { administers: true } }, async ({ client }) => {
      await client.admin.formatNamespace(1, { blockSize: 4096 })
      expect((await client.namespace(1)).blockSize).toBe(4096)
    })
  })
})

describe('limits', () => {
  test('queue pairs of a client', async () => {
    await share({ limits: { queuePairs: 2 } }, async ({ client }) => {
      await client.createQueuePair({ mode: 'raw' })
      const second = await client.createQueuePair({ mode: 'raw' })
      const third = failureOf(client.createQueuePair({ mode: 'raw' }))
      expect((await third).code).toBe('ERR_NO_QUEUES')
      await second.close()
      await client.createQueuePair({ mode: 'raw' })
    })
  })

  test('memory of a client', async () => {
    await share({ limits: { memory: '1MiB' } }, async ({ client, path }) => {
      const half = await client.allocate(1 << 19)
      expect((await failureOf(client.allocate(1 << 20))).code).toBe('ERR_RANGE')
      half[Symbol.dispose]()
      // It goes when Node lets go of the ArrayBuffer.
      const left = async () => (await readSharing(path)).clients[0]?.mappedBytes
      await expect.poll(left).toBe(0)
      await client.allocate(1 << 20)
    })
  })

  test('data that is copied makes do with the memory of a client', async () => {
    await share({ limits: { memory: '1MiB' } }, async ({ client }) => {
      const namespace = await client.namespace(1)
      const large = new Uint8Array(1 << 20)
      await namespace.read({ lba: 0, into: large })
      const sizes = Array.from({ length: 60 }, (_, i) => 512 << (i % 9))
      const requests = sizes.map((bytes) => ({ lba: 0, into: new Uint8Array(bytes) }))
      const read = await namespace.readMany(requests)
      for (const bytes of read) expect(bytes).toEqual(large.subarray(0, bytes.length))
    })
  })

  test('clients', async () => {
    await share({ limits: { clients: 1 } }, async ({ path, server }) => {
      const failure = await failureOf(openController(path))
      expect(failure.code).toBe('ERR_BUSY')
      expect(failure.message).toContain('takes 1 client, and has it; close one')
      expect((await readSharing(path)).clients).toHaveLength(1)
      expect((await server.status()).clients).toHaveLength(1)
    })
  })
})

describe('a server', () => {
  test('that ends is noticed by who waits at a raw queue, long before its timeout', async () => {
    using folder = temporaryFolder('rpc')
    await using device = await startEmulator({ size: '8MiB' })
    await using manager = await openController(device.controller(0))
    const server = await manager.serve({ path: join(folder.path, 'nvm') })
    await using client = await openController(server.path)
    const { sq, cq } = await client.createQueuePair({ mode: 'raw', timeoutMs: 60_000 })
    device.inject({ on: { queues: 'io' }, drop: true })
    sq.flush(sq.enqueue(), 1)
    sq.submit()
    expect(cq.poll()).toBe(0)
    await server.close()
    const lost = expect.objectContaining({ code: 'ERR_QUEUE_LOST' })
    expect(() => cq.wait()).toThrow(lost)
    expect(() => {
      for (;;) cq.poll()
    }).toThrow(lost)
  })

  test('says who is there, without counting who asks', async () => {
    await share({}, async ({ client, path }) => {
      const memory = await client.allocate(4096)
      const namespace = await client.namespace(1)
      await namespace.read({ lba: 0, into: memory })
      const { clients, address } = await readSharing(path)
      expect(address).toBe('memory')
      expect(clients).toHaveLength(1)
      expect(clients[0]).toMatchObject({ pid: process.pid, queuePairs: 1, leaving: false })
      expect(clients[0]?.ioCommands).toBe(1)
      expect(clients[0]?.mappedBytes).toBeGreaterThan(4096)
    })
  })

  test('that closes ends its clients, and their memory stays readable', async () => {
    using folder = temporaryFolder('rpc')
    const path = join(folder.path, 'nvm')
    await using manager = await openController({ emulator: { size: '8MiB' } })
    const server = await manager.serve({ path })
    const client = await openController(path)
    const namespace = await client.namespace(1)
    const memory = await client.allocate(4096)
    memory.bytes?.fill(4)
    await namespace.write({ lba: 0, from: memory })
    await server.close()
    await server.close()
    const failure = await failureOf(namespace.read({ lba: 0, into: page(0) }))
    expect(failure.code).toBe('ERR_MANAGER_GONE')
    expect(memory.bytes?.[0]).toBe(4)
    expect((await failureOf(client.admin.identifyController())).code).toBe('ERR_MANAGER_GONE')
    await client.close().catch(() => {})
    expect((await failureOf(openController(path))).code).toBe('ERR_TARGET')
    await (await manager.namespace(1)).read({ lba: 0, into: page(0) })
  })

  test('that is closed has no status, though another one serves at its path', async () => {
    await share({}, async ({ manager, server, path }) => {
      const closing = server.close()
      expect((await failureOf(server.status())).code).toBe('ERR_CLOSED')
      await closing
      await using next = await manager.serve({ path })
      const { code, message } = await failureOf(server.status())
      expect([code, message]).toEqual(['ERR_CLOSED', `It is closed: the server at ${path}`])
      expect((await next.status()).clients).toEqual([])
    })
  })

  test('closes with its controller', async () => {
    using folder = temporaryFolder('rpc')
    const path = join(folder.path, 'nvm')
    const manager = await openController({ emulator: { size: '8MiB' } })
    const server = await manager.serve({ path })
    await manager.close()
    expect((await failureOf(openController(path))).code).toBe('ERR_TARGET')
    expect((await failureOf(server.status())).code).toBe('ERR_CLOSED')
  })

  test('names the folder of its socket that has to be made', async () => {
    using folder = temporaryFolder('rpc')
    await using manager = await openController({ emulator: { size: '8MiB' } })
    const missing = join(folder.path, 'missing')
    writeFileSync(join(folder.path, 'file'), '')
    for (const place of [missing, join(folder.path, 'file')]) {
      const { code, message } = await failureOf(manager.serve({ path: join(place, 'nvm') }))
      const what = `${place}, where the socket is to be, is no folder; make it, or name another`
      expect([code, message]).toEqual(['ERR_ARGUMENT', `Wrong argument: ${what}`])
    }
    mkdirSync(missing)
    await using server = await manager.serve({ path: join(missing, 'nvm') })
    expect((await server.status()).clients).toEqual([])
  })

  test('one for each path', async () => {
    await share({}, async ({ manager, path }) => {
      expect((await failureOf(manager.serve({ path }))).code).toBe('ERR_BUSY')
      await using second = await manager.serve({ path: `${path}-2` })
      await using client = await openController(second.path)
      expect(client.info.address).toContain(`${path}-2`)
    })
  })

  test('is not started by a client, nor with wrong options', async () => {
    await share({}, async ({ manager, client, path }) => {
      const served = failureOf(client.serve({ path: `${path}-2` }))
      expect((await served).code).toBe('ERR_NO_ADMIN')
      for (const options of [
        {},
        { path: 1 },
        { path: 'a', limits: { clients: 0 } },
        { path: 'a', limits: { memory: 'much' } },
        { path: 'a', policy: { namespaces: [0] } },
        { path: 'a', policy: { readonly: true } },
      ]) {
        const failure = await failureOf(manager.serve(options as unknown as SharingOptions))
        expect(['ERR_ARGUMENT', 'ERR_RANGE']).toContain(failure.code)
      }
    })
  })
})
