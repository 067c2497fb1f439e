// SPDX-License-Identifier: MIT
// Namespaces that are plugged in while hosts create their own, and where they are kept.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Emulator, openController, startEmulator } from 'peernvm'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../support/temporary-folder.ts'

test('namespaces that are added at the same moment have ids of their own', async () => {
  using folder = temporaryFolder('hot-add')
  await using device = await startEmulator({ image: join(folder.path, 'disk.img'), size: '1MiB' })
  const sizes = [1, 2, 3, 4].map((mebibytes) => mebibytes << 20)
  const ids = await Promise.all(sizes.map((size) => device.addNamespace({ size })))
  expect(new Set(ids)).toEqual(new Set([2, 3, 4, 5]))
  await using controller = await openController(device.controller())
  for (const [i, id] of ids.entries()) {
    const { blockCount, blockSize } = await controller.namespace(id)
    expect(blockCount * blockSize).toBe(sizes[i])
  }
})

test('a capacity that was given bounds what is added; without one it grows', async () => {
  const capacityOf = async (device: Emulator) => {
    await using controller = await openController(device.controller())
    return (await controller.admin.identifyController()).tnvmcap
  }
  await using device = await startEmulator({ size: '1MiB', capacity: '3MiB' })
  await using loaded = await startEmulator({ load: await device.save() })
  for (const bounded of [device, loaded]) {
    const tooLarge = bounded.addNamespace({ size: '4MiB' })
    await expect(tooLarge).rejects.toMatchObject({
      code: 'ERR_RANGE',
      message: expect.stringMatching(/2097152 are free of the capacity of 3145728; give a smaller/),
    })
    // Each alone would fit.
    const both = [1, 2].map(() => bounded.addNamespace({ size: '2MiB' }))
    const outcomes = (await Promise.allSettled(both)).map(({ status }) => status)
    expect(outcomes.sort()).toEqual(['fulfilled', 'rejected'])
    expect(await capacityOf(bounded)).toBe(3n << 20n)
  }
  const torn = device.addNamespace({ size: 1000 })
  await expect(torn).rejects.toMatchObject({ code: 'ERR_RANGE' })
  await using unbounded = await startEmulator({ size: '1MiB' })
  await unbounded.addNamespace({ size: '4MiB' })
  expect(await capacityOf(unbounded)).toBe(5n << 20n)
})

test('a namespace whose record cannot be saved is not there, and the next one is', async () => {
  using folder = temporaryFolder('hot-add')
  const image = join(folder.path, 'disk.img')
  const record = `${image}.peernvm`
  let id = 0
  {
    await using device = await startEmulator({ image, size: '1MiB' })
    mkdirSync(record) // a file does not replace a folder with something in it
    writeFileSync(join(record, 'in-the-way'), '')
    await expect(device.addNamespace({ size: '2MiB' })).rejects.toMatchObject({
      code: 'ERR_OS',
      message: expect.stringContaining('the files of namespaces'),
    })
    await using controller = await openController(device.controller())
    await expect(controller.namespace(2)).rejects.toMatchObject({ code: 'ERR_NAMESPACE' })
    rmSync(record, { recursive: true })
    // The number of the first is free again once that has gone, a moment later.
    id = await device.addNamespace({ size: '2MiB' })
    expect([2, 3]).toContain(id)
  }
  const files = ['disk.img', `disk.img.ns${id}`, 'disk.img.peernvm']
  expect(readdirSync(folder.path).sort()).toEqual(files)
  await using device = await startEmulator({ image })
  await using controller = await openController(device.controller())
  expect((await controller.namespace(id)).blockCount).toBe(4096)
})
