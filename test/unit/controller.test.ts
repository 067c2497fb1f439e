// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest'
import { openController } from '../../src/open.ts'
import type { Target } from '../../src/target.ts'
import { alignedMemory } from '../support/aligned-memory.ts'

const small = { emulator: { size: '1MiB' } } as const
const withCode = (code: string) => expect.objectContaining({ code })

describe('controller', () => {
  test('a reference sends no admin commands until it claims the admin queues', async () => {
    await using controller = await openController(small, { role: 'reference' })
    await expect(controller.admin.identifyController()).rejects.toEqual(withCode('ERR_NO_ADMIN'))
    await controller.claimAdmin()
    expect((await controller.admin.identifyController()).nn).toBe(256)
    expect(await controller.admin.activeNamespaces()).toEqual([1])
  })

  test('what it does not have is named', async () => {
    await using controller = await openController(small)
    await expect(controller.namespace(2)).rejects.toEqual(withCode('ERR_NAMESPACE'))
    await expect(controller.namespace(0)).rejects.toEqual(withCode('ERR_NAMESPACE'))
    await expect(controller.allocate(0)).rejects.toEqual(withCode('ERR_RANGE'))
    await expect(controller.allocate(2 ** 33)).rejects.toEqual(withCode('ERR_RANGE'))
    const deep = controller.createQueuePair({ mode: 'raw', depth: 1e6 })
    await expect(deep).rejects.toEqual(withCode('ERR_RANGE'))
    await expect(controller.admin.submit({ opcode: 0xff })).rejects.toMatchObject({
      code: 'ERR_NVME_STATUS',
      status: { name: 'invalid_opcode' },
      queue: 0,
    })
  })

  test.each([
    ['/no/such/file', 'ERR_TARGET'],
    ['', 'ERR_TARGET'],
    [{ emulator: { blockSize: 1000 } }, 'ERR_ARGUMENT'],
    [{ kind: 'something' }, 'ERR_ARGUMENT'],
    [{ kind: 'peernvm-controller', id: 1e6 }, 'ERR_CLOSED'],
  ])('%j is refused with %s', async (target, code) => {
    await expect(openController(target as unknown as Target)).rejects.toEqual(withCode(code))
  })

  test('memory of the caller is mapped where it is page-aligned', async () => {
    await using controller = await openController(small)
    const namespace = await controller.namespace(1)
    const memory = alignedMemory(65536)
    const { buffer } = memory
    using mapped = await controller.map(memory)
    expect(mapped).toMatchObject({ kind: 'foreign', path: 'direct', byteLength: 65536 })
    await namespace.write({ lba: 5, from: new Uint8Array(512).fill(9) })
    await namespace.read({ lba: 5, into: mapped.view(512, 512) })
    expect(new Uint8Array(buffer)[512]).toBe(9)
    const unaligned = new Uint8Array(buffer, 8, 4096)
    await expect(controller.map(unaligned)).rejects.toEqual(withCode('ERR_ALIGNMENT'))
  })

  test('a descriptor token of another controller is refused', async () => {
    await using one = await openController(small)
    await using other = await openController(small)
    using buffer = await one.allocate(4096)
    await expect(other.attach(buffer.ref())).rejects.toEqual(withCode('ERR_ARGUMENT'))
  })

  test('a descriptor token works as long as a descriptor of the memory is there', async () => {
    await using controller = await openController(small)
    const buffer = await controller.allocate(4096)
    const token = buffer.ref()
    const other = await controller.attach(token)
    buffer[Symbol.dispose]()
    using third = await controller.attach(token)
    third.bytes?.fill(7)
    expect(other.bytes?.[4095]).toBe(7)
    other[Symbol.dispose]()
    third[Symbol.dispose]()
    await expect(controller.attach(token)).rejects.toEqual(withCode('ERR_CLOSED'))
  })
})
