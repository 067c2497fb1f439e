// SPDX-License-Identifier: MIT
// Memory of ours through which data of plain typed arrays passes. Slots of a power of two, carved
// from slabs that are kept for the next command; bounded, so that a full pool makes requests wait.

import type { DmaDescriptor } from '../dma.ts'

const slotBytesMin = 4096
const slabBytesMin = 256 * 1024
const poolBytesMax = 64 * 1024 * 1024

export class BouncePool {
  readonly #allocate: (byteLength: number) => DmaDescriptor
  readonly #slabs: DmaDescriptor[] = []
  readonly #free = new Map<number, DmaDescriptor[]>()
  #bytes = 0
  #inUse = 0

  constructor(allocate: (byteLength: number) => DmaDescriptor) {
    this.#allocate = allocate
  }

  /** A slot of at least `byteLength` bytes, or undefined: then one comes back before long. */
  take(byteLength: number): DmaDescriptor | undefined {
    const slotBytes = slotSize(byteLength)
    const slot = this.#free.get(slotBytes)?.pop() ?? this.#carve(slotBytes)
    if (slot !== undefined) this.#inUse++
    return slot
  }

  give(slot: DmaDescriptor): void {
    this.#inUse--
    this.#free.get(slot.byteLength)?.push(slot)
  }

  /** Lets all memory go, as soon as no command reaches it. */
  dispose(): void {
    for (const slab of this.#slabs.splice(0)) slab[Symbol.dispose]()
    this.#free.clear()
    this.#bytes = 0
  }

  #carve(slotBytes: number): DmaDescriptor | undefined {
    const slabBytes = Math.max(slotBytes, slabBytesMin)
    if (this.#bytes + slabBytes > poolBytesMax) {
      if (this.#inUse > 0) return undefined
      this.dispose() // all of it is free, but in slots of other sizes
    }
    const slab = this.#allocate(slabBytes)
    this.#slabs.push(slab)
    this.#bytes += slabBytes
    const slots = this.#free.get(slotBytes) ?? []
    for (let at = 0; at < slabBytes; at += slotBytes) slots.push(slab.view(at, slotBytes))
    this.#free.set(slotBytes, slots)
    return slots.pop()
  }
}

function slotSize(byteLength: number): number {
  return Math.max(slotBytesMin, 2 ** Math.ceil(Math.log2(byteLength)))
}
