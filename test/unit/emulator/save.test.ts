// SPDX-License-Identifier: MIT
// Saving a device at work, and making one of what was saved.
import { rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Controller, openController, startEmulator } from 'peernvm'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const block = (byte: number) => new Uint8Array(512).fill(byte)
const getLogPage = 0x02
const setFeatures = 0x09
const getFeatures = 0x0a
const arbitration = 0x01
const errorInformation = 0x01
const savedBit = 2 ** 31

/** The newest entry of the Error Information log. */
async function lastError(controller: Controller): Promise<Uint8Array> {
  const data = new Uint8Array(64)
  const cdw10 = ((data.byteLength / 4 - 1) << 16) | errorInformation
  await controller.admin.submit({ opcode: getLogPage, nsid: 0xffffffff, cdw10, data })
  return data
}

describe('a saved device', () => {
  test('comes back with identity, namespaces, data, features and logs', async () => {
    await using device = await startEmulator({
      size: '1MiB',
      controllers: 2,
      identity: { serial: 'S1', model: 'M1', firmware: 'F1' },
      limits: { mdts: 7, namespaces: 5 },
    })
    await using controller = await openController(device.controller(1))
    const added = await device.addNamespace({ size: '2MiB', blockSize: 4096 })
    await (await controller.namespace(1)).write({ lba: 2047, from: block(1) })
    await (await controller.namespace(added)).write({ lba: 9, from: new Uint8Array(4096).fill(2) })
    const cdw10 = savedBit + arbitration
    await controller.admin.submit({ opcode: setFeatures, cdw10, cdw11: 0x01020304 })
    await expect(controller.admin.submit({ opcode: 0x7f })).rejects.toMatchObject({
      code: 'ERR_NVME_STATUS',
    })
    const [identity, log] = [
      await controller.admin.identifyController(),
      await lastError(controller),
    ]
    expect(log[0]).toBe(1) // the count of errors

    await using loaded = await startEmulator({ load: await device.save() })
    expect(loaded.controllers).toBe(2)
    await using again = await openController(loaded.controller(1))
    expect(await again.admin.identifyController()).toEqual(identity)
    expect(await lastError(again)).toEqual(log)
    expect(await again.admin.activeNamespaces()).toEqual([1, added])
    const feature = await again.admin.submit({ opcode: getFeatures, cdw10: arbitration })
    expect(feature.dword0).toBe(0x01020304)
    const into = block(0)
    await (await again.namespace(1)).read({ lba: 2047, into })
    expect(into).toEqual(block(1))
    const large = new Uint8Array(4096)
    await (await again.namespace(added)).read({ lba: 9, into: large })
    expect(large).toEqual(new Uint8Array(4096).fill(2))
  })

  test('is of one moment, also while a host writes, whose commands all complete', async () => {
    await using device = await startEmulator({ size: '64MiB' })
    await using controller = await openController(device.controller())
    const namespace = await controller.namespace(1)
    const last = namespace.blockCount - 1
    // Data that is not zero, so that copying takes long enough to see what is written meanwhile.
    const filling = new Uint8Array(1 << 20).fill(0xee)
    for (let lba = 0; lba < namespace.blockCount; lba += filling.length / 512) {
      await namespace.write({ lba, from: filling })
    }
    let version = 0
    const writeNext = async (): Promise<void> => {
      version++
      const from = new Uint8Array(new Uint32Array(128).fill(version).buffer)
      await namespace.write({ lba: 0, from })
      await namespace.write({ lba: last, from })
    }
    await writeNext()
    let stopping = false
    const writing = (async () => {
      while (!stopping) await writeNext()
    })()
    const saved = []
    for (let i = 0; i < 3; i++) saved.push(await device.save())
    const reached = version
    while (version === reached) await new Promise((resolve) => setTimeout(resolve, 1))
    stopping = true
    await writing
    for (const load of saved) {
      await using loaded = await startEmulator({ load })
      await using reader = await openController(loaded.controller())
      const words = [new Uint32Array(128), new Uint32Array(128)] as const
      const there = await reader.namespace(1)
      await there.read({ lba: 0, into: new Uint8Array(words[0].buffer) })
      await there.read({ lba: last, into: new Uint8Array(words[1].buffer) })
      expect([0, 1]).toContain((words[0][0] ?? 0) - (words[1][0] ?? 0))
    }
  })

  test('lets commands that take long complete, and the queues go on', async () => {
    await using device = await startEmulator({ size: '1MiB', timing: { latencyNs: 30e6 } })
    await using controller = await openController(device.controller())
    await using queue = await controller.createQueuePair({ mode: 'await', depth: 16 })
    const namespace = await controller.namespace(1)
    const writes = Array.from({ length: 40 }, (_, lba) =>
      namespace.write({ lba, from: block(lba + 1) }, queue),
    )
    await Promise.all([device.save(), device.save()]) // one after the other
    await Promise.all(writes)
    const into = block(0)
    await namespace.read({ lba: 39, into }, queue)
    expect(into).toEqual(block(40))
  })

  test('a command that does not end makes saving fail in time, and nothing else', async () => {
    await using device = await startEmulator({ size: '1MiB' })
    let answer = (): void => {}
    const asked = new Promise<void>((seen) => {
      device.onCommand(0x81, { name: 'Slow' }, () => {
        seen()
        return new Promise<void>((resolve) => {
          answer = resolve
        })
      })
    })
    await using controller = await openController(device.controller())
    await using queue = await controller.createQueuePair({ mode: 'raw', depth: 4 })
    const slot = queue.sq.enqueue()
    queue.sq.words.fill(0, slot * 16 + 1, slot * 16 + 16)
    queue.sq.words[slot * 16] = ((queue.sq.words[slot * 16] ?? 0) & ~0xff) | 0x81
    queue.sq.words[slot * 16 + 1] = 1
    queue.sq.submit()
    await asked
    await expect(device.save({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
    answer()
    const saved = await device.save()
    expect(queue.cq.poll()).toBe(1)
    queue.cq.update()
    await (await startEmulator({ load: saved })).close()
  })

  test('over an image finds its data there, and its own state', async () => {
    using folder = temporaryFolder('save')
    const image = join(folder.path, 'disk.img')
    writeFileSync(image, new Uint8Array(1 << 20).fill(3))
    const device = await startEmulator({ image })
    const id = await device.addNamespace({ size: '1MiB' })
    const load = await device.save()
    await expect(startEmulator({ load, image })).rejects.toMatchObject({ code: 'ERR_BUSY' })
    await expect(startEmulator({ load })).rejects.toThrow(/is in its image; give that too/)
    await device.close()
    // What the image says of itself is of another time: the saved state counts.
    rmSync(`${image}.peernvm`)
    const loaded = await startEmulator({ load, image })
    const controller = await openController(loaded.controller())
    expect(await controller.admin.activeNamespaces()).toEqual([1, id])
    await controller.close()
    await loaded.close()
    truncateSync(image, 1 << 19)
    await expect(startEmulator({ load, image })).rejects.toThrow(/524288 bytes and had 1048576/)
    truncateSync(image, 1 << 20)
    const reopened = await startEmulator({ image })
    await reopened.removeNamespace(id) // it was kept beside the image
    await reopened.close()
    rmSync(`${image}.ns${id}`, { force: true })
    await expect(startEmulator({ load, image })).rejects.toMatchObject({
      code: 'ERR_IMAGE',
      message: expect.stringContaining(`ns${id} is missing`),
    })
  })

  test('that is damaged, something else, or given more options than fit is refused', async () => {
    await using device = await startEmulator({ size: '1MiB' })
    const load = await device.save()
    const damaged = load.slice()
    damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] ?? 0) ^ 1
    for (const bytes of [damaged, load.slice(0, -1), new Uint8Array(0), block(7)]) {
      await expect(startEmulator({ load: bytes })).rejects.toMatchObject({
        code: 'ERR_STATE',
        fix: expect.stringContaining('whole and unchanged'),
      })
    }
    const newer = load.slice()
    newer[8] = 99
    await expect(startEmulator({ load: newer })).rejects.toThrow(/newer version of peernvm/)
    await expect(startEmulator({ load, size: '2MiB' })).rejects.toThrow(/no option 'size'/)
    await expect(startEmulator({ load, image: 'disk.img' })).rejects.toThrow(/takes no image/)
    await expect(startEmulator({ load: 'bytes' as never })).rejects.toThrow(/device\.save\(\)/)
    await expect(device.save({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'ERR_RANGE' })
  })
})
