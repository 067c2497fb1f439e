// SPDX-License-Identifier: MIT
// Promise queues and namespaces refuse what programs without types may give them, and what belongs
// to another controller.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Controller } from '../../src/controller.ts'
import type { Namespace } from '../../src/namespace.ts'
import { openController } from '../../src/open.ts'
import type { AwaitQueuePair } from '../../src/queue/await.ts'
import {
  lookAlikes,
  notACount,
  notAnObject,
  notBytes,
  notRefused,
  refusalOf,
} from '../support/misuse.ts'

let controller: Controller
let other: Controller
let namespace: Namespace
let foreign: Namespace
let queue: AwaitQueuePair

beforeAll(async () => {
  controller = await openController({ emulator: { size: '1MiB' } })
  other = await openController({ emulator: { size: '1MiB', blockSize: 4096 } })
  namespace = await controller.namespace(1)
  foreign = await other.namespace(1)
  queue = await controller.createQueuePair({ mode: 'await', timeoutMs: 500 })
})
afterAll(async () => {
  await controller.close()
  await other.close()
})

const bytes = (): Uint8Array => new Uint8Array(4096)
const notALba = notACount.filter((value) => typeof value !== 'bigint')
const notARequest = [undefined, ...notAnObject]

describe('a promise queue refuses', () => {
  test.each(['read', 'write', 'flush', 'readMany', 'writeMany', 'submit'] as const)(
    '%s of what is no request',
    async (method) => {
      const values = method.endsWith('Many') ? [undefined, null, 5, 'x', {}] : notARequest
      expect(await notRefused(values, (value) => queue[method as 'submit'](value))).toEqual([])
      expect(
        await notRefused([null, 5, 'x'], (value) => queue[method as 'submit']([value] as never)),
      ).toEqual([])
    },
  )

  test('odd values of each member', async () => {
    using memory = await controller.allocate(4096)
    const read = (member: object): Promise<unknown> =>
      queue.read({ namespace, lba: 0, into: memory, ...member })
    expect(await notRefused(notALba, (lba) => read({ lba }))).toEqual([])
    expect(await notRefused(notALba, (lba) => read({ lba, into: bytes() }))).toEqual([])
    expect(await notRefused(notBytes, (into) => read({ into }))).toEqual([])
    expect(await notRefused(notBytes, (into) => read({ into: [bytes(), into] }))).toEqual([])
    for (const into of lookAlikes(memory)) {
      const command = { opcode: 0x02, nsid: 1 }
      const attempts = [
        () => read({ into }),
        () => read({ into: [bytes(), into] }),
        () => queue.write({ namespace, lba: 0, from: into }),
        () => queue.readMany([{ namespace, lba: 0, into }]),
        () => queue.submit({ ...command, data: into }),
        () => queue.submit({ ...command, metadata: into }),
      ]
      for (const attempt of attempts) expect(await refusalOf(attempt)).toBe('ERR_ARGUMENT')
    }
    const notANamespace = [...notARequest, {}, { id: 1, blockSize: 512 }]
    expect(await notRefused(notANamespace, (odd) => read({ namespace: odd }))).toEqual([])
    expect(
      await notRefused(notANamespace, (odd) => read({ namespace: odd, into: bytes() })),
    ).toEqual([])
    expect(await notRefused(notANamespace, (odd) => queue.flush({ namespace: odd }))).toEqual([])
  })

  test('a namespace of another controller, of every kind of request', async () => {
    using memory = await controller.allocate(4096)
    const request = { namespace: foreign, lba: 0, into: memory }
    const attempts = [
      () => queue.read(request),
      () => queue.read({ ...request, into: bytes() }),
      () => queue.write({ namespace: foreign, lba: 0, from: memory }),
      () => queue.flush({ namespace: foreign }),
      () => queue.readMany([request]),
      () => foreign.read({ lba: 0, into: bytes() }, queue),
      () => foreign.flush({}, queue),
      () => foreign.writeZeroes({ lba: 0, blockCount: 1 }, queue),
    ]
    for (const attempt of attempts) expect(await refusalOf(attempt)).toBe('ERR_ARGUMENT')
  })

  test('a copy of a namespace, which would not be seen to be formatted', async () => {
    using memory = await controller.allocate(4096)
    for (const copy of [structuredClone(namespace), { ...namespace }] as Namespace[]) {
      const attempts = [
        () => queue.read({ namespace: copy, lba: 0, into: memory }),
        () => queue.write({ namespace: copy, lba: 0, from: bytes() }),
        () => queue.flush({ namespace: copy }),
        () => queue.readMany([{ namespace: copy, lba: 0, into: memory }]),
      ]
      for (const attempt of attempts) {
        await expect(attempt()).rejects.toThrow('not one that controller.namespace() gave')
      }
    }
  })

  test('a name that a request does not have, and says which there are', async () => {
    using memory = await controller.allocate(4096)
    const [into, from, odd] = [memory, memory, { fuaa: true }]
    const read = { namespace, lba: 0, into }
    const write = { namespace, lba: 0, from }
    const ofGroup = 'a request of a group'
    const attempts: [() => Promise<unknown>, string][] = [
      [
        () => queue.read({ ...read, ...odd }),
        "a request has no option 'fuaa'; it has namespace, lba, into, fua, signal",
      ],
      [() => queue.read({ ...read, into: bytes(), ...odd }), "a request has no option 'fuaa'"],
      [() => queue.write({ ...write, ...odd }), 'it has namespace, lba, from, fua, signal'],
      [() => queue.readMany([read, { ...read, ...odd }]), `${ofGroup} has no option 'fuaa'`],
      [
        () => queue.readMany([{ ...read, signal: undefined } as never]),
        `${ofGroup} has no option 'signal'`,
      ],
      [() => queue.writeMany([{ ...write, ...odd }]), 'it has namespace, lba, from, fua'],
      [() => queue.readMany([read], odd as never), "a group has no option 'fuaa'; it has signal"],
      [() => queue.writeMany([write], { signal: 5 as never }), 'signal is 5'],
      [() => namespace.readMany([], queue as never), 'the queue pair is the third argument'],
      [() => namespace.writeMany([], queue as never), 'the queue pair is the third argument'],
      [() => queue.flush({ namespace, ...odd }), 'it has namespace, signal'],
      [() => queue.submit({ opcode: 0, nsid: 1, ...odd }), "a command has no option 'fuaa'"],
    ]
    for (const [attempt, said] of attempts) {
      await expect(attempt()).rejects.toMatchObject({
        code: 'ERR_ARGUMENT',
        message: expect.stringContaining(said),
      })
    }
    // The read that goes before the wrong one of its group.
    expect(queue.stats().commands).toBe(1)
  })

  test('metadata in memory of another controller', async () => {
    using memory = await other.allocate(4096)
    const command = { opcode: 2, nsid: 1, data: bytes(), metadata: memory }
    expect(await refusalOf(() => queue.submit(command))).toBe('ERR_ARGUMENT')
  })
})

describe('a namespace refuses', () => {
  test('what is no request', async () => {
    const methods = ['read', 'write', 'compare', 'writeZeroes', 'verify', 'copy']
    for (const method of methods as 'read'[]) {
      expect(await notRefused(notARequest, (value) => namespace[method](value)), method).toEqual([])
    }
    const notARange = notARequest.filter((value) => !Array.isArray(value))
    expect(await notRefused(notARange, (value) => namespace.deallocate(value))).toEqual([])
    expect(await notRefused(notARange, (value) => namespace.deallocate([value]))).toEqual([])
  })

  test('a name that a request does not have, and says which there are', async () => {
    const range = { lba: 0, blockCount: 1 }
    const odd = { signl: undefined }
    const attempts: [() => Promise<unknown>, string][] = [
      [() => namespace.read({ lba: 0, into: bytes(), ...odd }), 'it has lba, into, fua, signal'],
      [
        () => namespace.read({ namespace, lba: 0, into: bytes() } as never),
        "no option 'namespace'",
      ],
      [() => namespace.write({ lba: 0, from: bytes(), ...odd }), 'it has lba, from, fua, signal'],
      [() => namespace.compare({ lba: 0, with: bytes(), ...odd }), 'it has lba, with, fua, signal'],
      [() => namespace.readMany([{ lba: 0, into: bytes(), ...odd }]), 'it has lba, into, fua'],
      [() => namespace.writeMany([{ lba: 0, from: bytes(), ...odd }]), 'it has lba, from, fua'],
      [() => namespace.flush(odd as never), "a flush has no option 'signl'; it has signal"],
      [
        () => namespace.writeZeroes({ ...range, ...odd }),
        'it has lba, blockCount, deallocate, signal',
      ],
      [() => namespace.verify({ ...range, ...odd }), 'it has lba, blockCount, signal'],
      [() => namespace.writeUncorrectable({ ...range, ...odd }), 'it has lba, blockCount, signal'],
      [() => namespace.deallocate({ ...range, ...odd }), 'it has lba, blockCount, signal'],
      [
        () => namespace.deallocate([{ ...range, ...odd }]),
        "a range has no option 'signl'; it has lba, blockCount",
      ],
      [() => namespace.copy({ from: range, to: 8, ...odd }), 'it has from, to, signal'],
      [
        () => namespace.copy({ from: { ...range, ...odd }, to: 8 }),
        "a range has no option 'signl'",
      ],
    ]
    for (const [attempt, said] of attempts) {
      await expect(attempt()).rejects.toMatchObject({
        code: 'ERR_ARGUMENT',
        message: expect.stringContaining(said),
      })
    }
  })

  test('names that a request inherits are not looked at', async () => {
    const request = Object.assign(Object.create({ anything: 1 }), { lba: 0, into: bytes() })
    expect(await namespace.read(request)).toBe(request.into)
  })

  test('what is no queue pair for promises', async () => {
    await using raw = await controller.createQueuePair({ mode: 'raw' })
    const request = { lba: 0, into: bytes() }
    const values = [null, true, 5, 'x', {}, raw]
    expect(await notRefused(values, (value) => namespace.read(request, value))).toEqual([])
    expect(await notRefused(values, (value) => namespace.flush({}, value))).toEqual([])
  })
})

test('memory of another controller is copied, and that shows', async () => {
  await using own = await controller.createQueuePair({ mode: 'await' })
  using memory = await other.allocate(4096)
  memory.bytes?.fill(0x3c)
  await own.write({ namespace, lba: 8, from: memory })
  memory.bytes?.fill(0)
  await own.read({ namespace, lba: 8, into: memory })
  expect(memory.bytes).toEqual(bytes().fill(0x3c))
  expect(own.stats()).toMatchObject({ commands: 2, bounce: 2, direct: 0 })
})
