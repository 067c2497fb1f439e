// SPDX-License-Identifier: MIT
// An emulated device as programs use it.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Emulator, openController, startEmulator } from 'peernvm'
import { describe, expect, test } from 'vitest'
import { doorbellModes } from '../../../src/emulator/server.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const blocks = (count: number, byte: number) => new Uint8Array(count * 512).fill(byte)

describe('an emulator', () => {
  test('several controllers share its namespaces', async () => {
    await using device = await startEmulator({ size: '1MiB', controllers: 2 })
    await using first = await openController(device.controller(0))
    await using second = await openController(device.controller(1))
    await (await first.namespace(1)).write({ lba: 3, from: blocks(1, 7) })
    const into = blocks(1, 0)
    await (await second.namespace(1)).read({ lba: 3, into })
    expect(into).toEqual(blocks(1, 7))
    expect((await first.admin.identifyController()).cntlid).toBe(0)
    expect((await second.admin.identifyController()).cntlid).toBe(1)
    expect(device.stats().map((each) => each.commands)).toEqual([1, 1])
    expect(device.stats()[1]).toMatchObject({ readCommands: 1, bytesRead: 512, errors: 0 })
  })

  test('a reset of the subsystem disables its other controllers until they are reset', async () => {
    await using device = await startEmulator({ size: '1MiB', controllers: 2 })
    await using first = await openController(device.controller(0))
    await using second = await openController(device.controller(1), { timeoutMs: 250 })
    const namespace = await first.namespace(1)
    await namespace.write({ lba: 0, from: blocks(1, 7) })
    await first.resetSubsystem()
    expect(await namespace.read({ lba: 0, into: blocks(1, 0) })).toEqual(blocks(1, 7))
    expect(await first.dump()).toContain('NSSRO 1')
    await expect(second.admin.activeNamespaces()).rejects.toMatchObject({
      code: 'ERR_CONTROLLER_DISABLED',
    })
    await second.reset()
    expect(await second.admin.activeNamespaces()).toEqual([1])
  })

  test('is what its description says', async () => {
    await using device = await startEmulator({
      size: '1MiB',
      blockSize: 4096,
      namespaces: [{ size: '2MiB' }],
      identity: { serial: 'S1', model: 'M1', firmware: 'F1' },
      limits: { queuePairs: 3, queueEntries: 64, mdts: 7 },
    })
    await using controller = await openController(device.controller())
    const identity = await controller.admin.identifyController()
    expect([identity.sn, identity.mn, identity.fr, identity.mdts]).toEqual(['S1', 'M1', 'F1', 7])
    expect((await controller.namespace(1)).blockSize).toBe(4096)
    expect((await controller.namespace(2)).blockCount).toBe(4096)
  })

  test.each(['p4800x', '970pro'] as const)('keeps data under the model %s', async (model) => {
    await using device = await startEmulator({ size: '4MiB', model })
    await using controller = await openController(device.controller())
    const namespace = await controller.namespace(1)
    for (let lba = 0; lba < 8192; lba += 64)
      await namespace.write({ lba, from: blocks(64, lba / 64) })
    await namespace.flush()
    const into = blocks(64, 0)
    for (let lba = 0; lba < 8192; lba += 64) {
      await namespace.read({ lba, into })
      expect(Buffer.compare(into, blocks(64, lba / 64))).toBe(0)
    }
  })

  test.each([
    [{ blockSize: 520 as 512 }, 'ERR_ARGUMENT'],
    [{ size: '1MiB', protection: 1 as const }, 'ERR_ARGUMENT'],
    [{ size: '1025GiB', model: '970pro' as const }, 'ERR_ARGUMENT'],
    [{ size: '1MiB', capacity: '2TiB', model: '970pro' as const }, 'ERR_ARGUMENT'],
    [{ image: '/nonexistent/disk.img' }, 'ERR_IMAGE'],
    [{ readOnly: true }, 'ERR_ARGUMENT'],
  ])('refuses %j with %s', async (options, code) => {
    await expect(startEmulator(options)).rejects.toMatchObject({ code })
  })

  test.each([
    [{ size: 100 }, /namespace 1 has 100 bytes, .* not a multiple of 512; give it 512/],
    [{ size: '1MiB', namespaces: [{ size: 1000, blockSize: 4096 as const }] }, /give it 4096/],
    [{ size: '999999TiB' }, /size '999999TiB' is \d+ bytes; it is 1 to/],
    [{ controllers: 0 }, /controllers is 0; it is 1 to 64/],
    [{ controllers: 65 }, /controllers is 65; it is 1 to 64/],
    [{ controllers: 70_000 }, /controllers is 70000; it is 1 to 64/],
    [{ limits: { queuePairs: 0 } }, /queuePairs is 0; it is 1 to 511/],
    [{ limits: { queuePairs: 512 } }, /queuePairs is 512; it is 1 to 511/],
    [{ limits: { queueEntries: 1 } }, /queueEntries is 1; it is 2 to 65536/],
    [{ limits: { mdts: 17 } }, /mdts is 17; it is 0 to 16/],
    [{ limits: { namespaces: 1025 } }, /namespaces is 1025; it is 1 to 1024/],
  ])('refuses %j with ERR_RANGE, the value and the range', async (options, message) => {
    const refused = { code: 'ERR_RANGE', message: expect.stringMatching(message) }
    await expect(startEmulator(options)).rejects.toMatchObject(refused)
  })

  test('takes each of its limits to the end', async () => {
    const most = { queuePairs: 511, queueEntries: 65_536, mdts: 16, namespaces: 1024 }
    const least = { queuePairs: 1, queueEntries: 2, mdts: 0, namespaces: 1 }
    await (await startEmulator({ size: 512, controllers: 64, limits: most })).close()
    await (await startEmulator({ size: 512, controllers: 1, limits: least })).close()
  })

  test('an image that is no whole blocks is an image that cannot be used', async () => {
    using folder = temporaryFolder('emulator')
    const image = join(folder.path, 'disk.img')
    writeFileSync(image, new Uint8Array(1000))
    await expect(startEmulator({ image })).rejects.toMatchObject({ code: 'ERR_IMAGE' })
    const small = { image: join(folder.path, 'new.img'), size: 100 }
    await expect(startEmulator(small)).rejects.toMatchObject({ code: 'ERR_RANGE' })
    expect(existsSync(small.image)).toBe(false)
  })

  test('refuses what an image has not become, and leaves it as it is', async () => {
    using folder = temporaryFolder('emulator')
    const image = join(folder.path, 'disk.img')
    const second = { size: '2MiB' }
    const options = { image, size: '1MiB', namespaces: [second] }
    {
      await using device = await startEmulator(options)
      await using controller = await openController(device.controller())
      await controller.admin.formatNamespace(1, { blockSize: 4096, metadataSize: 8 })
    }
    for (const { asked, says } of [
      { asked: { blockSize: 512 }, says: /namespace 1 .* has block size 4096, not 512; leave the/ },
      { asked: { metadataSize: 0 }, says: /metadata size 8, not 0/ },
      { asked: { extendedBlocks: true }, says: /extended blocks 0, not 1/ },
      { asked: { size: '8MiB' }, says: /size 1048576, not 8388608/ },
      {
        asked: { namespaces: [{ ...second, blockSize: 4096 }] },
        says: /namespace 2 .* 512, not 4096/,
      },
      { asked: { namespaces: [second, second] }, says: /namespace 3 .* is not there/ },
      { asked: { capacity: '2MiB' }, says: /a capacity of 2097152 bytes, .* has 3145728/ },
    ] as const) {
      const refused = { code: 'ERR_ARGUMENT', message: expect.stringMatching(says) }
      await expect(startEmulator({ image, ...asked })).rejects.toMatchObject(refused)
      await expect(openController({ emulator: { image, ...asked } })).rejects.toMatchObject(refused)
    }
    await using device = await startEmulator({ ...options, blockSize: 4096, metadataSize: 8 })
    await using controller = await openController(device.controller())
    expect(await controller.admin.activeNamespaces()).toEqual([1, 2])
  })

  test('gains and loses namespaces while it works', async () => {
    await using device = await startEmulator({ size: '1MiB' })
    await using controller = await openController(device.controller())
    const id = await device.addNamespace({ size: '2MiB', blockSize: 4096 })
    const added = await controller.namespace(id)
    expect([id, added.blockSize, added.blockCount]).toEqual([2, 4096, 512])
    await added.write({ lba: 0, from: new Uint8Array(4096).fill(1) })
    await device.removeNamespace(id)
    await expect(added.read({ lba: 0, into: new Uint8Array(4096) })).rejects.toMatchObject({
      code: 'ERR_NAMESPACE',
    })
    await expect(device.removeNamespace(9)).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
    await expect(device.addNamespace({ size: 513 })).rejects.toMatchObject({ code: 'ERR_RANGE' })
  })

  test('lives as long as one of its controllers is open', async () => {
    const device = await startEmulator({ size: '1MiB' })
    const controller = await openController(device.controller())
    await device.close()
    await device.close()
    await (await controller.namespace(1)).write({ lba: 0, from: blocks(1, 1) })
    expect(() => device.stats()).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
    await expect(openController(device.controller())).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await controller.close()
  })

  test('gives its image back when it is closed, whatever queues it had', async () => {
    using folder = temporaryFolder('close')
    const image = join(folder.path, 'disk.img')
    const kept = []
    for (let i = 0; i < 2; i++) {
      const device = await startEmulator({ image, size: '1MiB' })
      const controller = await openController(device.controller())
      const namespace = await controller.namespace(1)
      await namespace.write({ lba: 0, from: blocks(1, 1) })
      const queue = await controller.createQueuePair({ mode: 'raw', depth: 4 })
      const memory = await controller.allocate(4096)
      const batch = queue.batch({ memory, namespace, capacity: 1 })
      batch.commands.set([2, 0, 1, 0])
      expect(batch.exchange(0, 1, 1)).toBe(1)
      await controller.close()
      await device.close()
      // Nothing of it is collected as long as we hold it, and all of it is inert.
      kept.push(controller, namespace, queue, memory, batch)
      expect([queue.sq.words.length, memory.bytes?.length]).toEqual([0, 0])
      const closed = expect.objectContaining({ code: 'ERR_CLOSED' })
      expect(() => queue.cq.poll()).toThrow(closed)
      expect(() => batch.exchange(0, 1, 1)).toThrow(closed)
    }
    expect(kept).toHaveLength(10)
  })

  test('a controller that was open can be served, at once', async () => {
    using folder = temporaryFolder('serve')
    await using device = await startEmulator({ size: '1MiB' })
    const controller = await openController(device.controller())
    await (await controller.namespace(1)).write({ lba: 0, from: blocks(1, 1) })
    await controller.close()
    const server = await device.serve({ vfioUser: folder.path })
    await server.close()
  })

  test('a controller that is closed can be opened anew', async () => {
    await using device = await startEmulator({ size: '1MiB' })
    for (let i = 0; i < 3; i++) {
      await using controller = await openController(device.controller())
      await (await controller.namespace(1)).write({ lba: i, from: blocks(1, i) })
    }
    expect(device.stats()[0]).toMatchObject({ writeCommands: 3 })
  })
})

describe('faults', () => {
  const open = async (device: Emulator) => {
    const controller = await openController(device.controller(), { timeoutMs: 1000 })
    return { controller, namespace: await controller.namespace(1) }
  }

  test('an injected status reaches the program, for the commands that match', async () => {
    await using device = await startEmulator({ size: '1MiB' })
    const { controller, namespace } = await open(device)
    const fault = device.inject({
      on: { queues: 'io', opcode: 2, lbas: { lba: 4, blockCount: 2 } },
      status: { name: 'unrecovered_read_error', dnr: true },
    })
    await namespace.read({ lba: 0, into: blocks(4, 0) })
    await expect(namespace.read({ lba: 5, into: blocks(1, 0) })).rejects.toMatchObject({
      status: { name: 'unrecovered_read_error', dnr: true },
    })
    expect(fault.hits()).toBe(1)
    fault.remove()
    await namespace.read({ lba: 5, into: blocks(1, 0) })
    await controller.close()
  })

  test('a transient status is retried and not seen', async () => {
    await using device = await startEmulator({ size: '1MiB' })
    const { controller, namespace } = await open(device)
    const fault = device.inject({ on: { queues: 'io' }, status: 'namespace_not_ready', times: 2 })
    await namespace.write({ lba: 0, from: blocks(1, 9) })
    expect(fault.hits()).toBe(2)
    await controller.close()
  })

  test('a flipped byte is data, not an error', async () => {
    await using device = await startEmulator({ size: '1MiB' })
    const { controller, namespace } = await open(device)
    device.inject({ on: { queues: 'io' }, corrupt: { data: 'toHost', offset: 7, mask: 1 } })
    const into = blocks(1, 0)
    await namespace.read({ lba: 0, into })
    expect(into.indexOf(1)).toBe(7)
    await controller.close()
  })

  test('so is one of what admin commands say', async () => {
    await using device = await startEmulator({ size: '1MiB', identity: { serial: 'ABCD' } })
    const { controller } = await open(device)
    const identify = { queues: 'admin', opcode: 6 } as const
    const snOffset = 4
    const mask = 'A'.charCodeAt(0) ^ 'Z'.charCodeAt(0)
    device.inject({ on: identify, corrupt: { data: 'toHost', offset: snOffset, mask }, times: 1 })
    expect((await controller.admin.identifyController()).sn).toBe('ZBCD')
    expect((await controller.admin.identifyController()).sn).toBe('ABCD')
    await controller.close()
  })

  test('a controller that stops is reset, and works again', async () => {
    await using device = await startEmulator({ size: '1MiB' })
    const { controller, namespace } = await open(device)
    await using queue = await controller.createQueuePair({ mode: 'await', timeoutMs: 250 })
    device.inject({ on: { queues: 'io', nth: 1 }, controller: 'stop' })
    const read = () => queue.read({ namespace, lba: 0, into: blocks(1, 0) })
    await expect(read()).rejects.toMatchObject({
      code: expect.stringMatching(/ERR_TIMEOUT|ERR_QUEUE_LOST/),
    })
    await read()
    await controller.close()
  })

  test.each([
    [{}, /does nothing/],
    [{ drp: true }, /a fault has no option 'drp'/],
    [{ on: { lba: 1 }, drop: true }, /match has no option 'lba'/],
    [{ status: 'bad' }, /no status 'bad'/],
    [{ completion: 'twice' }, /'twice' is none of/],
    [{ on: { probability: 2 }, drop: true }, /probability/],
  ])('%j is refused', async (fault, message) => {
    await using device = await startEmulator({ size: '1MiB' })
    expect(() => device.inject(fault as object)).toThrow(message)
  })

  test.each([
    [{ times: 0 }, /times is 0; it is 1 to/],
    [{ on: { nth: 0 } }, /nth is 0; it is 1 to/],
    [{ on: { every: 0 } }, /every is 0; it is 1 to/],
    [{ corrupt: { data: 'toHost', mask: 0 } }, /mask is 0; it is 1 to 255/],
    [{ corrupt: { data: 'toHost', mask: 256 } }, /mask is 256; it is 1 to 255/],
    [{ on: { opcode: 256 } }, /opcode is 256; it is 0 to 255/],
    [{ on: { controller: 9 } }, /controller is 9, of a device whose controllers are 0 to 1/],
    [{ on: { controller: 65_537 } }, /controller is 65537; it is 0 to 65535/],
  ])('%j could never happen, or means something else: out of range', async (fault, message) => {
    await using device = await startEmulator({ size: '1MiB', controllers: 2 })
    const inject = () => device.inject({ delayNs: 1, ...(fault as object) })
    expect(inject).toThrow(expect.objectContaining({ code: 'ERR_RANGE' }))
    expect(inject).toThrow(message)
  })
})

describe('a served controller', () => {
  test.each(doorbellModes)(
    'has a socket with doorbells %s until it is closed',
    async (doorbells) => {
      using folder = temporaryFolder('serve')
      await using device = await startEmulator({ size: '1MiB' })
      const server = await device.serve({ vfioUser: folder.path, doorbells })
      expect(server.path).toBe(join(folder.path, 'cntrl'))
      await expect(openController(device.controller())).rejects.toMatchObject({ code: 'ERR_BUSY' })
      await server.close()
      expect(existsSync(server.path)).toBe(false)
      await (await openController(device.controller())).close()
    },
  )

  test('refuses a way to ring that there is not, and names those that there are', async () => {
    using folder = temporaryFolder('serve')
    await using device = await startEmulator({ size: '1MiB' })
    const options = { vfioUser: folder.path, doorbells: 'knock' as 'poll' }
    await expect(device.serve(options)).rejects.toMatchObject({
      code: 'ERR_ARGUMENT',
      message: expect.stringContaining("doorbells 'knock' is none of trap, poll"),
    })
    expect(existsSync(join(folder.path, 'cntrl'))).toBe(false)
  })
})
