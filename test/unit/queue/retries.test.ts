// SPDX-License-Identifier: MIT
// Commands that failed and are sent again, and those that are not.
import { describe, expect, test, vi } from 'vitest'
import { openController } from '../../../src/open.ts'
import { statusField } from '../../../src/spec/names.ts'
import { failureOf } from '../../support/failure.ts'
import { ScriptedDevice } from '../../support/scripted-completions.ts'

const dnr = 0x4000

describe('retries', () => {
  const busy = statusField('internal_error')

  test('a read that may be repeated is sent again, and resolves', async () => {
    await using device = await ScriptedDevice.open({ depth: 2, timeoutMs: 10_000 })
    const { queue, namespace } = device
    using memory = await device.controller.allocate(4096)
    const read = queue.read({ namespace, lba: 9, into: memory.view(1024, 512) })
    const before = queue.ring.words.slice(0, 16)
    device.post(device.command(0).cid, busy)
    await expect.poll(() => device.command(1).lba).toBe(9)
    const after = queue.ring.words.slice(16, 32)
    expect(after.subarray(1)).toEqual(before.subarray(1)) // all but the command's id
    device.post(device.command(1).cid)
    expect(await read).toHaveLength(512)
    expect(queue.stats().retries).toBe(1)
  })

  test.each([
    { status: busy, times: 3, why: 'at most three times' },
    { status: busy | dnr, times: 1, why: 'not with DNR' },
    { status: statusField('aborted_by_host'), times: 1, why: 'not for an error of the path' },
    { status: statusField('command_aborted'), times: 1, why: 'not when it was aborted' },
  ])('$why', async ({ status, times }) => {
    await using device = await ScriptedDevice.open({ depth: 4, timeoutMs: 10_000 })
    const { queue, namespace } = device
    const write = failureOf(queue.write({ namespace, lba: 5, from: new Uint8Array(512) }))
    for (let i = 0; i < times; i++) {
      await expect.poll(() => device.command(i).lba).toBe(5)
      device.post(device.command(i).cid, status)
    }
    expect(await write).toMatchObject({ code: 'ERR_NVME_STATUS', attempts: times })
    expect(queue.stats().retries).toBe(times - 1)
  })

  test('a command is sent again although its slot was used again meanwhile', async () => {
    await using device = await ScriptedDevice.open({ depth: 2, timeoutMs: 10_000 })
    const { queue, namespace } = device
    using memory = await device.controller.allocate(4096)
    const slow = queue.read({ namespace, lba: 77, into: memory.view(512, 512) })
    const { cid } = device.command(0)
    for (let i = 1; i <= 4; i++) {
      const quick = queue.read({ namespace, lba: i, into: memory.view(0, 512) })
      device.post(device.command(i % 3).cid)
      await quick
    }
    expect(device.command(0).lba).toBe(3)
    device.post(cid, busy)
    await expect.poll(() => device.command(2).lba).toBe(77)
    device.post(device.command(2).cid)
    expect((await slow).byteOffset).toBe(512)
  })

  test('a group with a command that is sent again resolves once, with its data', async () => {
    await using device = await ScriptedDevice.open({ depth: 4, timeoutMs: 10_000 })
    const { queue, namespace } = device
    const into = [new Uint8Array(512), new Uint8Array(512)]
    const group = queue.readMany(
      into.map((bytes, lba) => ({ namespace, lba: lba + 1, into: bytes })),
    )
    device.post(device.command(0).cid, busy)
    device.post(device.command(1).cid)
    await expect.poll(() => device.command(2).lba).toBe(1)
    device.post(device.command(2).cid)
    expect(await group).toEqual(into)
  })

  test('a flush is sent again', async () => {
    await using device = await ScriptedDevice.open({ depth: 2, timeoutMs: 10_000 })
    const { queue, namespace } = device
    const flush = queue.flush({ namespace })
    device.post(device.command(0).cid, busy)
    await expect.poll(() => queue.stats().commands).toBe(2)
    device.post(device.command(1).cid)
    await flush
  })

  test('CRD names a time of Identify Controller, in units of 100 ms', async () => {
    await using controller = await openController({ emulator: { size: '1MiB' } })
    const identify = await controller.admin.identifyController()
    const times = { ...identify, crdt1: 1, crdt2: 20, crdt3: 300 }
    vi.spyOn(controller.admin, 'identifyController').mockResolvedValueOnce(times)
    expect(await controller.retryDelayMs(1)).toBe(100)
    expect(await controller.retryDelayMs(2)).toBe(2000)
    expect(await controller.retryDelayMs(3)).toBe(30_000)
  })

  test('memory that was disposed of meanwhile is not written again', async () => {
    await using device = await ScriptedDevice.open({ depth: 2, timeoutMs: 10_000 })
    const { queue, namespace } = device
    const memory = await device.controller.allocate(4096)
    const read = failureOf(queue.read({ namespace, lba: 9, into: memory.view(0, 512) }))
    memory[Symbol.dispose]()
    device.post(device.command(0).cid, busy)
    expect(await read).toMatchObject({ code: 'ERR_NVME_STATUS', attempts: 1 })
  })

  test('nothing is sent again to a namespace that was formatted meanwhile', async () => {
    await using device = await ScriptedDevice.open({ depth: 2, timeoutMs: 10_000 })
    const { queue, namespace } = device
    using memory = await device.controller.allocate(4096)
    const read = failureOf(queue.read({ namespace, lba: 9, into: memory.view(0, 512) }))
    queue.forgetNamespace(2)
    queue.forgetNamespace(namespace.id)
    queue.forgetNamespace(3)
    device.post(device.command(0).cid, busy)
    expect(await read).toMatchObject({ code: 'ERR_NVME_STATUS', attempts: 1 })
    // The id is used again, with another tag.
    const again = queue.read({ namespace, lba: 10, into: memory.view(0, 512) })
    device.post(device.command(1).cid, busy)
    await expect.poll(() => device.command(2).lba).toBe(10)
    device.post(device.command(2).cid)
    await again
  })

  test('the ids of what was outstanding at a format serve again, retries and all', async () => {
    await using device = await ScriptedDevice.open({ depth: 2047, timeoutMs: 10_000 })
    const { queue, namespace } = device
    using memory = await device.controller.allocate(4096)
    let slot = 0
    const read = async (failures: number): Promise<void> => {
      const done = queue.read({ namespace, lba: slot, into: memory.view(0, 512) })
      for (const lba = slot; failures > 0; failures--) {
        device.post(device.command(slot++).cid, busy)
        await expect.poll(() => device.command(slot).lba, { interval: 1 }).toBe(lba)
      }
      device.post(device.command(slot++).cid)
      await done
    }
    const before = queue.read({ namespace, lba: 0, into: memory.view(0, 512) })
    queue.forgetNamespace(namespace.id)
    device.post(device.command(slot++).cid)
    await before
    // 32 uses of the id until its tag is the same; three in each lap, so that each use fails once.
    for (let lap = 0; lap < 40; lap++) {
      await read(0)
      await read(1)
    }
    expect(queue.stats().retries).toBe(40)
  })

  test('the controller says when (CRD): within the timeout, not after closing', async () => {
    await using device = await ScriptedDevice.open({ depth: 2, timeoutMs: 5000 })
    const { queue, namespace, controller } = device
    const delays = vi.spyOn(controller, 'retryDelayMs')
    const read = (lba: number) => queue.read({ namespace, lba, into: new Uint8Array(512) })
    delays.mockResolvedValueOnce(30)
    const first = read(1)
    device.post(device.command(0).cid, busy | (1 << 11))
    await expect.poll(() => queue.stats().commands).toBe(2)
    device.post(device.command(1).cid)
    await first
    delays.mockResolvedValueOnce(5001)
    const second = failureOf(read(2))
    device.post(device.command(2).cid, busy | (2 << 11))
    expect(await second).toMatchObject({ status: { crd: 2 }, attempts: 1 })
    delays.mockResolvedValueOnce(4999)
    const third = failureOf(read(3))
    device.post(device.command(0).cid, busy | (3 << 11))
    await expect.poll(() => delays.mock.calls).toEqual([[1], [2], [3]])
    await queue.close()
    expect(await third).toMatchObject({ code: 'ERR_ABORTED' })
  })
})
