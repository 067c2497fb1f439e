// SPDX-License-Identifier: MIT
// Memory of ours through which data of plain typed arrays passes. Slots of a power of two, carved
// from slabs that are kept for the next command; bounded, so that a full pool makes requests wait.

import type { DmaDescriptor } from '../dma.ts'
import type { NvmError } from '../errors.ts'

const slotBytesMin = 4096
const slabBytesMin = 256 * 1024
const poolBytesMax = 64 * 1024 * 1024

export class BouncePool {
  readonly #allocate: (byteLength: number) => DmaDescriptor
  readonly #slabs: DmaDescriptor[] = []
  /** Those of the slabs that have no slots. */
  #uncarved: DmaDescriptor[] = []
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
    this.#uncarved = []
    this.#free.clear()
    this.#bytes = 0
  }

  #carve(slotBytes: number): DmaDescriptor | undefined {
    const slab = this.#slabOf(Math.max(slotBytes, slabBytesMin))
    if (slab === undefined) return undefined
    const slots = this.#free.get(slotBytes) ?? []
    for (let at = 0; at + slotBytes <= slab.byteLength; at += slotBytes) {
      slots.push(slab.view(at, slotBytes))
    }
    this.#free.set(slotBytes, slots)
    return slots.pop()
  }

  #slabOf(slabBytes: number): DmaDescriptor | undefined {
    const slab = this.#takeUncarved(slabBytes) ?? this.#allocateWithin(slabBytes)
    if (slab !== undefined || this.#inUse > 0) return slab
    // All of it is free, but in slots of other sizes.
    this.#free.clear()
    this.#uncarved = this.#slabs.slice()
    const free = this.#takeUncarved(slabBytes)
    if (free !== undefined) return free
    this.dispose()
    return this.#addSlab(slabBytes)
  }

  #takeUncarved(slabBytes: number): DmaDescriptor | undefined {
    const index = this.#uncarved.findIndex((slab) => slab.byteLength >= slabBytes)
    return index < 0 ? undefined : this.#uncarved.splice(index, 1)[0]
  }

  /** Undefined where the pool has as much as it may, or has some and gets no more. */
  #allocateWithin(slabBytes: number): DmaDescriptor | undefined {
    if (this.#bytes + slabBytes > poolBytesMax) return undefined
    try {
      return this.#addSlab(slabBytes)
    } catch (error) {
      if (this.#bytes > 0 && isShortage(error as NvmError)) return undefined
      throw error
    }
  }

  #addSlab(slabBytes: number): DmaDescriptor {
    const slab = this.#allocate(slabBytes)
    this.#slabs.push(slab)
    this.#bytes += slabBytes
    return slab
  }
}

/** The device may reach no more memory, or no more of this client's. */
const isShortage = ({ code }: NvmError): boolean => code === 'ERR_MEMORY' || code === 'ERR_RANGE'

function slotSize(byteLength: number): number {
  return Math.max(slotBytesMin, 2 ** Math.ceil(Math.log2(byteLength)))
}
