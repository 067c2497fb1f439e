// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest'
import type { DmaDescriptor } from '../../../src/dma.ts'
import { BouncePool } from '../../../src/queue/bounce.ts'

/** Stands in for memory: counts what is allocated and disposed. */
class FakeMemory {
  readonly allocated: number[] = []
  disposed = 0

  readonly allocate = (byteLength: number): DmaDescriptor => {
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

  test('free slots of another size are let go for the size asked for', () => {
    const memory = new FakeMemory()
    const pool = new BouncePool(memory.allocate)
    const slots = Array.from({ length: 64 }, () => pool.take(1 << 20) as DmaDescriptor)
    for (const slot of slots) pool.give(slot)
    expect(pool.take(4096)).toBeDefined()
    expect(memory.disposed).toBe(64)
  })
})
