// SPDX-License-Identifier: MIT
import { decode, openController, startEmulator } from 'peernvm'
import { expect, test } from 'vitest'
import { decodeNamespaceDescriptors } from '../../../src/admin/identify.ts'

const withCode = (code: string) => expect.objectContaining({ code })

test('any data structure as bytes, by name and by number, or decoded', async () => {
  await using controller = await openController({ emulator: { size: '1MiB' } })
  const { admin } = controller
  const bytes = await admin.identify({ cns: 0x01 })
  expect(bytes.byteLength).toBe(4096)
  expect(decode('IdentifyController', bytes)).toEqual(await admin.identifyController())
  expect(await admin.identify({ cns: 'identify_namespace', nsid: 1 })).toEqual(
    await admin.identify({ cns: 0, nsid: 1, csi: 'nvm', cntid: 0 }),
  )
  expect((await admin.identifyNamespace(1)).nsze).toBe(2048n)
  expect((await admin.identifyNamespaceNvm(1)).lbstm).toBe(0n)
  expect((await admin.identifyControllerNvm()).wzsl).toBeGreaterThan(0)
  expect((await admin.identifyNamespaceIndependent(1)).nstat).toBe(1)
  expect((await admin.commandSets()).iocsc[0]).toBe(1n)
  // A command set that the controller has not: the request reaches it as it was written.
  await expect(
    admin.identify({ cns: 'command_set_namespace', nsid: 1, csi: 'zoned_namespace' }),
  ).rejects.toMatchObject({ status: { name: 'invalid_field' } })
})

test('lists of namespaces and controllers', async () => {
  await using device = await startEmulator({ controllers: 3, size: '1MiB', capacity: '4MiB' })
  await using controller = await openController(device.controller(1))
  const { admin } = controller
  const id = await admin.createNamespace({ blockCount: 8, blockSize: 512, shared: true })
  expect(await admin.activeNamespaces()).toEqual([1])
  expect(await admin.allocatedNamespaces()).toEqual([1, id])
  expect(await admin.allocatedNamespaces(1)).toEqual([id])
  expect((await admin.identifyAllocatedNamespace(id)).nsze).toBe(8n)
  expect((await admin.identifyNamespace(id)).nsze).toBe(0n)
  expect(await admin.subsystemControllers()).toEqual([0, 1, 2])
  expect(await admin.subsystemControllers(1)).toEqual([1, 2])
  expect(await admin.attachedControllers(id)).toEqual([])
  await admin.attachNamespace(id, [2, 0])
  expect(await admin.attachedControllers(id)).toEqual([0, 2])
  expect(await admin.attachedControllers(id, 1)).toEqual([2])
})

test('the descriptors of a namespace name it as Identify does', async () => {
  await using controller = await openController({ emulator: { size: '1MiB' } })
  const { eui64, nguid } = await controller.admin.identifyNamespace(1)
  const descriptors = await controller.admin.namespaceDescriptors(1)
  expect(descriptors).toEqual({
    eui64: Buffer.from(eui64).toString('hex'),
    nguid: Buffer.from(nguid).toString('hex'),
    uuid: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    csi: 0,
  })
})

test('unknown and cut off descriptors are no harm', () => {
  const bytes = new Uint8Array(40)
  bytes.set([0x77, 2, 0, 0, 1, 2], 0)
  bytes.set([0x04, 1, 0, 0, 2], 6)
  expect(decodeNamespaceDescriptors(bytes)).toEqual({ csi: 2 })
  bytes.set([0x02, 255], 11)
  expect(decodeNamespaceDescriptors(bytes)).toMatchObject({ csi: 2 })
  expect(decodeNamespaceDescriptors(new Uint8Array(3))).toEqual({})
})

test.each([
  [{ cns: 'no_such_structure' }, 'ERR_ARGUMENT'],
  [{ cns: 'toString' }, 'ERR_ARGUMENT'],
  [{ cns: 256 }, 'ERR_RANGE'],
  [{ cns: 1.5 }, 'ERR_RANGE'],
  [{ cns: 0, nsid: -1 }, 'ERR_RANGE'],
  [{ cns: 0, nsid: 2 ** 32 }, 'ERR_RANGE'],
  [{ cns: 0, cntid: 65536 }, 'ERR_RANGE'],
  [{ cns: 0, csi: 'block' }, 'ERR_ARGUMENT'],
])('identify(%j) is refused with %s', async (request, code) => {
  await using controller = await openController({ emulator: { size: '1MiB' } })
  await expect(controller.admin.identify(request as never)).rejects.toEqual(withCode(code))
})
