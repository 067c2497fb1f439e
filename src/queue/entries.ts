// SPDX-License-Identifier: MIT
// What outstanding commands say, read back from the submission queue: for errors, and to send a
// command again. The hot path notes slots; a slot that is used again too early is kept here.

import type { FailedCommand } from '../errors.ts'
import { opcodeName } from '../spec/names.ts'
import { nvme } from '../spec/nvme.ts'
import type { QueueOwner } from './pair.ts'
import { type QueueRing, slotWords } from './ring.ts'
import type { Transfer } from './transfer.ts'

const opcodeFlush = nvme.codes.nvm_opcode.flush[0]

const kept = -1
const prp1Word = 6

export class Entries {
  /** By command id: the slot of its last command. */
  readonly slots: Int32Array
  readonly #kept = new Map<number, Int32Array>()
  readonly #ring: QueueRing

  constructor(ring: QueueRing) {
    this.#ring = ring
    this.slots = new Int32Array(ring.depth)
  }

  /** The slot of command `id` is about to be used again. */
  keep(id: number): void {
    const { commands, depth } = this.#ring
    if (commands[depth + id] === 0) return
    this.#kept.set(id, this.#entryOf(id).slice())
    this.slots[id] = kept
  }

  #entryOf(id: number): Int32Array {
    const slot = this.slots[id] as number
    if (slot === kept) return this.#kept.get(id) as Int32Array
    return this.#ring.words.subarray(slot * slotWords, (slot + 1) * slotWords)
  }

  /** The whole id, as the device knows it, of the command that has or had `id` last. */
  commandIdOf(id: number): number {
    return (this.#entryOf(id)[0] as number) >>> 16
  }

  /** That command. */
  commandOf(id: number): FailedCommand {
    const entry = this.#entryOf(id)
    const field = (index: number): number => (entry[index] as number) >>> 0
    const opcode = field(0) & 0xff
    const what = { name: opcodeName('io', opcode), opcode, commandId: id, namespaceId: field(1) }
    if (opcode === opcodeFlush) return what
    return { ...what, lba: field(10) + field(11) * 2 ** 32, blockCount: (field(12) & 0xffff) + 1 }
  }

  /**
   * Its transfer, to be sent again; undefined where the memory was disposed of meanwhile, and for a
   * namespace that only the caller knows.
   */
  transferOf(id: number, owner: Pick<QueueOwner, 'blockSizeOf'>): Transfer | undefined {
    const { opcode, namespaceId = 0, lba = 0, blockCount = 0 } = this.commandOf(id)
    if (opcode === opcodeFlush) return flushOf(namespaceId)
    const entry = this.#entryOf(id)
    const memory = this.#ring.pins[id]
    if (memory === undefined || memory.disposed) return undefined
    const low = (entry[prp1Word] as number) >>> 0
    const byteOffset = memory.offsetOf(low, (entry[prp1Word + 1] as number) >>> 0)
    const blockSize = owner.blockSizeOf(namespaceId)
    if (byteOffset === undefined || blockSize === undefined) return undefined
    const byteLength = blockCount * blockSize
    return { namespaceId, blockSize, lba, byteLength, memory, byteOffset, bytes: undefined }
  }
}

/** A flush as a transfer of no bytes. */
export function flushOf(namespaceId: number): Transfer {
  return {
    namespaceId,
    blockSize: 512, // of no meaning, as there are no blocks
    lba: 0,
    byteLength: 0,
    memory: undefined,
    byteOffset: 0,
    bytes: undefined,
  }
}
