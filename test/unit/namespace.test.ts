// SPDX-License-Identifier: MIT
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Controller } from '../../src/controller.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import type { Namespace } from '../../src/namespace.ts'
import { openController } from '../../src/open.ts'

const blockSize = 512
const blockCount = 1 << 20 // 512 MiB: more than one command of any kind takes
let device: Emulator
let controller: Controller
let namespace: Namespace

const filled = (blocks: number, seed: number): Uint8Array =>
  Uint8Array.from({ length: blocks * blockSize }, (_, i) => (i * 7 + (i >> 9) + seed) & 0xff)

const readBlocks = (lba: number, blocks: number): Promise<Uint8Array> =>
  namespace.read({ lba, into: new Uint8Array(blocks * blockSize) })

beforeAll(async () => {
  device = await startEmulator({ size: blockSize * blockCount })
  controller = await openController(device.controller(0))
  namespace = await controller.namespace(1)
})
afterAll(async () => {
  await controller.close()
  await device.close()
})

describe('commands of a namespace', () => {
  test('compare says whether the blocks hold these bytes, beyond one command too', async () => {
    const bytes = filled(600, 1)
    await namespace.write({ lba: 100, from: bytes })
    expect(await namespace.compare({ lba: 100, with: bytes })).toBe(true)
    bytes[599 * blockSize] = (bytes[599 * blockSize] as number) ^ 1
    expect(await namespace.compare({ lba: 100, with: bytes })).toBe(false)
    const beyond = namespace.compare({ lba: blockCount, with: bytes })
    await expect(beyond).rejects.toMatchObject({ status: { name: 'lba_out_of_range' } })
  })

  test('writeZeroes covers any number of blocks, and no other', async () => {
    const count = 200_000
    const edge = filled(1, 2)
    await namespace.writeMany([
      { lba: 999, from: edge },
      { lba: 1000, from: edge },
      { lba: 1000 + count - 1, from: edge },
      { lba: 1000 + count, from: edge },
    ])
    await namespace.writeZeroes({ lba: 1000, blockCount: count, deallocate: true })
    const zeroes = new Uint8Array(blockSize)
    expect(await readBlocks(1000, 1)).toEqual(zeroes)
    expect(await readBlocks(1000 + count - 1, 1)).toEqual(zeroes)
    expect(await readBlocks(999, 1)).toEqual(edge)
    expect(await readBlocks(1000 + count, 1)).toEqual(edge)
  })

  test('deallocate takes one range or many, more than one command names', async () => {
    const lbas = Array.from({ length: 300 }, (_, i) => 2000 + 3 * i)
    await namespace.write({ lba: 2000, from: filled(900, 3) })
    await namespace.deallocate(lbas.map((lba) => ({ lba, blockCount: 1 })))
    const after = await readBlocks(2000, 900)
    const before = filled(900, 3)
    for (let block = 0; block < 900; block++) {
      const at = block * blockSize
      const found = after.subarray(at, at + blockSize)
      const kept = before.subarray(at, at + blockSize)
      const expected = block % 3 === 0 ? new Uint8Array(blockSize) : kept
      expect(Buffer.compare(found, expected), `block ${block}`).toBe(0)
    }
    await namespace.deallocate({ lba: 2000, blockCount: 900 })
    const zeroes = new Uint8Array(900 * blockSize)
    expect(Buffer.compare(await readBlocks(2000, 900), zeroes)).toBe(0)
  })

  test('copy puts ranges one behind the other, beyond one command too', async () => {
    const bytes = filled(5000, 4)
    await namespace.write({ lba: 10_000, from: bytes })
    await namespace.copy({
      from: [
        { lba: 12_000, blockCount: 3000 },
        { lba: 10_000, blockCount: 7 },
      ],
      to: 20_000n,
    })
    const copied = await readBlocks(20_000, 3007)
    const expected = Buffer.concat([
      bytes.subarray(2000 * blockSize),
      bytes.subarray(0, 7 * blockSize),
    ])
    expect(Buffer.compare(copied, expected)).toBe(0)
    const overlapping = namespace.copy({ from: { lba: 100, blockCount: 10 }, to: 109 })
    await expect(overlapping).rejects.toMatchObject({ code: 'ERR_RANGE' })
  })

  test('verify finds what writeUncorrectable marked, until it is written again', async () => {
    await namespace.verify({ lba: 0, blockCount: 100_000 })
    await namespace.writeUncorrectable({ lba: 90_000, blockCount: 1 })
    const verified = namespace.verify({ lba: 0, blockCount: 100_000 })
    await expect(verified).rejects.toMatchObject({ status: { name: 'unrecovered_read_error' } })
    await namespace.write({ lba: 90_000, from: filled(1, 5) })
    await namespace.verify({ lba: 0, blockCount: 100_000 })
  })

  test.each([
    { what: 'no blocks', run: () => namespace.verify({ lba: 0, blockCount: 0 }) },
    { what: 'half a block', run: () => namespace.writeZeroes({ lba: 0, blockCount: 0.5 }) },
    { what: 'a negative LBA', run: () => namespace.deallocate({ lba: -1, blockCount: 1 }) },
    {
      what: 'a hole after more ranges than one command names',
      run: () => {
        const ranges = Array.from({ length: 300 }, (_, lba) => ({ lba, blockCount: 1 }))
        delete ranges[299]
        return namespace.deallocate(ranges)
      },
    },
    { what: 'an LBA that is text', run: () => namespace.copy({ from: [], to: '1' as never }) },
  ])('$what: ERR_ARGUMENT', async ({ run }) => {
    await expect(run()).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
  })
})

describe('protected blocks', () => {
  test.each([512, 4096] as const)(
    'of %i bytes: tags are made, checked and copied',
    async (size) => {
      await using protectedDevice = await startEmulator({
        size: '8MiB',
        blockSize: size,
        metadataSize: 8,
        protection: 1,
      })
      await using ctrl = await openController(protectedDevice.controller(0))
      const ns = await ctrl.namespace(1)
      expect(ns.blockSize).toBe(size)
      const bytes = new Uint8Array(size * 300).map((_, i) => (i * 31) & 0xff)
      await ns.write({ lba: 5, from: bytes })
      expect(Buffer.compare(await ns.read({ lba: 5, into: bytes.slice() }), bytes)).toBe(0)
      await ns.verify({ lba: 5, blockCount: 300 })
      await ns.copy({ from: { lba: 5, blockCount: 300 }, to: 600 })
      const copied = await ns.read({ lba: 600, into: new Uint8Array(bytes.length) })
      expect(Buffer.compare(copied, bytes)).toBe(0)
      await ns.writeZeroes({ lba: 6, blockCount: 1 })
      expect(await ns.read({ lba: 6, into: new Uint8Array(size) })).toEqual(new Uint8Array(size))
      using memory = await ctrl.allocate(size)
      await ns.read({ lba: 600, into: memory })
      expect(Buffer.compare(memory.bytes as Uint8Array, bytes.subarray(0, size))).toBe(0)
      const compared = ns.compare({ lba: 5, with: bytes })
      await expect(compared).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
    },
  )
})
