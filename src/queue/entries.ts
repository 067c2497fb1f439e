// SPDX-License-Identifier: MIT
// What outstanding commands say, read back from the submission queue: for errors, and to send a
// command again. The hot path notes slots; a slot that is used again too early is kept here.

import type { FailedCommand } from '../errors.ts'
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

export class Entries {
  /** By command id: the slot of its last command. */
  readonly slots: Int32Array
  readonly #kept = new Map<number, Int32Array>()
  /** Whole ids of commands whose namespace has changed since. */
  #outdated = new Set<number>()
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
