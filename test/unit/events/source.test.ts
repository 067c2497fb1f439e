// SPDX-License-Identifier: MIT
// The source of events on a scripted native side: one that cannot wake, loses events, or fails.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { NvmError } from '../../../src/errors.ts'
import { EventSource } from '../../../src/events/source.ts'
import type { Binding, NativeEvent, NativeEvents } from '../../../src/native/binding.ts'

const native = vi.hoisted(() => ({
  pending: [] as (NativeEvents | object)[],
  watches: 0,
  asked: 0,
  managers: 0,
  refusal: undefined as object | undefined,
  openWakeSocket: () => -1,
  laterManagers: () => native.managers,
  watchEvents: async () => {
    native.asked++
    if (native.refusal !== undefined) return native.refusal
    native.watches++
    return false // nobody wakes
  },
  unwatchEvents: () => {
    native.watches--
  },
  hasEvents: () => native.pending.length > 0,
  takeEvents: async () => native.pending.shift(),
}))
vi.mock('../../../src/native/load.ts', () => ({ binding: () => native as unknown as Binding }))

const events = (...dwords: number[]): NativeEvent[] =>
  dwords.map((dword0) => ({ dword0, log: new ArrayBuffer(0), failure: undefined }))
const owner = { dump: () => '', meetManager: async () => {}, noticeChanges: vi.fn() }
const makeSource = (): EventSource => new EventSource({} as never, owner)

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
  native.pending = []
  native.watches = 0
  native.asked = 0
  native.refusal = undefined
})

test('a device that cannot wake is looked at now and then, until nobody iterates', async () => {
  const source = makeSource()
  const iterator = source.iterate({})
  await iterator.ready()
  const next = iterator.next()
  native.pending.push({ events: events(2), dropped: 0 })
  await vi.advanceTimersByTimeAsync(100)
  expect((await next).value?.dword0).toBe(2)
  await iterator.return()
  expect([native.watches, vi.getTimerCount()]).toEqual([0, 0])
})

test('what the native side lost is counted by those who iterated then', async () => {
  const source = makeSource()
  const early = source.iterate({})
  await early.ready()
  native.pending.push({ events: events(1), dropped: 3 })
  await vi.advanceTimersByTimeAsync(100)
  const late = source.iterate({ capacity: 1 })
  native.pending.push({ events: events(2, 3), dropped: 4 })
  await vi.advanceTimersByTimeAsync(100)
  expect([early.dropped, late.dropped]).toEqual([4, 2])
})

test('a failure ends every iteration, once each, and the next one begins anew', async () => {
  const source = makeSource()
  const waits = source.iterate({})
  const idle = source.iterate({})
  await waits.ready()
  const next = waits.next()
  native.pending.push({ failureNumber: 2, osError: 0, nvmeStatus: 0, detail: 'a reset' })
  const failed = expect(next).rejects.toThrow(NvmError)
  await vi.advanceTimersByTimeAsync(100)
  await failed
  expect((await waits.next()).done).toBe(true)
  await expect(idle.next()).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
  expect((await idle.next()).done).toBe(true)
  expect([native.watches, vi.getTimerCount()]).toEqual([0, 0])
  await source.iterate({}).ready()
  expect(native.watches).toBe(1)
})

test('an iteration that ends before it is watched leaves nothing behind', async () => {
  const source = makeSource()
  const iterator = source.iterate({})
  const ready = iterator.ready()
  await iterator.return()
  await ready
  expect([native.watches, vi.getTimerCount()]).toEqual([0, 0])
})

test('who follows hears of events that nobody iterates over', async () => {
  const source = makeSource()
  await source.follow()
  owner.noticeChanges.mockClear()
  native.pending.push({ events: events(2), dropped: 0 })
  await vi.advanceTimersByTimeAsync(100)
  expect(owner.noticeChanges).toHaveBeenCalledOnce()
  source.close()
  expect([native.watches, vi.getTimerCount()]).toEqual([0, 0])
})

test('who was refused asks the next manager, or when that is forgotten', async () => {
  const source = makeSource()
  native.refusal = { failureNumber: 2, osError: 0, nvmeStatus: 0, detail: 'no answer' }
  const followTwice = async () => {
    await source.follow()
    await source.follow()
    return native.asked
  }
  expect(await followTwice()).toBe(1)
  native.managers++
  expect(await followTwice()).toBe(2)
  source.forgetRefusal()
  expect(await followTwice()).toBe(3)
  native.refusal = undefined
  await source.iterate({}).ready() // who iterates is told by the controller itself
  expect(await followTwice()).toBe(4)
  source.close()
})
