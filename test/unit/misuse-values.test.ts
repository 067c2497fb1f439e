// SPDX-License-Identifier: MIT
// Odd values of the rest of what the package exports: flags and signals of requests, sharing,
// events, histograms, the specification's table.
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Controller } from '../../src/controller.ts'
import { Histogram, histogramWords } from '../../src/histogram.ts'
import type { Namespace } from '../../src/namespace.ts'
import { openController } from '../../src/open.ts'
import { readSharing } from '../../src/rpc/server.ts'
import { decode, decodeBits } from '../../src/spec/decode.ts'
import {
  notABoolean,
  notACount,
  notAnInteger,
  notAnObject,
  notBytes,
  notRefused,
  notText,
  refusalOf,
} from '../support/misuse.ts'

let controller: Controller
let namespace: Namespace
beforeAll(async () => {
  controller = await openController({ emulator: { size: '1MiB' } })
  namespace = await controller.namespace(1)
})
afterAll(() => controller.close())

const notASignal = [null, true, 5, 5n, 'x', {}, [], Symbol('s'), new AbortController()]
const range = { lba: 0, blockCount: 1 }
const bytes = (): Uint8Array => new Uint8Array(512)

describe('requests refuse', () => {
  test('fua and deallocate that are no booleans', async () => {
    await using queue = await controller.createQueuePair({ mode: 'await' })
    using memory = await controller.allocate(512)
    for (const into of [memory, bytes()]) {
      const read = { lba: 0, into }
      const write = { lba: 0, from: into }
      const attempts: ((fua: never) => unknown)[] = [
        (fua) => namespace.read({ ...read, fua }),
        (fua) => namespace.write({ ...write, fua }),
        (fua) => namespace.compare({ lba: 0, with: into, fua }),
        (fua) => namespace.readMany([{ ...read, fua }]),
        (fua) => namespace.writeMany([write, { ...write, fua }]),
        (fua) => queue.read({ namespace, ...read, fua }),
        (fua) => queue.write({ namespace, ...write, fua }),
        (fua) => queue.readMany([{ namespace, ...read, fua }]),
      ]
      for (const attempt of attempts) expect(await notRefused(notABoolean, attempt)).toEqual([])
    }
    const zero = (deallocate: never) => namespace.writeZeroes({ ...range, deallocate })
    expect(await notRefused(notABoolean, zero)).toEqual([])
    expect(queue.stats().commands).toBe(0)
  })

  test('signals that are none', async () => {
    await using queue = await controller.createQueuePair({ mode: 'await' })
    using memory = await controller.allocate(512)
    const attempts: ((signal: never) => unknown)[] = [
      (signal) => namespace.read({ lba: 0, into: memory, signal }),
      (signal) => namespace.read({ lba: 0, into: bytes(), signal }),
      (signal) => namespace.write({ lba: 0, from: memory, signal }),
      (signal) => namespace.compare({ lba: 0, with: memory, signal }),
      (signal) => namespace.flush({ signal }),
      (signal) => namespace.writeZeroes({ ...range, signal }),
      (signal) => namespace.verify({ ...range, signal }),
      (signal) => namespace.writeUncorrectable({ ...range, signal }),
      (signal) => namespace.deallocate({ ...range, signal }),
      (signal) => namespace.copy({ from: range, to: 8, signal }),
      (signal) => queue.read({ namespace, lba: 0, into: memory, signal }),
      (signal) => queue.write({ namespace, lba: 0, from: memory, signal }),
      (signal) => queue.flush({ namespace, signal }),
      (signal) => queue.submit({ opcode: 0, nsid: 1, signal }),
    ]
    for (const attempt of attempts) expect(await notRefused(notASignal, attempt)).toEqual([])
    expect(queue.stats().commands).toBe(0)
  })

  test('slots that are none, of a command id', async () => {
    await using queue = await controller.createQueuePair({ mode: 'raw', depth: 4 })
    const odd = [undefined, ...notAnInteger, 4096, -2]
    expect(await notRefused(odd, (slot) => queue.sq.commandId(slot))).toEqual([])
    expect(await refusalOf(() => queue.sq.commandId(-1))).toBe('ERR_QUEUE_FULL')
  })
})

describe('sharing and events refuse', () => {
  const path = join(tmpdir(), 'peernvm-misuse.sock')

  test('options of serve()', async () => {
    const serve = (options: never) => controller.serve(options)
    const misspelt = [{ path, limit: {} }, { path: 5 }, { path: 'a\0b' }]
    expect(await notRefused([undefined, ...notAnObject, {}, ...misspelt], serve)).toEqual([])
    const limit = (name: string) => (value: unknown) =>
      controller.serve({ path, limits: { [name]: value } } as never)
    const sizes = notACount.filter((value) => value !== '5' && value !== 1.5)
    expect(await notRefused([...notACount, 0, 1001], limit('clients'))).toEqual([])
    expect(await notRefused([...notACount, 0, 65_536], limit('queuePairs'))).toEqual([])
    expect(await notRefused([...sizes, 0], limit('memory'))).toEqual([])
    const policy = (name: string) => (value: unknown) =>
      controller.serve({ path, policy: { [name]: value } } as never)
    expect(await notRefused(notABoolean, policy('readOnly'))).toEqual([])
    expect(await notRefused(notABoolean, policy('administers'))).toEqual([])
    const lists = [null, true, 5, 'x', {}, [0], ['1'], [1.5], [null], [2 ** 32]]
    expect(await notRefused(lists, policy('namespaces'))).toEqual([])
    for (const name of ['limits', 'policy']) {
      const odd = (value: unknown) => controller.serve({ path, [name]: value } as never)
      expect(await notRefused([...notAnObject, { odd: 1 }], odd)).toEqual([])
    }
  })

  test('the path of a socket that is none', async () => {
    expect(await notRefused([undefined, ...notText], readSharing)).toEqual([])
    expect(await refusalOf(() => readSharing(path))).toBe('ERR_TARGET')
  })

  test('options of events()', async () => {
    const events = (options: never) => controller.events(options)
    expect(await notRefused([...notAnObject, { odd: 1 }], events)).toEqual([])
    const counts = [...notACount, 0, 2 ** 21]
    expect(await notRefused(counts, (capacity) => controller.events({ capacity }))).toEqual([])
    expect(await notRefused(notASignal, (signal) => controller.events({ signal }))).toEqual([])
  })
})

describe('a histogram refuses', () => {
  test('words that are no histogram’s', async () => {
    const odd = [...notBytes, new Float64Array(8), new Float64Array(histogramWords + 1)]
    expect(await notRefused(odd, (words) => new Histogram(words))).toEqual([])
  })

  test('times, fractions and histograms that are none', async () => {
    const histogram = new Histogram()
    histogram.record(5)
    const noNumbers = notACount.filter((value) => typeof value !== 'number')
    const noTimes = [undefined, ...noNumbers, Number.NaN]
    expect(await notRefused(noTimes, (ns) => histogram.record(ns))).toEqual([])
    const fractions = [undefined, ...noNumbers, Number.NaN, -0.1, 1.1, 99]
    expect(await notRefused(fractions, (of) => histogram.quantile(of))).toEqual([])
    const others = [undefined, ...notAnObject, { count: 1, words: histogram.words }]
    expect(await notRefused(others, (other) => histogram.merge(other))).toEqual([])
    expect(histogram).toMatchObject({ count: 1, min: 5, max: 5 })
  })
})

describe('the table refuses', () => {
  const names = [undefined, ...notText, 'x', 'toString', '__proto__']

  test('structures that are not in it, and bytes that are none', async () => {
    expect(await notRefused(names, (name) => decode(name, new Uint8Array(4096)))).toEqual([])
    const odd = [undefined, ...notBytes, new ArrayBuffer(4096), new Uint8Array(8)]
    expect(await notRefused(odd, (value) => decode('IdentifyController', value))).toEqual([])
  })

  test('words that are not in it, and values that are none', async () => {
    expect(await notRefused(names, (name) => decodeBits(name, 0))).toEqual([])
    const odd = [undefined, ...notAnInteger.filter((value) => typeof value !== 'bigint')]
    expect(await notRefused(odd, (value) => decodeBits('cap', value))).toEqual([])
  })
})
