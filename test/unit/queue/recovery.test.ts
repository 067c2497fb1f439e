// SPDX-License-Identifier: MIT
// A promise queue on a device that misbehaves: a table of misbehaviours and what they come to, then
// what completions that nobody expects must not do.
import { describe, expect, test, vi } from 'vitest'
import { startEmulator } from '../../../src/emulator/emulator.ts'
import type { NvmError } from '../../../src/errors.ts'
import type { Outcome } from '../../../src/native/binding.ts'
import { binding } from '../../../src/native/load.ts'
import { openController } from '../../../src/open.ts'
import { failureOf } from '../../support/failure.ts'
import { ScriptedDevice } from '../../support/scripted-completions.ts'

// The grace period for an Abort is as long.
const timeoutMs = 400

/** What a native call returns for a row of the error table. */
const failure = (failureNumber: number) => ({
  failureNumber,
  osError: 0,
  nvmeStatus: 0,
  detail: 'scripted',
})
const timedOut = failure(2)
const fatal = failure(13)
const gone = failure(14)

interface Misbehaviour {
  readonly name: string
  /** What the native rungs come to; those left out are real. */
  readonly abort?: Outcome<boolean>
  readonly drop?: Outcome<number>
  readonly recreate?: Outcome<undefined>
  /** What the overdue command, another one, and one that waits for its turn come to. */
  readonly overdue: string
  readonly other: string
  readonly waiting: string
  /** What the queue does afterwards: a code, or that it works. */
  readonly later: string
}

const misbehaviours: readonly Misbehaviour[] = [
  {
    name: 'a command is lost, and so is its abort',
    abort: false,
    overdue: 'ERR_TIMEOUT',
    other: 'ERR_QUEUE_LOST',
    waiting: 'works',
    later: 'works',
  },
  {
    name: 'Abort is not answered',
    abort: timedOut,
    overdue: 'ERR_TIMEOUT',
    other: 'ERR_QUEUE_LOST',
    waiting: 'works',
    later: 'works',
  },
  {
    name: 'deleting the queue is not answered, the controller is reset',
    abort: timedOut,
    drop: 2,
    overdue: 'ERR_TIMEOUT',
    other: 'ERR_QUEUE_LOST',
    waiting: 'works',
    later: 'works',
  },
  {
    name: 'CSTS.CFS, a reset helps',
    abort: fatal,
    drop: 13,
    overdue: 'ERR_CONTROLLER_FATAL',
    other: 'ERR_CONTROLLER_FATAL',
    waiting: 'works',
    later: 'works',
  },
  {
    name: 'CC.EN cleared by somebody else',
    abort: failure(29),
    drop: 29,
    overdue: 'ERR_CONTROLLER_DISABLED',
    other: 'ERR_CONTROLLER_DISABLED',
    waiting: 'works',
    later: 'works',
  },
  {
    name: 'CSTS.CFS, a reset does not help',
    abort: fatal,
    drop: fatal,
    overdue: 'ERR_CONTROLLER_FATAL',
    other: 'ERR_CONTROLLER_FATAL',
    waiting: 'ERR_CONTROLLER_FATAL',
    later: 'ERR_CONTROLLER_FATAL',
  },
  {
    name: 'the device is gone',
    abort: gone,
    drop: gone,
    overdue: 'ERR_CONTROLLER_GONE',
    other: 'ERR_CONTROLLER_GONE',
    waiting: 'ERR_CONTROLLER_GONE',
    later: 'ERR_CONTROLLER_GONE',
  },
  {
    name: 'the queues cannot be created again',
    abort: false,
    recreate: failure(24),
    overdue: 'ERR_TIMEOUT',
    other: 'ERR_QUEUE_LOST',
    waiting: 'ERR_NO_QUEUES',
    later: 'ERR_NO_QUEUES',
  },
]

/**
 * Puts scripted outcomes in the place of native rungs; the real drop happens unless it fails.
 * `onAbort` is called before the first Abort is answered.
 */
function script({ abort, drop, recreate }: Misbehaviour, onAbort: () => void): string[] {
  const calls: string[] = []
  const native = binding()
  const original = { ...native }
  vi.spyOn(native, 'abortCommand').mockImplementation(async (...args) => {
    if (!calls.includes('abort')) onAbort()
    calls.push('abort')
    return abort ?? (await original.abortCommand(...args))
  })
  vi.spyOn(native, 'dropQueuePair').mockImplementation(async (queue, deleteMs) => {
    calls.push('drop')
    expect(deleteMs).toBe(abort === timedOut ? timeoutMs : undefined)
    if (typeof drop === 'object') return drop
    const outcome = await original.dropQueuePair(queue, deleteMs)
    return drop ?? outcome
  })
  vi.spyOn(native, 'recreateQueuePair').mockImplementation(async (queue) => {
    calls.push('recreate')
    return recreate ?? (await original.recreateQueuePair(queue))
  })
  return calls
}

async function outcomeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'works',
    (error: NvmError) => error.code,
  )
}

describe('recovery', () => {
  test.each(misbehaviours)('$name', async (misbehaviour) => {
    const { overdue, other, waiting, later } = misbehaviour
    await using device = await ScriptedDevice.open({ depth: 2, timeoutMs })
    const { queue, namespace } = device
    using memory = await device.controller.allocate(4096)
    const read = (lba: number): Promise<string> =>
      outcomeOf(queue.read({ namespace, lba, into: memory.view(0, 512) }))
    const late: Promise<string>[] = []
    const submitLate = () => late.push(read(1), read(2))
    const calls = script(misbehaviour, () => {
      // Young enough not to be overdue when the queue is dropped.
      if (misbehaviour.abort === false) setTimeout(submitLate, timeoutMs / 2)
      else submitLate()
    })
    expect(await read(0)).toBe(overdue)
    expect(await late[0]).toBe(other)
    if (waiting === 'works') {
      device.restart()
      await expect.poll(() => device.command(0).lba).toBe(2)
      device.post(device.command(0).cid)
    }
    expect(await late[1]).toBe(waiting)
    const last = read(3)
    if (later === 'works') device.post(device.command(1).cid)
    expect(await last).toBe(later)
    expect(calls.slice(0, 2)).toEqual(['abort', 'drop'])
    expect(queue.stats()).toMatchObject({ aborts: 1, restarts: later === 'works' ? 1 : 0 })
  })

  test('a command that Abort ends rejects with ERR_TIMEOUT, its cause and a dump', async () => {
    await using device = await ScriptedDevice.open({ depth: 2, timeoutMs })
    const { queue, namespace } = device
    const read = queue.read({ namespace, lba: 7, into: new Uint8Array(512) })
    const error = await failureOf(read)
    expect(error).toMatchObject({
      code: 'ERR_TIMEOUT',
      queue: queue.id,
      command: { name: 'Read', lba: 7 },
      cause: { code: 'ERR_NVME_STATUS', status: { name: 'command_aborted' } },
    })
    expect(error.dump).toContain('outstanding 1')
    expect(queue.stats()).toMatchObject({ aborts: 1, restarts: 0, retries: 0 })
  })

  test('a command that completes in the grace period has its real result', async () => {
    await using device = await ScriptedDevice.open({ depth: 2, timeoutMs })
    const { queue, namespace } = device
    const native = binding()
    vi.spyOn(native, 'abortCommand').mockImplementation(async () => {
      device.post(device.command(0).cid)
      return false
    })
    const into = new Uint8Array(512)
    expect(await queue.read({ namespace, lba: 0, into })).toBe(into)
    expect(queue.stats()).toMatchObject({ aborts: 1, restarts: 0 })
  })

  test('a real device works again after its queue was deleted and created', async () => {
    const bandwidth = 2 ** 17
    await using controller = await openController({
      emulator: { size: '16MiB', timing: { bandwidth } },
    })
    const namespace = await controller.namespace(1)
    const written = new Uint8Array(512).fill(0x5a)
    await namespace.write({ lba: 3, from: written })
    await using queue = await controller.createQueuePair({ mode: 'await', depth: 2, timeoutMs: 50 })
    using memory = await controller.allocate(controller.info.transferBytesMax)
    const abort = vi.spyOn(binding(), 'abortCommand').mockResolvedValue(false)
    const long = outcomeOf(queue.read({ namespace, lba: 0, into: memory }))
    expect(await long).toBe('ERR_TIMEOUT')
    abort.mockRestore()
    // Until the bandwidth of the deleted command is used up.
    await new Promise((resolve) => setTimeout(resolve, (memory.byteLength / bandwidth) * 1000))
    for (let i = 0; i < 20; i++) {
      const into = new Uint8Array(512)
      expect(await queue.read({ namespace, lba: 3, into })).toEqual(written)
    }
    expect(queue.stats()).toMatchObject({ restarts: 1, strays: 0 })
  })

  test('commands that name no queue go to another one when nothing helped theirs', async () => {
    await using controller = await openController({ emulator: { size: '16MiB' } })
    const namespace = await controller.namespace(1)
    const read = () => outcomeOf(namespace.read({ lba: 0, into: new Uint8Array(512) }))
    expect(await read()).toBe('works')
    vi.spyOn(binding(), 'dropQueuePair').mockResolvedValueOnce(timedOut)
    const closed = vi.spyOn(binding(), 'closeQueuePair')
    await controller.reset()
    expect(await read()).toBe('ERR_TIMEOUT')
    await vi.waitFor(() => expect(closed).toHaveBeenCalledTimes(1))
    expect(await read()).toBe('works')
  })

  test('a reset is noticed by every queue: busy, idle, raw', async () => {
    await using device = await ScriptedDevice.open({ depth: 2, timeoutMs: 200 })
    const { controller, namespace, queue: busy } = device
    await using idle = await controller.createQueuePair({ mode: 'await', timeoutMs: 20 })
    await using raw = await controller.createQueuePair({ mode: 'raw', timeoutMs: 20 })
    using memory = await controller.allocate(4096)
    const lost = failureOf(busy.read({ namespace, lba: 0, into: memory }))
    raw.sq.read(raw.sq.enqueue(), 1, 0, 1, memory, 0)
    raw.sq.submit()
    await controller.reset()
    expect(await lost).toMatchObject({ code: 'ERR_QUEUE_LOST' })
    expect(() => raw.cq.wait()).toThrow(expect.objectContaining({ code: 'ERR_QUEUE_LOST' }))
    await expect.poll(() => busy.stats().restarts).toBe(1)
    device.restart()
    const again = busy.read({ namespace, lba: 0, into: memory })
    device.post(device.command(0).cid)
    await again
    // Its queues exist again: the emulator knows the command, and aborts it.
    const known = failureOf(idle.read({ namespace, lba: 0, into: memory }))
    expect(await known).toMatchObject({ code: 'ERR_TIMEOUT', cause: { code: 'ERR_NVME_STATUS' } })
    expect([busy.stats().restarts, idle.stats().restarts]).toEqual([1, 1])
    await raw.close()
    await using next = await controller.createQueuePair({ mode: 'raw' })
    expect(next.id).toBe(raw.id)
  })

  test.each(['abort', 'drop', 'recreate'])(
    'closing during %s settles every promise',
    async (rung) => {
      await using device = await ScriptedDevice.open({ depth: 2, timeoutMs: 20 })
      const { queue, namespace } = device
      let closing: Promise<void> | undefined
      const closeDuring = async (name: string): Promise<void> => {
        if (name !== rung) return
        closing ??= queue.close()
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      const native = binding()
      const { dropQueuePair, recreateQueuePair } = native
      vi.spyOn(native, 'abortCommand').mockImplementation(async () => {
        await closeDuring('abort')
        return timedOut
      })
      vi.spyOn(native, 'dropQueuePair').mockImplementation(async (handle, timeoutMs) => {
        await closeDuring('drop')
        return dropQueuePair(handle, timeoutMs)
      })
      vi.spyOn(native, 'recreateQueuePair').mockImplementation(async (handle) => {
        await closeDuring('recreate')
        return recreateQueuePair(handle)
      })
      const reads = Array.from({ length: 5 }, (_, lba) =>
        outcomeOf(queue.read({ namespace, lba, into: new Uint8Array(512) })),
      )
      for (const outcome of await Promise.all(reads)) {
        expect(['ERR_TIMEOUT', 'ERR_ABORTED', 'ERR_QUEUE_LOST']).toContain(outcome)
      }
      await closing
      expect(closing).toBeDefined()
      await using next = await device.controller.createQueuePair({ mode: 'raw' })
      expect(next.id).toBe(queue.id)
    },
  )

  test('memory of a queue that nothing could stop is kept until it is closed', async () => {
    await using device = await ScriptedDevice.open({ depth: 2, timeoutMs: 20 })
    const { controller, queue, namespace } = device
    const native = binding()
    vi.spyOn(native, 'abortCommand').mockResolvedValue(gone)
    vi.spyOn(native, 'dropQueuePair').mockResolvedValue(gone)
    const release = vi.spyOn(native, 'releaseDescriptor')
    const direct = await controller.allocate(4096)
    const pieces = [await controller.allocate(4096), await controller.allocate(4096)]
    const reads = [
      queue.read({ namespace, lba: 0, into: direct }),
      queue.read({ namespace, lba: 0, into: pieces }),
    ]
    expect(await Promise.all(reads.map(outcomeOf))).toEqual(Array(2).fill('ERR_CONTROLLER_GONE'))
    for (const memory of [direct, ...pieces]) memory[Symbol.dispose]()
    expect(release).not.toHaveBeenCalled()
    await queue.close()
    expect(release).toHaveBeenCalledTimes(3)
  })

  test('a failure of the recovery itself is no unhandled rejection', async () => {
    await using device = await ScriptedDevice.open({ depth: 2, timeoutMs: 20 })
    const { queue, namespace } = device
    vi.spyOn(binding(), 'abortCommand').mockImplementation(async () => timedOut)
    vi.spyOn(binding(), 'dropQueuePair').mockRejectedValue(new Error('scripted'))
    const read = queue.read({ namespace, lba: 0, into: new Uint8Array(512) })
    await expect(read).rejects.toThrow('scripted')
  })
})

describe('completions that nobody expects', () => {
  test('a second completion of a command is not taken for the next one with its id', async () => {
    await using device = await ScriptedDevice.open({ depth: 1, timeoutMs: 10_000 })
    const { queue, namespace } = device
    const first = queue.read({ namespace, lba: 0, into: new Uint8Array(512) })
    const { cid } = device.command(0)
    device.post(cid)
    await first
    let settled = false
    const second = queue.read({ namespace, lba: 1, into: new Uint8Array(512) }).finally(() => {
      settled = true
    })
    device.post(cid)
    await expect.poll(() => queue.stats().strays).toBe(1)
    expect(settled).toBe(false)
    device.post(device.command(1).cid)
    await second
  })

  test('unknown ids are counted; too many of them end the queue, which then works', async () => {
    await using device = await ScriptedDevice.open({ depth: 4, timeoutMs: 2000 })
    const { queue, namespace } = device
    const read = outcomeOf(queue.read({ namespace, lba: 0, into: new Uint8Array(512) }))
    const post = async (cid: number) => {
      const { strays } = queue.stats()
      device.post(cid)
      while (queue.stats().strays === strays) await new Promise(setImmediate)
    }
    await post(3)
    for (let i = 1; i < 64; i++) await post(0x0fff)
    expect(queue.stats()).toMatchObject({ strays: 64, restarts: 0 })
    await post(0x0fff)
    expect(await read).toBe('ERR_QUEUE_LOST')
    await expect.poll(() => queue.stats().restarts).toBe(1)
    device.restart()
    const next = queue.read({ namespace, lba: 0, into: new Uint8Array(512) })
    device.post(device.command(0).cid)
    await next
  })

  test('an entry with the wrong phase tag hides what follows; recovery counts it', async () => {
    await using device = await startEmulator({ size: '1MiB' })
    device.inject({ on: { queues: 'io', nth: 1 }, completion: 'wrongPhase' })
    await using controller = await openController(device.controller())
    const namespace = await controller.namespace(1)
    const queue = await controller.createQueuePair({ mode: 'await', depth: 4, timeoutMs: 50 })
    const read = (lba: number) =>
      outcomeOf(queue.read({ namespace, lba, into: new Uint8Array(512) }))
    expect(await Promise.all([read(0), read(1)])).toEqual(['ERR_TIMEOUT', 'ERR_TIMEOUT'])
    await expect.poll(() => queue.stats()).toMatchObject({ strays: 1, restarts: 1 })
    expect(await read(2)).toBe('works')
  })
})
