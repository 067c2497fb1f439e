// SPDX-License-Identifier: MIT
// What is more than one direct command: scattered data, commands of the caller's own, requests that
// are given up, and who has which turn.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Controller } from '../../../src/controller.ts'
import { DmaDescriptor, DmaMemory } from '../../../src/dma.ts'
import { type Emulator, startEmulator } from '../../../src/emulator/emulator.ts'
import type { NvmError } from '../../../src/errors.ts'
import type { Namespace } from '../../../src/namespace.ts'
import { openController } from '../../../src/open.ts'
import type { AwaitQueuePair } from '../../../src/queue/await.ts'
import { canPoint } from '../../../src/queue/data-pointer.ts'

const blockSize = 512
const memoryBytes = 1 << 20
let device: Emulator
let controller: Controller
let namespace: Namespace
let memory: DmaDescriptor

beforeAll(async () => {
  device = await startEmulator({ size: '16MiB' })
  controller = await openController(device.controller(0))
  namespace = await controller.namespace(1)
  memory = await controller.allocate(memoryBytes)
})
afterAll(async () => {
  await controller.close()
  await device.close()
})

const openQueue = (depth = 4): Promise<AwaitQueuePair> =>
  controller.createQueuePair({ mode: 'await', depth })

describe('scattered data', () => {
  test('any pieces of any memory end up in order, directly where they can', async () => {
    await using queue = await openQueue()
    const piece = fc.record({
      isPlain: fc.boolean(),
      offset: fc.nat(memoryBytes / 2),
      length: fc.integer({ min: 1, max: 9000 }),
      isAligned: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 9 }), async (pieces) => {
        // They do not overlap: each in a part of its own.
        const step = memoryBytes / pieces.length
        const parts = pieces.map(({ isPlain, offset, length, isAligned }, i) => {
          const unit = isAligned ? 4096 : 1
          const byteLength = isAligned ? Math.ceil(length / 4096) * 4096 : length
          const within = Math.floor((offset % (step / 2)) / unit) * unit
          const at = Math.ceil((i * step) / 4096) * 4096 + within
          return isPlain ? new Uint8Array(byteLength) : memory.view(at, byteLength)
        })
        const byteLength = parts.reduce((sum, part) => sum + part.byteLength, 0)
        const blocks = Math.ceil(byteLength / blockSize)
        const padded = [...parts, new Uint8Array(blocks * blockSize - byteLength)]
        const data = new Uint8Array(blocks * blockSize).map((_, i) => (i * 13 + i / 512) & 0xff)
        await queue.write({ namespace, lba: 8, from: data })
        const read = await queue.read({ namespace, lba: 8, into: padded })
        expect(Buffer.compare(Buffer.concat(read), data)).toBe(0)
        await queue.write({ namespace, lba: 2000, from: padded })
        const back = await queue.read({ namespace, lba: 2000, into: new Uint8Array(data.length) })
        expect(Buffer.compare(back, data)).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  test.each([
    {
      what: 'pages as PRPs want them',
      pieces: [
        [0, 8192],
        [16384, 4096],
      ],
      sgl: false,
    },
    {
      what: 'the first begins, the last ends in a page',
      pieces: [
        [1024, 3072],
        [4096, 512],
      ],
      sgl: false,
    },
    {
      what: 'pieces of pages',
      pieces: [
        [0, 512],
        [1024, 512],
        [5120, 1024],
      ],
      sgl: true,
    },
  ])('$what need an SGL: $sgl; the device moves them itself', async ({ pieces, sgl }) => {
    const views = pieces.map(([at, length]) => memory.view(at as number, length as number))
    expect(canPoint(views, false)).toBe(!sgl)
    expect(canPoint(views, true)).toBe(true)
    await using queue = await openQueue()
    await queue.read({ namespace, lba: 0, into: views })
    expect(queue.stats()).toMatchObject({ commands: 1, direct: 1, bounce: 0 })
  })

  test('more pieces than one list names are copied, and that shows', async () => {
    await using queue = await openQueue()
    const views = Array.from({ length: 258 }, (_, i) => memory.view(i * 1024, 256))
    await queue.read({ namespace, lba: 0, into: views.slice(2) })
    expect(queue.stats()).toMatchObject({ commands: 1, direct: 1, bounce: 0 })
    await queue.read({ namespace, lba: 0, into: views })
    expect(queue.stats()).toMatchObject({ commands: 2, direct: 1, bounce: 1 })
  })

  test('as many pieces as one list names are of one command, not of one request', async () => {
    await using queue = await openQueue()
    const pieces = 384
    const pieceBytes = 1024
    const data = new Uint8Array(pieces * pieceBytes).map((_, i) => (i * 7 + i / pieceBytes) & 0xff)
    const views = Array.from({ length: pieces }, (_, i) => memory.view(2048 * i + 64, pieceBytes))
    await namespace.write({ lba: 64, from: data })
    const read = await queue.read({ namespace, lba: 64, into: views })
    expect(Buffer.compare(Buffer.concat(read as Uint8Array[]), data)).toBe(0)
    await queue.write({ namespace, lba: 4096, from: views })
    expect(queue.stats()).toMatchObject({ commands: 6, direct: 6, bounce: 0, splits: 4 })
    const back = await namespace.read({ lba: 4096, into: new Uint8Array(data.length) })
    expect(Buffer.compare(back, data)).toBe(0)
  })

  test('pieces of different descriptors stay until the command is done with them', async () => {
    await using slow = await openController({
      emulator: { size: '1MiB', timing: { latencyNs: 50_000_000 } },
    })
    const ns = await slow.namespace(1)
    await using queue = await slow.createQueuePair({ mode: 'await' })
    const first = await slow.allocate(4096)
    const second = await slow.allocate(4096)
    const read = queue.read({ namespace: ns, lba: 0, into: [first, second] })
    const memories = [first.memory, second.memory]
    first[Symbol.dispose]()
    second[Symbol.dispose]()
    expect(memories.map((each) => queue.ring.uses(each))).toEqual([true, true])
    await read
    expect(memories.map((each) => queue.ring.uses(each))).toEqual([false, false])
  })
})

describe('submit', () => {
  const write = { opcode: 0x01, nsid: 1 }
  const read = { opcode: 0x02, nsid: 1 }

  test('sends the words as they are, and resolves to those of the completion', async () => {
    device.onCommand(0x94, { name: 'Sum' }, (received) => {
      const { cdw10, cdw11, cdw12, cdw13, cdw14, cdw15 } = received
      return { dword0: cdw10 + cdw11 + cdw12 + cdw13 + cdw14 + cdw15 }
    })
    await using queue = await openQueue()
    const words = { cdw10: 1, cdw11: 20, cdw12: 300, cdw13: 4000, cdw14: 50_000, cdw15: 600_000 }
    expect((await queue.submit({ opcode: 0x94, nsid: 1, ...words })).dword0).toBe(654_321)
    // The slot is used again by commands that do not write all its words.
    for (let i = 0; i < 12; i++) {
      await queue.read({ namespace, lba: 0, into: new Uint8Array(blockSize) })
    }
    expect((await queue.submit({ opcode: 0x94, nsid: 1, cdw12: 7 })).dword0).toBe(7)
  })

  test.each([
    [1, 0x400000],
    [0x12345679, 0xffffffff],
    [0xffffffff, 0x80000000],
    [0xffffffff, 0xffffffff],
  ])('sends dwords 10 and 11 as they are: %i and %i', async (cdw10, cdw11) => {
    await using queue = await openQueue()
    const data = memory.view(0, blockSize)
    await expect(queue.submit({ ...read, cdw10, cdw11, data })).rejects.toThrow()
    expect([...queue.ring.words.subarray(10, 12)]).toEqual([cdw10 | 0, cdw11 | 0])
  })

  test('a command without data points nowhere, whatever its slot has pointed at', async () => {
    await using queue = await openQueue(1)
    using before = await controller.allocate(8192)
    const bytes = before.bytes as Uint8Array
    for (let i = 0; i < 4; i++) await queue.read({ namespace, lba: 0, into: before })
    bytes.fill(0x77)
    await expect(queue.submit({ ...read, cdw12: 15 })).rejects.toMatchObject({
      code: 'ERR_NVME_STATUS',
    })
    expect(bytes.every((byte) => byte === 0x77)).toBe(true)
  })

  test('what an accessor says first is what is checked and sent', async () => {
    await using queue = await openQueue()
    let looks = 0
    const odd = {
      get opcode() {
        return looks++ === 0 ? 0 : 0x30000
      },
      nsid: 1,
    }
    await queue.submit(odd)
    expect(queue.stats()).toMatchObject({ commands: 1, strays: 0 })
  })

  test('moves data both ways', async () => {
    await using queue = await openQueue()
    const bytes = new Uint8Array(1024).fill(0x5a)
    await queue.submit({ ...write, cdw10: 5, cdw12: 1, data: bytes })
    const views = [memory.view(0, 512), memory.view(2048, 512)]
    await queue.submit({ ...read, cdw10: 5, cdw12: 1, data: views })
    expect(Buffer.concat(views.map((view) => view.bytes as Uint8Array))).toEqual(Buffer.from(bytes))
  })

  test('moves metadata through a buffer of its own', async () => {
    await using other = await openController({ emulator: { size: '1MiB', metadataSize: 8 } })
    await using queue = await other.createQueuePair({ mode: 'await' })
    using buffer = await other.allocate(8192)
    const bytes = buffer.bytes as Uint8Array
    bytes.fill(1, 0, 1024)
    bytes.fill(2, 4096, 4112)
    const data = buffer.view(0, 1024)
    const metadata = buffer.view(4096, 16)
    await queue.submit({ ...write, cdw12: 1, data, metadata })
    bytes.fill(0)
    await queue.submit({ ...read, cdw12: 1, data, metadata })
    expect(bytes.subarray(0, 1024)).toEqual(new Uint8Array(1024).fill(1))
    expect(bytes.subarray(4096, 4112)).toEqual(new Uint8Array(16).fill(2))
  })

  test('metadata that is not contiguous is refused, and no slot is lost', async () => {
    await using queue = await openQueue()
    const runs = Float64Array.of(0x100000, 4096, 0x300000, 4096)
    const native = { handle: memory.memory.handle, id: 1, byteLength: 8192, kind: 'foreign', runs }
    const owner = { id: controller.id, handle: controller.handle, users: new Set<never>() }
    const two = new DmaMemory({ ...native, memory: undefined } as never, owner, () => {})
    const metadata = new DmaDescriptor(two, 0, 8192, false).view(4088, 16)
    const refused = queue.submit({ ...read, data: memory.view(0, 512), metadata })
    await expect(refused).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
    await expect(refused).rejects.toThrow('a view within one page')
    expect(queue.dump()).toContain('outstanding 0')
  })

  test("a status is the caller's to judge: it is sent once", async () => {
    const fault = device.inject({
      on: { queues: 'io', opcode: 0x02 },
      status: { name: 'namespace_not_ready', dnr: false },
    })
    await using queue = await openQueue()
    const failed = queue.submit({ ...read, data: new Uint8Array(blockSize) })
    await expect(failed).rejects.toMatchObject({ code: 'ERR_NVME_STATUS', attempts: 1 })
    fault.remove()
    expect(queue.stats().retries).toBe(0)
  })

  test.each([
    { what: 'an opcode beyond a byte', command: { opcode: 256 }, code: 'ERR_RANGE' },
    { what: 'a word beyond 32 bits', command: { ...read, cdw10: 2 ** 32 }, code: 'ERR_RANGE' },
    {
      what: 'data for none',
      command: { opcode: 0, data: new Uint8Array(4) },
      code: 'ERR_ARGUMENT',
    },
    { what: 'no bytes', command: { ...read, data: new Uint8Array(0) }, code: 'ERR_ARGUMENT' },
    { what: 'text', command: { ...read, data: 'abc' as never }, code: 'ERR_ARGUMENT' },
    {
      what: 'more than one command moves',
      command: { ...read, data: new Uint8Array(1 << 20) },
      code: 'ERR_RANGE',
    },
  ])('$what: $code', async ({ command, code }) => {
    await using queue = await openQueue()
    await expect(queue.submit(command)).rejects.toMatchObject({ code })
  })
})

describe('giving up', () => {
  const latencyNs = 400_000_000

  test('rejects at once, aborts, and keeps the memory until the command is gone', async () => {
    await using slow = await startEmulator({ size: '1MiB', timing: { latencyNs } })
    await using ctrl = await openController(slow.controller(0))
    const ns = await ctrl.namespace(1)
    await using queue = await ctrl.createQueuePair({ mode: 'await', depth: 4 })
    const buffer = await ctrl.allocate(4096)
    const giveUp = new AbortController()
    const read = queue.read({ namespace: ns, lba: 0, into: buffer, signal: giveUp.signal })
    const reason = new Error('enough')
    giveUp.abort(reason)
    buffer[Symbol.dispose]()
    expect(queue.ring.outstanding).toBe(1)
    expect(queue.ring.uses(buffer.memory)).toBe(true)
    await expect(read).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: reason })
    while (queue.ring.outstanding > 0) await new Promise((resolve) => setTimeout(resolve, 1))
    expect(queue.stats()).toMatchObject({ aborts: 1, restarts: 0 })
    // It ended by Abort, long before its time.
    await queue.read({ namespace: ns, lba: 0, into: new Uint8Array(blockSize) })
  })

  test('one signal for many requests; those that wait are never sent', async () => {
    await using slow = await startEmulator({ size: '1MiB', timing: { latencyNs } })
    await using ctrl = await openController(slow.controller(0))
    const ns = await ctrl.namespace(1)
    await using queue = await ctrl.createQueuePair({ mode: 'await', depth: 2 })
    const { signal, abort } = withAbort()
    const into = (): Uint8Array => new Uint8Array(blockSize)
    const requests = Array.from({ length: 20 }, (_, lba) =>
      queue
        .read({ namespace: ns, lba, into: into(), signal })
        .catch((error: NvmError) => error.code),
    )
    const other = queue.read({ namespace: ns, lba: 3, into: into() })
    abort()
    expect(await Promise.all(requests)).toEqual(new Array(20).fill('ERR_ABORTED'))
    expect(await other).toEqual(into())
    expect(queue.stats()).toMatchObject({ commands: 3, aborts: 2 })
  })

  test('a signal aborted before sends nothing; one that comes late changes nothing', async () => {
    await using queue = await openQueue()
    const into = new Uint8Array(blockSize)
    const early = queue.read({ namespace, lba: 0, into, signal: AbortSignal.abort() })
    await expect(early).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    expect(queue.stats().commands).toBe(0)
    const { signal, abort } = withAbort()
    expect(await queue.read({ namespace, lba: 0, into, signal })).toBe(into)
    abort()
    expect(queue.stats()).toMatchObject({ commands: 1, aborts: 0 })
  })

  test('a command that is sent again is given up, too', async () => {
    await using slow = await startEmulator({ size: '1MiB' })
    await using ctrl = await openController(slow.controller(0))
    const ns = await ctrl.namespace(1)
    await using queue = await ctrl.createQueuePair({ mode: 'await', depth: 2 })
    const { signal, abort } = withAbort()
    const on = { queues: 'io', opcode: 0x02 } as const
    slow.inject({ on: { ...on, nth: 1 }, status: { name: 'namespace_not_ready', dnr: false } })
    slow.inject({ on: { ...on, nth: 2 }, delayNs: latencyNs })
    const read = queue.read({ namespace: ns, lba: 0, into: new Uint8Array(blockSize), signal })
    while (queue.stats().retries === 0) await new Promise((resolve) => setImmediate(resolve))
    abort()
    await expect(read).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    while (queue.ring.outstanding > 0) await new Promise((resolve) => setTimeout(resolve, 1))
    expect(queue.stats()).toMatchObject({ aborts: 1, restarts: 0 })
  })

  test('a group is given up as a whole: the rest of it is never sent', async () => {
    await using slow = await startEmulator({ size: '1MiB', timing: { latencyNs } })
    await using ctrl = await openController(slow.controller(0))
    const ns = await ctrl.namespace(1)
    await using queue = await ctrl.createQueuePair({ mode: 'await', depth: 2 })
    const { signal, abort } = withAbort()
    using memory = await ctrl.allocate(20 * blockSize)
    const parts = Array.from({ length: 20 }, (_, lba) => memory.view(lba * blockSize, blockSize))
    const reads = parts.map((into, lba) => ({ namespace: ns, lba, into }))
    const group = queue.readMany(reads, { signal }).catch((error: NvmError) => error.code)
    abort()
    expect(await group).toBe('ERR_ABORTED')
    expect(queue.ring.pinnedMemory().size).toBe(1)
    while (queue.ring.outstanding > 0) await new Promise((resolve) => setTimeout(resolve, 1))
    expect(queue.stats()).toMatchObject({ commands: 2, aborts: 2, restarts: 0 })
    const writes = parts.map((from, lba) => ({ lba, from }))
    const never = ns.writeMany(writes, { signal }, queue).catch((error: NvmError) => error.code)
    expect(await never).toBe('ERR_ABORTED')
    expect(queue.stats().commands).toBe(2)
  })

  test('a request of a group has no signal of its own', async () => {
    await using queue = await openQueue()
    const request = { namespace, lba: 0, into: new Uint8Array(blockSize) }
    const { signal } = new AbortController()
    const group = queue.readMany([{ ...request, signal } as typeof request])
    await expect(group).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
  })

  test('bytes of a read that was given up stay as they are', async () => {
    await using slow = await startEmulator({ size: '1MiB', timing: { latencyNs: 20_000_000 } })
    await using ctrl = await openController(slow.controller(0))
    const ns = await ctrl.namespace(1)
    await using queue = await ctrl.createQueuePair({ mode: 'await', depth: 2 })
    const into = new Uint8Array(blockSize).fill(0x77)
    const { signal, abort } = withAbort()
    const read = queue.read({ namespace: ns, lba: 0, into, signal })
    abort()
    await expect(read).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    await queue.read({ namespace: ns, lba: 1, into: new Uint8Array(blockSize) })
    expect(into).toEqual(new Uint8Array(blockSize).fill(0x77))
  })
})

describe('turns', () => {
  test('a large request does not keep others waiting until its end', async () => {
    await using queue = await openQueue(2)
    const order: string[] = []
    const note = (name: string) => (): void => void order.push(name)
    const large = new Uint8Array(8 << 20)
    const requests = [
      queue.read({ namespace, lba: 0, into: large }).then(note('large')),
      queue.read({ namespace, lba: 0, into: large }).then(note('large')),
      queue.read({ namespace, lba: 0, into: new Uint8Array(blockSize) }).then(note('small')),
    ]
    await Promise.all(requests)
    expect(order).toEqual(['small', 'large', 'large'])
  })

  test('a group of direct reads waits its turns like any other', async () => {
    await using queue = await openQueue(2)
    const group = Array.from({ length: 500 }, (_, i) => ({
      namespace,
      lba: i,
      into: memory.view(i * blockSize, blockSize),
    }))
    await queue.write({ namespace, lba: 0, from: memory.view(0, 500 * blockSize) })
    const order: string[] = []
    const many = queue.readMany(group).then((read) => {
      order.push('group')
      return read
    })
    const one = queue.read({ namespace, lba: 0, into: new Uint8Array(blockSize) })
    await Promise.all([many, one.then(() => order.push('one'))])
    expect(order).toEqual(['one', 'group'])
    expect((await many)[7]).toHaveLength(blockSize)
    expect(queue.stats().bounce).toBe(1)
  })
})

function withAbort(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort() }
}
