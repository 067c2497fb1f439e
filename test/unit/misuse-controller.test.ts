// SPDX-License-Identifier: MIT
// Every function of a controller, its memory and its admin commands, called wrongly, as JavaScript
// without types may: always an NvmError that says what to do.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Controller } from '../../src/controller.ts'
import type { DmaDescriptor } from '../../src/dma.ts'
import { openController } from '../../src/open.ts'
import { failureOf } from '../support/failure.ts'
import {
  notACount,
  notAnObject,
  notBytes,
  notRefused,
  notText,
  refusalOf,
} from '../support/misuse.ts'

const small = { emulator: { size: '1MiB' } } as const

let controller: Controller
let buffer: DmaDescriptor
beforeAll(async () => {
  controller = await openController(small)
  buffer = await controller.allocate(8192)
})
afterAll(() => controller.close())

describe('openController refuses', () => {
  test('a target of another kind', async () => {
    const values = notAnObject.filter((value) => typeof value !== 'string')
    expect(await notRefused([...values, 'a\0b', {}], openController)).toEqual([])
    const odd = (value: unknown) => openController({ emulator: value } as never)
    expect(await notRefused([undefined, ...notAnObject], odd)).toEqual([])
    const kind = (value: unknown) => openController({ kind: value, id: 1 } as never)
    expect(await notRefused([undefined, ...notText, 'peernvm'], kind)).toEqual([])
  })

  test('and says what a target is, and what was given', async () => {
    const said = async (target: unknown, options?: unknown) =>
      (await failureOf(openController(target as never, options as never))).message
    expect(await said(5)).toContain(
      'the target is 5, and not a string, a description of an emulator',
    )
    expect(await said(Buffer.from('x'))).toContain('the target is an object (Buffer), and not a')
    for (const url of ['file:///a%20b.img', 'file:///%E0%A4%A', 'file://host/x']) {
      expect(await said(new URL(url))).toContain('give a path: fileURLToPath(url)')
    }
    expect(await said(small, 'manager')).toContain(
      "second argument is 'manager', and not an object",
    )
    expect(await said(small, { reconnect: 5 })).toContain('5, and not true, false or an object')
    for (const prefix of ['pci:', 'rpc:', 'vfio-user:']) {
      expect(await said(prefix)).toContain(`'${prefix}' names nothing behind the colon`)
    }
    expect(await said('pci:x')).toContain("'x' is not a PCI address")
  })

  test('a token that nobody gave', async () => {
    const token = (id: unknown) => openController({ kind: 'peernvm-controller', id } as never)
    expect(await notRefused([undefined, ...notACount], token)).toEqual([])
    const device = { kind: 'peernvm-emulated-controller', emulator: 1, controller: 0 }
    for (const name of ['emulator', 'controller']) {
      const attempt = (value: unknown) => openController({ ...device, [name]: value } as never)
      expect(await notRefused([undefined, ...notACount], attempt)).toEqual([])
    }
    const unknown = { kind: 'peernvm-controller', id: 1e9 } as const
    expect(await refusalOf(() => openController(unknown))).toBe('ERR_CLOSED')
  })

  test('options of another kind, and names that do not exist', async () => {
    const options = (value: never) => openController(undefined, value)
    expect(await notRefused([...notAnObject, { Role: 'auto' }], options)).toEqual([])
    const role = (value: unknown) => openController(undefined, { role: value } as never)
    expect(await notRefused([...notText, 'Manager', 'toString'], role)).toEqual([])
    const timeout = (value: unknown) => openController(undefined, { timeoutMs: value } as never)
    const values = notACount.filter((value) => value !== 1.5)
    expect(await notRefused([...values, 0, 2 ** 31], timeout)).toEqual([])
    const reconnect = (value: unknown) => openController(undefined, { reconnect: value } as never)
    expect(await notRefused([null, 'yes', 5, { timeout: 5 }], reconnect)).toEqual([])
    const period = (value: unknown) => reconnect({ timeoutMs: value })
    expect(await notRefused([...values, 0, 2 ** 31], period)).toEqual([])
  })
})

describe('a controller refuses', () => {
  test('a namespace id that is none', async () => {
    const values = [undefined, ...notACount, 0, 2 ** 32]
    const attempt = (id: never) => controller.namespace(id)
    expect(await notRefused(values, attempt, /^ERR_NAMESPACE$/)).toEqual([])
  })

  test('sizes that are none', async () => {
    const values = [undefined, ...notACount, 0, 2 ** 33]
    expect(await notRefused(values, (size) => controller.allocate(size))).toEqual([])
  })

  test('options of a queue pair', async () => {
    const create = (value: never) => controller.createQueuePair(value)
    const misspelt = { mode: 'raw', timeout: 5 }
    expect(await notRefused([undefined, ...notAnObject, {}, misspelt], create)).toEqual([])
    const withOption = (name: string) => (value: unknown) =>
      controller.createQueuePair({ mode: 'raw', [name]: value } as never)
    expect(await notRefused([undefined, ...notText, 'RAW'], withOption('mode'))).toEqual([])
    expect(await notRefused([...notACount, 0, 2 ** 20], withOption('depth'))).toEqual([])
    const times = notACount.filter((value) => value !== 1.5)
    expect(await notRefused([...times, 0, 2 ** 31], withOption('timeoutMs'))).toEqual([])
  })

  test('to map what is not its caller’s whole, fixed memory', async () => {
    const map = (bytes: never) => controller.map(bytes)
    const detached = new Uint8Array(8192)
    structuredClone(detached.buffer, { transfer: [detached.buffer] })
    const values = [
      ...notBytes,
      new Uint8Array(0),
      detached,
      new DataView(new ArrayBuffer(8192)),
      new ArrayBuffer(8192),
      new Uint8Array(new SharedArrayBuffer(8192)),
      new Uint8Array(new ArrayBuffer(8192, { maxByteLength: 16384 } as never)),
      buffer.bytes,
      buffer,
    ]
    expect(await notRefused([undefined, ...values], map)).toEqual([])
    expect(await refusalOf(() => controller.map(new Uint8Array(8193)))).toBe('ERR_ALIGNMENT')
    // No Node of today makes one so long everywhere.
    const long = Object.defineProperty(new Uint8Array(8192), 'byteLength', {
      value: 2 ** 32 + 4096,
    })
    expect(await refusalOf(() => controller.map(long))).toBe('ERR_RANGE')
  })

  test('to map memory of what is no other device', async () => {
    const range = { bar: 2, byteLength: 4096 }
    const attempt = (address: never) => controller.mapPeer(address, range)
    expect(await notRefused([undefined, ...notText], attempt)).toEqual([])
    expect(await notRefused(['', 'x', 'disk.img'], attempt, /^ERR_TARGET$/)).toEqual([])
    const options = (value: never) => controller.mapPeer('0000:05:00.0', value)
    const misspelt = { ...range, offset: 0 }
    expect(await notRefused([undefined, ...notAnObject, {}, misspelt], options)).toEqual([])
    const tooMuch = { bar: 6, byteOffset: 2 ** 53, byteLength: 2 ** 33 }
    for (const [name, most] of Object.entries(tooMuch)) {
      const odd = (value: unknown) =>
        controller.mapPeer('0000:05:00.0', { ...range, [name]: value } as never)
      expect(await notRefused([...notACount, most], odd)).toEqual([])
    }
  })

  test('a descriptor token that nobody gave, or that is another controller’s', async () => {
    const attach = (token: never) => controller.attach(token)
    expect(await notRefused([undefined, ...notAnObject, {}], attach)).toEqual([])
    for (const name of ['kind', 'id', 'controllerId']) {
      const odd = (value: unknown) => controller.attach({ ...buffer.ref(), [name]: value } as never)
      const values = name === 'kind' ? notText : notACount
      expect(await notRefused([undefined, ...values], odd)).toEqual([])
    }
    const gone = { ...buffer.ref(), id: 1e9 }
    expect(await refusalOf(() => controller.attach(gone))).toBe('ERR_CLOSED')
    await using other = await openController(small)
    using foreign = await other.allocate(4096)
    expect(await refusalOf(() => controller.attach(foreign.ref()))).toBe('ERR_ARGUMENT')
  })

  test('admin commands with odd words', async () => {
    const submit = (command: never) => controller.admin.submit(command)
    const misspelt = { opcode: 6, cdw9: 1 }
    expect(await notRefused([undefined, ...notAnObject, {}, misspelt], submit)).toEqual([])
    const command = { opcode: 6, cdw10: 1, data: new Uint8Array(4096) }
    const odd = (name: string) => (value: unknown) =>
      controller.admin.submit({ ...command, [name]: value } as never)
    expect(await notRefused([...notACount, 256], odd('opcode'))).toEqual([])
    for (const name of ['nsid', 'cdw2', 'cdw3', 'cdw10', 'cdw11', 'cdw12', 'cdw13', 'cdw15']) {
      expect(await notRefused([...notACount, 2 ** 32], odd(name))).toEqual([])
    }
    expect(await notRefused(notBytes, odd('data'))).toEqual([])
    const identify = (id: never) => controller.admin.identifyNamespace(id)
    expect(await notRefused(notACount, identify)).toEqual([])
    expect(await notRefused(notACount, (id) => controller.admin.activeNamespaces(id))).toEqual([])
  })

  test('views that do not fit', async () => {
    expect(await notRefused([...notACount, 8193], (at) => buffer.view(at, 512))).toEqual([])
    expect(await notRefused([...notACount, 8193], (size) => buffer.view(0, size))).toEqual([])
    expect(await refusalOf(() => buffer.view(8000, 512))).toBe('ERR_RANGE')
  })
})

describe('after it was closed', () => {
  test('a controller refuses everything, and still says what it was', async () => {
    const closed = await openController(small)
    const memory = await closed.allocate(4096)
    const token = memory.ref()
    const { admin } = closed
    await Promise.all([closed.close(), closed.close()])
    await closed.close()
    const attempts = [
      () => closed.namespace(1),
      () => closed.allocate(4096),
      () => closed.map(new Uint8Array(4096)),
      () => closed.attach(token),
      () => closed.createQueuePair({ mode: 'raw' }),
      () => closed.claimAdmin(),
      () => closed.reset(),
      () => closed.resetSubsystem(),
      () => closed.ref(),
      () => admin.identifyController(),
      () => admin.identifyNamespace(1),
      () => admin.activeNamespaces(),
      () => admin.submit({ opcode: 6, data: new Uint8Array(4096) }),
      () => memory.view(0, 512),
      () => memory.ref(),
    ]
    expect(await Promise.all(attempts.map(refusalOf))).toEqual(attempts.map(() => 'ERR_CLOSED'))
    expect(closed.info.transport).toBe('emulator')
    expect(memory.bytes).toHaveLength(0)
  })

  test('what was begun before ends, one way or the other', async () => {
    const closing = await openController(small)
    const begun = [
      () => closing.allocate(4096),
      () => closing.admin.identifyController(),
      () => closing.createQueuePair({ mode: 'await' }),
      () => closing.namespace(1),
      () => closing.reset(),
      () => closing.resetSubsystem(),
      () => closing.claimAdmin(),
    ].map(refusalOf)
    await closing.close()
    for (const refusal of await Promise.all(begun)) {
      expect(refusal).toMatch(/^(accepted|ERR_(CLOSED|ABORTED|QUEUE_LOST)$)/)
    }
  })
})
