// SPDX-License-Identifier: MIT
// Asynchronous events of an emulated device, from where they arise to who iterates.
import {
  type Controller,
  type EventIterator,
  type EventsOptions,
  type NvmeEvent,
  openController,
  startEmulator,
} from 'peernvm'
import { describe, expect, test, vi } from 'vitest'

const small = { size: '1MiB' } as const
const withCode = (code: string) => expect.objectContaining({ code })

/** Events of what happens from now on. */
async function watch(controller: Controller, options?: EventsOptions): Promise<EventIterator> {
  const events = controller.events(options)
  await events.ready()
  return events
}

async function nextOf(events: EventIterator): Promise<NvmeEvent> {
  const { value } = await events.next()
  if (value === undefined) throw new Error('the iteration has ended')
  return value
}

describe('events', () => {
  test('a namespace that is plugged in, and one that is pulled out', async () => {
    await using device = await startEmulator(small)
    await using controller = await openController(device.controller())
    await using events = await watch(controller)
    const id = await device.addNamespace({ size: '1MiB' })
    expect(await nextOf(events)).toMatchObject({
      type: 'notice',
      info: 'namespace_attribute_changed',
      text: 'Namespace Attribute Changed',
      logPage: 4,
      changedNamespaces: [id],
      log: expect.objectContaining({ byteLength: 4096 }),
    })
    await device.removeNamespace(id)
    // Its log page was read: otherwise the controller would be silent.
    expect((await nextOf(events)).changedNamespaces).toEqual([id])
  })

  test('temperature and the end of a sanitize, each with its log page', async () => {
    await using controller = await openController({ emulator: small })
    const { admin } = controller
    await using events = await watch(controller)
    const { composite_temperature: temperature } = await admin.smartLog()
    const over = { tmpth: temperature - 1, tmpsel: 0, thsel: 0 }
    for (let i = 0; i < 3; i++) {
      await admin.setFeature('temperature_threshold', over)
      const event = await nextOf(events)
      expect(event).toMatchObject({ type: 'health', info: 'temperature_threshold', logPage: 2 })
      expect(event.smart).toMatchObject({ critical_warning: 2, available_spare: 100 })
    }
    await admin.sanitize({ action: 'block_erase' })
    const event = await nextOf(events)
    expect(event).toMatchObject({ type: 'command_set', info: 'sanitize_completed' })
    expect(event.sanitize?.sprog).toBe(0xffff)
  })

  test('several iterators each get all, in this reference and in another', async () => {
    await using device = await startEmulator(small)
    await using controller = await openController(device.controller())
    await using other = await openController(device.controller())
    const iterators = [await watch(controller), controller.events(), await watch(other)]
    const changed = iterators.map(async (events) => (await nextOf(events)).changedNamespaces)
    const id = await device.addNamespace({ size: '1MiB' })
    expect(await Promise.all(changed)).toEqual([[id], [id], [id]])
  })

  test('they go on after a reset', async () => {
    await using device = await startEmulator(small)
    await using controller = await openController(device.controller())
    await using events = await watch(controller)
    await device.addNamespace({ size: '1MiB' })
    await nextOf(events)
    for (let i = 0; i < 3; i++) {
      await controller.reset()
      const id = await device.addNamespace({ size: '1MiB' })
      expect((await nextOf(events)).changedNamespaces).toEqual([id])
    }
  })

  test('an event during an admin command is heard of, and one before anybody asks', async () => {
    await using device = await startEmulator(small)
    await using controller = await openController(device.controller())
    await using events = await watch(controller)
    const slow = device.inject({ on: { queues: 'admin', opcode: 0x18 }, delayNs: 5e7 })
    const kept = controller.admin.keepAlive()
    const ids = [await device.addNamespace({ size: '1MiB' })]
    await kept
    expect(slow.hits()).toBe(1)
    expect((await nextOf(events)).changedNamespaces).toEqual(ids)
  })

  test('a log page that cannot be read comes as the reason', async () => {
    await using device = await startEmulator(small)
    await using controller = await openController(device.controller())
    await using events = await watch(controller)
    await device.addNamespace({ size: '1MiB' })
    await nextOf(events)
    const opcode = 0x02
    device.inject({ on: { queues: 'admin', opcode, nth: 1 }, status: 'internal_error' })
    await device.addNamespace({ size: '1MiB' })
    const event = await nextOf(events)
    expect(event).toMatchObject({ info: 'namespace_attribute_changed', log: undefined })
    expect(event.logError).toMatchObject({ status: { name: 'internal_error' } })
  })
})

describe('what is known of namespaces', () => {
  test('is forgotten when another controller formats it, however, and only then', async () => {
    await using device = await startEmulator({
      ...small,
      controllers: 2,
      namespaces: [small, small],
    })
    await using one = await openController(device.controller(0))
    await using other = await openController(device.controller(1))
    await using events = await watch(one)
    const [first, second] = await one.namespaces()
    await other.admin.formatNamespace(1, { blockSize: 4096 })
    expect((await nextOf(events)).changedNamespaces).toEqual([1])
    expect([first?.blockSize, second?.blockSize]).toEqual([0, 512])
    expect((await one.namespace(1)).blockSize).toBe(4096)
    expect(await one.namespace(2)).toBe(second)
    await other.admin.formatNamespace(2)
    await nextOf(events)
    expect([second?.blockSize, (await one.namespace(2)).blockSize]).toEqual([0, 512])
  })

  test('is kept through the events of its own attachment', async () => {
    await using controller = await openController({ emulator: { ...small, capacity: '4MiB' } })
    await using events = await watch(controller)
    const id = await controller.admin.createNamespace({ blockCount: 8, blockSize: 512 })
    await controller.admin.attachNamespace(id)
    const namespace = await controller.namespace(id)
    expect((await nextOf(events)).changedNamespaces).toEqual([id])
    await namespace.write({ lba: 0, from: new Uint8Array(512) })
  })
})

describe('an iteration', () => {
  test('ends when the controller is closed, after what came before', async () => {
    await using device = await startEmulator(small)
    const controller = await openController(device.controller())
    const events = await watch(controller)
    const other = controller.events()
    const seen: NvmeEvent[] = []
    const loop = (async () => {
      for await (const event of events) seen.push(event)
    })()
    await device.addNamespace({ size: '1MiB' })
    await vi.waitUntil(() => seen.length === 1)
    await controller.close()
    await loop
    expect(await nextOf(other)).toBe(seen[0])
    expect(await other.next()).toEqual({ done: true, value: undefined })
    expect(() => controller.events()).toThrow(withCode('ERR_CLOSED'))
  })

  test('ends by leaving the loop, and another one begins', async () => {
    await using device = await startEmulator(small)
    await using controller = await openController(device.controller())
    for (let i = 0; i < 3; i++) {
      const events = await watch(controller)
      const id = await device.addNamespace({ size: '1MiB' })
      for await (const { changedNamespaces } of events) {
        expect(changedNamespaces).toEqual([id])
        break
      }
      expect(await events.next()).toEqual({ done: true, value: undefined })
    }
  })

  test('ends by a signal, with its reason', async () => {
    await using controller = await openController({ emulator: small })
    const abort = new AbortController()
    const events = controller.events({ signal: abort.signal })
    const waiting = [events.next(), events.next()]
    abort.abort(new Error('enough'))
    await expect(waiting[0]).rejects.toMatchObject({
      code: 'ERR_ABORTED',
      cause: { message: 'enough' },
    })
    expect(await waiting[1]).toEqual({ done: true, value: undefined })
    const late = controller.events({ signal: abort.signal })
    await expect(late.next()).rejects.toEqual(withCode('ERR_ABORTED'))
    expect((await late.next()).done).toBe(true)
  })

  test('keeps the newest events, and says how many are lost', async () => {
    await using device = await startEmulator(small)
    await using controller = await openController(device.controller())
    await using slow = await watch(controller, { capacity: 2 })
    await using quick = controller.events()
    const ids: number[] = []
    for (let i = 0; i < 5; i++) {
      ids.push(await device.addNamespace({ size: '1MiB' }))
      await nextOf(quick)
    }
    expect([slow.dropped, quick.dropped]).toEqual([3, 0])
    expect((await nextOf(slow)).changedNamespaces).toEqual([ids[3]])
    expect((await nextOf(slow)).changedNamespaces).toEqual([ids[4]])
  })

  test('of a reference without admin queues fails, and of a controller that refuses', async () => {
    await using reference = await openController({ emulator: small }, { role: 'reference' })
    await expect(reference.events().next()).rejects.toEqual(withCode('ERR_NO_ADMIN'))
    await expect(reference.events().ready()).rejects.toEqual(withCode('ERR_NO_ADMIN'))
    await using device = await startEmulator(small)
    await using controller = await openController(device.controller())
    const opcode = 0x0c
    device.inject({ on: { queues: 'admin', opcode }, status: 'invalid_opcode' })
    await expect(controller.events().next()).rejects.toMatchObject({
      code: 'ERR_NVME_STATUS',
      status: { name: 'invalid_opcode' },
    })
  })

  test.each([{ capacity: 0 }, { capacity: -1 }, { capacity: 1e9 }])('%j', async (options) => {
    await using controller = await openController({ emulator: small })
    expect(() => controller.events(options)).toThrow(withCode('ERR_RANGE'))
    const wrong = { signal: {} as AbortSignal }
    expect(() => controller.events(wrong)).toThrow(withCode('ERR_ARGUMENT'))
    const misspelt = { size: 8 } as object
    expect(() => controller.events(misspelt)).toThrow(/events has no option 'size'.*capacity/)
  })
})
