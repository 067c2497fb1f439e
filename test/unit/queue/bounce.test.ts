// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest'
import type { DmaDescriptor } from '../../../src/dma.ts'
import { createError } from '../../../src/errors.ts'
import { BouncePool } from '../../../src/queue/bounce.ts'

/** Stands in for memory: counts what is allocated and disposed. */
class FakeMemory {
  readonly allocated: number[] = []
  disposed = 0
  readonly #piecesMax: number

  constructor(piecesMax = Number.POSITIVE_INFINITY) {
    this.#piecesMax = piecesMax
  }

  readonly allocate = (byteLength: number): DmaDescriptor => {
    if (this.allocated.length >= this.#piecesMax) throw createError('ERR_RANGE', 'a limit')
    this.allocated.push(byteLength)
    const fake = {
      byteLength,
      view: (byteOffset: number, length: number) => ({ byteOffset, byteLength: length }),
      [Symbol.dispose]: () => {
        this.disposed++
      },
    }
    return fake as unknown as DmaDescriptor
  }
}

describe('bounce pool', () => {
  test('slots that are out never overlap, and one that came back is used again', () => {
    const memory = new FakeMemory()
    const pool = new BouncePool(memory.allocate)
    const slots = Array.from({ length: 64 }, () => pool.take(4000) as DmaDescriptor)
    expect(new Set(slots.map((slot) => slot.byteOffset)).size).toBe(64)
    expect(slots.every((slot) => slot.byteLength === 4096)).toBe(true)
    expect(memory.allocated).toEqual([256 * 1024])
    pool.give(slots[7] as DmaDescriptor)
    expect(pool.take(1)).toBe(slots[7])
  })

  test('it is bounded: then there is no slot until one comes back', () => {
    const memory = new FakeMemory()
    const pool = new BouncePool(memory.allocate)
    const slots: DmaDescriptor[] = []
    for (let slot = pool.take(1 << 20); slot !== undefined; slot = pool.take(1 << 20)) {
      slots.push(slot)
    }
    expect(slots).toHaveLength(64)
    pool.give(slots[0] as DmaDescriptor)
    expect(pool.take(1 << 20)).toBe(slots[0])
  })

  test('free memory in slots of another size is used for the size asked for', () => {
    const memory = new FakeMemory()
    const pool = new BouncePool(memory.allocate)
    const slots = Array.from({ length: 64 }, () => pool.take(1 << 20) as DmaDescriptor)
    for (const slot of slots) pool.give(slot)
    expect(pool.take(4096)?.byteLength).toBe(4096)
    expect(memory.allocated).toHaveLength(64)
    expect(pool.take(1 << 20)?.byteLength).toBe(1 << 20)
    expect(memory.disposed).toBe(0)
  })

  test('where no more memory can be had, it makes do with what it has', () => {
    const memory = new FakeMemory(2)
    const pool = new BouncePool(memory.allocate)
    const slots = Array.from({ length: 4 }, () => pool.take(128 * 1024) as DmaDescriptor)
    expect(pool.take(128 * 1024)).toBeUndefined()
    expect(pool.take(4096)).toBeUndefined()
    for (const slot of slots) pool.give(slot)
    expect(pool.take(4096)?.byteLength).toBe(4096)
    expect(pool.take(8192)?.byteLength).toBe(8192)
    expect(pool.take(1 << 14)).toBeUndefined()
    expect(memory.disposed).toBe(0)
  })

  test('with none at all it says why', () => {
    const pool = new BouncePool(new FakeMemory(0).allocate)
    expect(() => pool.take(4096)).toThrowError(expect.objectContaining({ code: 'ERR_RANGE' }))
  })
})
