// SPDX-License-Identifier: MIT
// Namespaces that are formatted, created and deleted, and what becomes of what was known of them.
import { openController, startEmulator } from 'peernvm'
import { describe, expect, test } from 'vitest'

const small = { size: '1MiB' } as const
const withCode = (code: string) => expect.objectContaining({ code })

describe('management', () => {
  test('a namespace is created, attached, used, detached and deleted', async () => {
    await using controller = await openController({ emulator: { ...small, capacity: '4MiB' } })
    const { admin } = controller
    const id = await admin.createNamespace({ blockCount: 256, blockSize: 4096 })
    expect((await controller.namespaces()).map((each) => each.id)).toEqual([1])
    await admin.attachNamespace(id)
    const namespaces = await controller.namespaces()
    expect(namespaces.map(({ id, blockSize }) => ({ id, blockSize }))).toEqual([
      { id: 1, blockSize: 512 },
      { id, blockSize: 4096 },
    ])
    await namespaces[1]?.write({ lba: 255, from: new Uint8Array(4096) })
    await admin.detachNamespace(id)
    await expect(controller.namespace(id)).rejects.toEqual(withCode('ERR_NAMESPACE'))
    await admin.deleteNamespace(id)
    expect(await admin.allocatedNamespaces()).toEqual([1])
  })

  test('a format is chosen by block and metadata size, or by its index', async () => {
    await using controller = await openController({ emulator: small })
    const { admin } = controller
    await admin.formatNamespace(1, { blockSize: 4096, metadataSize: 8, protection: 'type_1' })
    const { flbas, lbaf, dps } = await admin.identifyNamespace(1)
    expect(lbaf[flbas & 0xf]).toMatchObject({ lbads: 12, ms: 8 })
    expect(dps).toBe(1)
    await admin.formatNamespace(1, { lbaFormat: 0, secureErase: 'user_data', timeoutMs: 60_000 })
    expect((await controller.namespace(1)).blockSize).toBe(512)
    await admin.formatNamespace('all')
    expect((await controller.namespace(1)).blockSize).toBe(512)
    await expect(admin.formatNamespace(1, { blockSize: 1000 })).rejects.toMatchObject({
      code: 'ERR_UNSUPPORTED',
      message: expect.stringMatching(/1000 bytes; there are 512, .*4096\+8/),
    })
    await expect(admin.formatNamespace(1, { secureErase: 'cryptographic' })).rejects.toMatchObject({
      status: { name: 'invalid_field' },
    })
  })

  test.each([0, -1, 0xffffffff])('namespace %d cannot be managed', async (nsid) => {
    await using controller = await openController({ emulator: small })
    const { admin } = controller
    await expect(admin.formatNamespace(nsid)).rejects.toEqual(withCode('ERR_RANGE'))
    await expect(admin.deleteNamespace(nsid)).rejects.toEqual(withCode('ERR_RANGE'))
    await expect(admin.attachNamespace(nsid)).rejects.toEqual(withCode('ERR_RANGE'))
    await expect(admin.detachNamespace(nsid)).rejects.toEqual(withCode('ERR_RANGE'))
  })

  test('a list of controllers has 1 to 2047 that fit 16 bits', async () => {
    await using controller = await openController({ emulator: small })
    for (const controllers of [[], new Array(2048).fill(0), [65536], [-1]]) {
      const attached = controller.admin.attachNamespace(1, controllers)
      await expect(attached).rejects.toEqual(withCode('ERR_RANGE'))
    }
  })
})

describe('what was known of a namespace', () => {
  const stale = expect.objectContaining({
    code: 'ERR_NAMESPACE',
    message: expect.stringContaining('controller.namespace(1)'),
  })

  test('is not used for reads and writes once it was formatted', async () => {
    await using controller = await openController({ emulator: small })
    const before = await controller.namespace(1)
    using memory = await controller.allocate(4096)
    await before.read({ lba: 0, into: memory })
    await controller.admin.formatNamespace(1, { blockSize: 4096 })
    expect(before.blockSize).toBe(0)
    await expect(before.read({ lba: 0, into: memory })).rejects.toEqual(stale)
    await expect(before.write({ lba: 0, from: new Uint8Array(512) })).rejects.toEqual(stale)
    await expect(before.readMany([{ lba: 0, into: memory }])).rejects.toEqual(stale)
    await expect(before.compare({ lba: 0, with: memory })).rejects.toEqual(stale)
    await expect(before.writeZeroes({ lba: 0, blockCount: 1 })).rejects.toEqual(stale)
    await expect(before.deallocate({ lba: 0, blockCount: 1 })).rejects.toEqual(stale)
    await expect(before.flush()).rejects.toEqual(stale)
    const after = await controller.namespace(1)
    expect([after.blockSize, after.blockCount]).toEqual([4096, 256])
    await after.read({ lba: 255, into: memory })
  })

  test('is not used for requests that waited while it was formatted', async () => {
    await using device = await startEmulator(small)
    await using controller = await openController(device.controller())
    await using queue = await controller.createQueuePair({ mode: 'await', depth: 1 })
    const namespace = await controller.namespace(1)
    using memory = await controller.allocate(512)
    // The first read has the only id until the namespace has another format.
    device.inject({ on: { queues: 'io', nth: 1 }, delayNs: 3e8 })
    const first = namespace.read({ lba: 0, into: memory }, queue)
    const waiting = [
      namespace.read({ lba: 1, into: memory }, queue),
      namespace.read({ lba: 2, into: memory }, queue),
    ]
    const formatted = controller.admin.submit({ opcode: 0x80, nsid: 1, cdw10: 1 })
    await first
    for (const read of waiting) await expect(read).rejects.toEqual(stale)
    await formatted
    expect(queue.stats().commands).toBe(1)
  })

  test('is not used by raw queues and batches either', async () => {
    await using controller = await openController({ emulator: small })
    await using queue = await controller.createQueuePair({ mode: 'raw' })
    const namespace = await controller.namespace(1)
    using memory = await controller.allocate(8192)
    const batch = queue.batch({ namespace, memory, capacity: 1 })
    queue.sq.read(queue.sq.enqueue(), 1, 0, 8, memory, 0)
    queue.sq.submit()
    queue.cq.wait()
    queue.cq.update()
    await controller.admin.formatNamespace(1, { blockSize: 4096 })
    const slot = queue.sq.enqueue()
    const read = (): void => queue.sq.read(slot, 1, 0, 2, memory, 0)
    expect(read).toThrow(withCode('ERR_NAMESPACE'))
    expect(() => batch.run(1)).toThrow(stale)
    expect(() => queue.batch({ namespace, memory, capacity: 1 })).toThrow(stale)
    await controller.namespace(1)
    read()
  })

  test('is forgotten for raw admin commands, too, and for no other namespace', async () => {
    await using device = await startEmulator({ namespaces: [small, small] })
    await using controller = await openController(device.controller())
    const [first, second] = await controller.namespaces()
    await controller.admin.submit({ opcode: 0x80, nsid: 1 })
    expect([first?.blockSize, second?.blockSize]).toEqual([0, 512])
    expect(await controller.namespace(2)).toBe(second)
    await controller.admin.submit({ opcode: 0x80, nsid: 0xffffffff })
    expect(second?.blockSize).toBe(0)
  })

  test('of two who ask at the same time both get the same namespace', async () => {
    await using controller = await openController({ emulator: small })
    const [one, other] = await Promise.all([controller.namespace(1), controller.namespace(1)])
    expect(one).toBe(other)
  })

  test('is asked again when it changed while it was asked', async () => {
    await using device = await startEmulator(small)
    await using controller = await openController(device.controller())
    // The answer to the first Identify comes after the format.
    device.inject({ on: { queues: 'admin', opcode: 0x06, namespace: 1, nth: 1 }, delayNs: 2e8 })
    const asked = controller.namespace(1)
    await controller.admin.submit({ opcode: 0x80, nsid: 1, cdw10: 1 })
    expect((await asked).blockSize).toBeGreaterThan(0)
    const { flbas, lbaf } = await controller.admin.identifyNamespace(1)
    expect((await asked).blockSize).toBe(2 ** (lbaf[flbas & 0xf]?.lbads ?? 0))
  })
})
