// SPDX-License-Identifier: MIT
// The entries of a queue with promises: written for commands as they are sent, and read back from
// the submission queue for errors, and to send a command again. A slot that is used again while its
// command is outstanding is kept here.

import { type DmaMemory, pageBytes } from '../dma.ts'
import type { FailedCommand } from '../errors.ts'
import { word } from '../spec/control-block.ts'
import { opcodeName } from '../spec/names.ts'
import { nvme } from '../spec/nvme.ts'
import type { Command } from './command.ts'
import type { QueueOwner } from './pair.ts'
import { type QueueRing, slotWords } from './ring.ts'

const { nvm_opcode: opcode } = nvme.codes
/** Commands on one range of blocks, in CDW10 to CDW12. */
const withBlocks = new Set<number>([
  opcode.read[0],
  opcode.write[0],
  opcode.compare[0],
  opcode.write_zeroes[0],
  opcode.write_uncorrectable[0],
  opcode.verify[0],
])

const kept = -1
const prp1Word = 6
/** A command is overdue when it has seen so many ticks; a tick is this part of the timeout. */
export const ticksMax = 8
// Folded by the compiler, as in ring.ts.
const { sqTail, outstanding: outstandingWord } = word
const pageMask = pageBytes - 1

export class Entries {
  /** By command id: the slot of its last command. */
  readonly slots: Int32Array
  /** The last command of each slot. */
  readonly #idsBySlot: Int32Array
  /** By command id: the tick at which it was sent. */
  readonly #bornAt: Int32Array
  #ticks = 0
  readonly #kept = new Map<number, Int32Array>()
  /** Whole ids of commands whose namespace has changed since. */
  #outdated = new Set<number>()
  readonly #ring: QueueRing

  constructor(ring: QueueRing) {
    this.#ring = ring
    this.slots = new Int32Array(ring.depth)
    this.#idsBySlot = new Int32Array(ring.depth + 1)
    this.#bornAt = new Int32Array(ring.depth)
  }

  /**
   * Takes an id and a slot for a command, and fills the slot: take(), advance(), write() and
   * point() of QueueRing in one. V8 stops compiling calls into their callers after so much code,
   * and each that is left takes some nanoseconds of every command.
   * @param memory from or to which it moves data, or undefined
   * @returns the id without its tag, or −1 when as many commands as fit are outstanding
   */
  place(
    opcode: number,
    namespaceId: number,
    lba: number,
    cdw12: number,
    memory: DmaMemory | undefined,
    offset: number,
    byteLength: number,
  ): number {
    const ring = this.#ring
    const { slots } = this
    const idsBySlot = this.#idsBySlot
    const { block, commands, words, depth } = ring
    const outstanding = block[outstandingWord] as number
    if (!(outstanding < depth)) return -1 // also when it was closed, and there is no such word
    const slot = block[sqTail] as number
    block[outstandingWord] = outstanding + 1
    block[sqTail] = slot === depth ? 0 : slot + 1
    const commandId = commands[depth - 1 - outstanding] as number
    const id = commandId & ring.commandMask
    commands[depth + id] = commandId | ring.inUse
    // Rarely true: the slot's last command is still outstanding.
    const before = idsBySlot[slot] as number
    idsBySlot[slot] = id
    if (slots[before] === slot && before !== id) this.#keep(before)
    slots[id] = slot
    this.#bornAt[id] = this.#ticks
    const at = slot << 4
    words[at] = opcode | (commandId << 16)
    words[at | 1] = namespaceId | 0
    words[at | 10] = lba | 0
    words[at | 11] = lba >>> 0 === lba ? 0 : lba / 4294967296
    words[at | 12] = cdw12 | 0
    if (memory !== undefined && (offset & pageMask) + byteLength <= memory.plainBytesMax) {
      if (ring.pins[id] !== memory) ring.pins[id] = memory
      words[at | 6] = (memory.addressLow + offset) | 0
      words[at | 7] = memory.addressHigh + (offset < memory.carryOffset ? 0 : 1)
    } else if (memory !== undefined) {
      ring.point(slot, id, memory, offset, byteLength)
    }
    return id
  }

  /**
   * Fetches the next slots into this CPU's cache, all at once. Written one by one, between
   * promises, each would come from the device's CPU while everything that is written after it
   * waits. Dword 15 is 0 in nearly all commands; of one that is outstanding nobody reads it back.
   * @param count no more than can be submitted now, so that the device has read what was there
   */
  fetchSlots(count: number): void {
    const { block, words, depth } = this.#ring
    let slot = block[sqTail] as number
    for (let i = 0; i < count; i++) {
      words[(slot << 4) | 15] = 0
      slot = slot === depth ? 0 : slot + 1
    }
  }

  /** One tick of the coarse clock passed. @returns the ids of commands that are overdue */
  tick(): number[] {
    this.#ticks++
    const { commands, depth } = this.#ring
    const overdue: number[] = []
    for (let id = 0; id < depth; id++) {
      if (commands[depth + id] === 0) continue
      if (this.#ticks - (this.#bornAt[id] as number) > ticksMax) overdue.push(id)
    }
    return overdue
  }

  /** The slot of command `id` is about to be used again. */
  #keep(id: number): void {
    const { commands, depth } = this.#ring
    if (commands[depth + id] === 0) return
    this.#kept.set(id, this.#entryOf(id).slice())
    this.#ring.clearExtra(this.slots[id] as number)
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

  /** Namespace `nsid` may have another format: what is outstanding there is not sent again. */
  forgetNamespace(nsid: number): void {
    const { commands, depth } = this.#ring
    const before = this.#outdated
    this.#outdated = new Set()
    for (let id = 0; id < depth; id++) {
      if (commands[depth + id] === 0) continue
      const commandId = this.commandIdOf(id)
      if (this.#entryOf(id)[1] === nsid || before.has(commandId)) this.#outdated.add(commandId)
    }
  }

  /** After completions: their ids are those of others soon. */
  forgetEnded(): void {
    if (this.#outdated.size === 0) return
    for (const commandId of this.#outdated) {
      if (!this.#ring.isOutstanding(commandId)) this.#outdated.delete(commandId)
    }
  }

  /** That command. */
  commandOf(id: number): FailedCommand {
    return describeEntry(this.#entryOf(id), id)
  }

  /** Words that few commands use are 0 again, in a slot that command `id` was in. */
  clearExtra(id: number): void {
    const slot = this.slots[id] as number
    if (slot !== kept) this.#ring.clearExtra(slot)
  }

  /**
   * The direct read or write that has `id`, to be sent again; undefined where the memory was
   * disposed of or the namespace changed meanwhile, and for a namespace that only the caller knows.
   */
  requestOf(id: number, owner: Pick<QueueOwner, 'knownNamespace'>): Command | undefined {
    const entry = this.#entryOf(id)
    const field = (index: number): number => (entry[index] as number) >>> 0
    const memory = this.#ring.pins[id]
    if (memory === undefined || memory.disposed) return undefined
    if (this.#outdated.has(this.commandIdOf(id))) return undefined
    const byteOffset = memory.offsetOf(field(prp1Word), field(prp1Word + 1))
    const namespace = owner.knownNamespace(field(1))
    if (byteOffset === undefined || namespace === undefined) return undefined
    const byteLength = ((field(12) & 0xffff) + 1) * namespace.blockSize
    return {
      opcode: field(0) & 0xff,
      nsid: field(1),
      namespace,
      cdw10: field(10),
      cdw11: field(11),
      cdw12: field(12),
      extra: undefined,
      data: { byteLength, segments: [{ memory, byteOffset, byteLength }], bytes: [] },
    }
  }
}

export type CommandSet = 'admin' | 'io'

/** The command of a submission queue entry. */
export function describeEntry(
  entry: Int32Array,
  commandId: number,
  set: CommandSet = 'io',
): FailedCommand {
  const field = (index: number): number => (entry[index] as number) >>> 0
  const opcode = field(0) & 0xff
  const named = { name: opcodeName(set, opcode), opcode, commandId }
  if (set === 'admin' && field(1) === 0) return named
  const what = { ...named, namespaceId: field(1) }
  if (set === 'admin' || !withBlocks.has(opcode)) return what
  return { ...what, lba: field(10) + field(11) * 2 ** 32, blockCount: (field(12) & 0xffff) + 1 }
}
