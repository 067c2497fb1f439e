// SPDX-License-Identifier: MIT
// Namespaces that somebody else changed: a Namespace got before is refused, and nobody has to watch
// events for that.
import { join } from 'node:path'
import {
  type Controller,
  type Emulator,
  type Namespace,
  openController,
  startEmulator,
} from 'peernvm'
import { describe, expect, test } from 'vitest'
import { failureOf } from '../support/failure.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

interface Party {
  readonly device: Emulator
  /** Who changes a namespace. */
  readonly changer: Controller
  /** Who knew it before, and hears nothing. */
  readonly user: Controller
}

const size = { size: '8MiB', namespaces: [{ size: '4MiB' }], controllers: 2 }

async function withClients(use: (party: Party, other: Controller) => Promise<void>): Promise<void> {
  using folder = temporaryFolder('changes')
  await using device = await startEmulator(size)
  await using manager = await openController(device.controller())
  const policy = { administers: true }
  await using server = await manager.serve({ path: join(folder.path, 'nvm'), policy })
  await using user = await openController(server.path)
  await using other = await openController(server.path)
  await use({ device, changer: manager, user }, other)
}

const parties: Record<string, (use: (party: Party) => Promise<void>) => Promise<void>> = {
  'another reference, by a token': async (use) => {
    await using device = await startEmulator(size)
    await using changer = await openController(device.controller())
    await using user = await openController(changer.ref())
    await use({ device, changer, user })
  },
  'another controller of the device': async (use) => {
    await using device = await startEmulator(size)
    await using changer = await openController(device.controller(1))
    await using user = await openController(device.controller(0))
    await use({ device, changer, user })
  },
  'the manager, and a client knew it': (use) => withClients((party) => use(party)),
  'a client, and another client knew it': (use) =>
    withClients((party, other) => use({ ...party, changer: other })),
  'a client, and the manager knew it': (use) =>
    withClients(({ device, changer, user }) => use({ device, changer: user, user: changer })),
}

const refused = expect.objectContaining({ code: 'ERR_NAMESPACE' })

/** Every way to send something that a format gives a meaning. */
async function expectStale(user: Controller, stale: Namespace): Promise<void> {
  const memory = await user.allocate(8192)
  memory.bytes?.fill(0xee)
  const block = memory.view(0, 512)
  const plain = new Uint8Array(512)
  await using queue = await user.createQueuePair({ mode: 'await' })
  await expect(stale.read({ lba: 0, into: block })).rejects.toEqual(refused)
  const ways = [
    () => stale.read({ lba: 0, into: plain }),
    () => stale.write({ lba: 0, from: block }),
    () => stale.write({ lba: 0, from: plain }),
    () => stale.readMany([{ lba: 0, into: block }]),
    () => stale.readMany([{ lba: 0, into: plain }]),
    () => stale.writeMany([{ lba: 0, from: block }]),
    () => stale.compare({ lba: 0, with: block }),
    () => stale.writeZeroes({ lba: 0, blockCount: 1 }),
    () => stale.verify({ lba: 0, blockCount: 1 }),
    () => stale.deallocate({ lba: 0, blockCount: 1 }),
    () => stale.copy({ from: { lba: 0, blockCount: 1 }, to: 8 }),
    () => queue.read({ namespace: stale, lba: 0, into: block }),
    () => queue.flush({ namespace: stale }),
  ]
  for (const way of ways) await expect(way(), `${way}`).rejects.toEqual(refused)
  expect(memory.bytes?.every((byte) => byte === 0xee)).toBe(true)
  expect(stale.blockSize).toBe(0)
}

describe.each(Object.entries(parties))('a namespace that was changed by %s', (_, withParty) => {
  test('with a format', async () => {
    await withParty(async ({ changer, user }) => {
      const stale = await user.namespace(1)
      const unchanged = await user.namespace(2)
      expect(stale.blockSize).toBe(512)
      await changer.admin.formatNamespace(1, { blockSize: 4096 })
      await expectStale(user, stale)
      const now = await user.namespace(1)
      expect(now.blockSize).toBe(4096)
      await now.write({ lba: 0, from: new Uint8Array(4096).fill(1) })
      await unchanged.read({ lba: 0, into: new Uint8Array(512) })
    })
  })

  test('with a format, as the first thing that a request in line hears of it', async () => {
    await withParty(async ({ changer, user }) => {
      const stale = await user.namespace(1)
      await using queue = await user.createQueuePair({ mode: 'await', depth: 1 })
      const into = await user.allocate(64 * 512)
      await changer.admin.formatNamespace(1, { blockSize: 4096 })
      const requests = Array.from({ length: 64 }, (_, lba) => ({
        namespace: stale,
        lba,
        into: into.view(lba * 512, 512),
      }))
      await expect(queue.readMany(requests)).rejects.toEqual(refused)
    })
  })

  test('with a format, and is used by hand and in batches', async () => {
    await withParty(async ({ changer, user }) => {
      const stale = await user.namespace(1)
      const memory = await user.allocate(8192)
      memory.bytes?.fill(0xee)
      const queue = await user.createQueuePair({ mode: 'raw' })
      const batch = queue.batch({ namespace: stale, memory, capacity: 1 })
      batch.commands.set([2, 0, 1, 0])
      await changer.admin.formatNamespace(1, { blockSize: 4096 })
      const { sq } = queue
      expect(() => sq.read(sq.enqueue(), 1, 0, 1, memory, 0)).toThrow(refused)
      expect(() => batch.run(1)).toThrow(refused)
      expect(memory.bytes?.every((byte) => byte === 0xee)).toBe(true)
      await user.namespace(1)
      const slot = sq.enqueue()
      sq.read(slot, 1, 0, 1, memory, 4096)
      expect(() => batch.run(1)).toThrow(refused)
    })
  })

  test('by being detached, or deleted and made again', async () => {
    await withParty(async ({ changer, user }) => {
      const first = await user.namespace(2)
      const ids = await changer.admin.subsystemControllers()
      const attached = await changer.admin.attachedControllers(2)
      await changer.admin.detachNamespace(2, attached)
      await expectStale(user, first)
      expect((await failureOf(user.namespace(2))).code).toBe('ERR_NAMESPACE')
      await changer.admin.attachNamespace(2, attached)
      const second = await user.namespace(2)
      await second.read({ lba: 0, into: new Uint8Array(512) })
      await changer.admin.deleteNamespace(2)
      const id = await changer.admin.createNamespace({
        blockCount: 256,
        blockSize: 4096,
        shared: true,
      })
      expect(id).toBe(2)
      await changer.admin.attachNamespace(2, ids)
      await expectStale(user, second)
      expect((await user.namespace(2)).blockSize).toBe(4096)
    })
  })
})

test('a namespace that the program of the device takes away is refused', async () => {
  await using device = await startEmulator(size)
  await using user = await openController(device.controller())
  const stale = await user.namespace(2)
  await device.removeNamespace(2)
  await expectStale(user, stale)
})

test('a namespace changed by another vfio-user controller is refused once told', async () => {
  using folder = temporaryFolder('changes')
  await using device = await startEmulator(size)
  const serve = (controller: number) =>
    device.serve({ controller, vfioUser: join(folder.path, `${controller}`) })
  await using ours = await serve(0)
  await using theirs = await serve(1)
  await using user = await openController(ours.path)
  await using changer = await openController(theirs.path)
  const stale = await user.namespace(1)
  const unchanged = await user.namespace(2)
  await changer.admin.formatNamespace(1, { blockSize: 4096 })
  await expect.poll(() => stale.blockSize).toBe(0)
  await expectStale(user, stale)
  expect((await user.namespace(1)).blockSize).toBe(4096)
  expect(await user.namespace(2)).toBe(unchanged)
})
