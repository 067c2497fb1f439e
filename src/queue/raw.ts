// SPDX-License-Identifier: MIT
// Queue pairs by hand, in libnvm's verbs on typed arrays: enqueue, submit, poll, update. No
// promise, no allocation and, but for waking a sleeping emulator, no native call.

import { checkInteger, show } from '../checks.ts'
import { type DmaDescriptor, isDescriptor, refuseIfBounced } from '../dma.ts'
import { createError, type NvmError } from '../errors.ts'
import type { NamespaceChanges } from '../namespace-changes.ts'
import { word } from '../spec/control-block.ts'
import { nvme } from '../spec/nvme.ts'
import { Batch, type BatchOptions } from './batch.ts'
import { counter } from './counters.ts'
import { type QueueOwner, QueuePair, refuseMembers } from './pair.ts'
import { isLba } from './request.ts'
import type { QueueRing } from './ring.ts'

const opcodeRead = nvme.codes.nvm_opcode.read[0]
const opcodeWrite = nvme.codes.nvm_opcode.write[0]
const opcodeFlush = nvme.codes.nvm_opcode.flush[0]
// Folded by the compiler, as in ring.ts.
const { sqTail, sqDoorbell, sqEntries } = word
const { commands: commandCount, bytes: byteCount, noData: noDataCount, p2p: p2pCount } = counter
/** Of an opcode: neither is set where the command moves no data. */
const directionBits = 3

/**
 * The submission queue of a raw pair: `enqueue()`, fill the slot, `submit()`.
 * @category Raw queues
 */
export class SubmissionQueue {
  /**
   * All slots, 16 words each; `words[slot * 16]` of an enqueued slot holds its command id in bits
   * 31:16. Words that nobody writes stay as they were when the slot was used last.
   */
  readonly words: Int32Array
  readonly #ring: QueueRing
  readonly #owner: QueueOwner
  readonly #transferBytesMax: number
  readonly #controllerId: number
  readonly #changes: NamespaceChanges
  /**
   * By slot: bytes that its command is to move, below 0 for memory of another device; 0 where
   * neither read() nor write() has filled it.
   */
  readonly #byteLengths: Int32Array
  /**
   * By slot: the id that it was enqueued with, −1 once it was sent. Reading it back from the slot
   * would wait until the device's cache has given the line away.
   */
  readonly #ids: Int32Array
  #namespaceId = 0
  #blockSize = 0

  constructor(ring: QueueRing, owner: QueueOwner) {
    this.words = ring.words
    this.#ring = ring
    this.#owner = owner
    this.#transferBytesMax = ring.transferBytesMax
    this.#controllerId = owner.id
    this.#changes = owner.namespaceChanges
    this.#byteLengths = new Int32Array(ring.depth + 1)
    this.#ids = new Int32Array(ring.depth + 1).fill(-1)
  }

  /**
   * A slot with a free command id, or −1 when `depth` commands are outstanding. Memory only, no
   * doorbell.
   * @throws NvmError ERR_CLOSED
   */
  enqueue(): number {
    const ring = this.#ring
    const id = ring.take()
    if (id < 0) return this.#refuseIfClosed()
    const slot = ring.advance()
    this.words[slot << 4] = id << 16
    this.#ids[slot] = id
    return slot
  }

  /**
   * The command id of an enqueued slot, by which its completion names it.
   * @param slot what enqueue() gave, until submit() sends it
   * @throws NvmError ERR_QUEUE_FULL for slot −1; ERR_ARGUMENT, ERR_CLOSED
   */
  commandId(slot: number): number {
    return this.#idOf(slot)
  }

  /**
   * Makes the slot's command a read of whole blocks. Memory only, no doorbell.
   * @param slot what enqueue() gave
   * @param namespaceId of a namespace that `controller.namespace(id)` has given before
   * @param lba first block
   * @param blockCount how many blocks, at most one command's
   * @param descriptor memory of this controller; it has to live until the command has completed
   * @param byteOffset in the descriptor, a multiple of 4 bytes
   * @throws NvmError ERR_QUEUE_FULL for slot −1; ERR_RANGE, ERR_ALIGNMENT, ERR_ARGUMENT;
   * ERR_NAMESPACE: await namespace(id) first; ERR_CLOSED
   */
  read(
    slot: number,
    namespaceId: number,
    lba: number,
    blockCount: number,
    descriptor: DmaDescriptor,
    byteOffset: number,
  ): void {
    this.#fill(opcodeRead, slot, namespaceId, lba, blockCount, descriptor, byteOffset)
  }

  /**
   * Makes the slot's command a write of whole blocks. Memory only, no doorbell.
   * @param slot what enqueue() gave
   * @param namespaceId of a namespace that `controller.namespace(id)` has given before
   * @param lba first block
   * @param blockCount how many blocks, at most one command's
   * @param descriptor memory of this controller; it has to live until the command has completed
   * @param byteOffset in the descriptor, a multiple of 4 bytes
   * @throws NvmError ERR_QUEUE_FULL for slot −1; ERR_RANGE, ERR_ALIGNMENT, ERR_ARGUMENT;
   * ERR_NAMESPACE: await namespace(id) first; ERR_CLOSED
   */
  write(
    slot: number,
    namespaceId: number,
    lba: number,
    blockCount: number,
    descriptor: DmaDescriptor,
    byteOffset: number,
  ): void {
    this.#fill(opcodeWrite, slot, namespaceId, lba, blockCount, descriptor, byteOffset)
  }

  /**
   * Makes the slot's command a flush. Memory only, no doorbell.
   * @param slot what enqueue() gave
   * @param namespaceId from 1; FFFFFFFFh: all
   * @throws NvmError ERR_QUEUE_FULL for slot −1; ERR_ARGUMENT, ERR_RANGE, ERR_CLOSED
   */
  flush(slot: number, namespaceId: number): void {
    const id = this.#idOf(slot)
    checkInteger('the namespace id', namespaceId, 1, 0xffffffff)
    this.#ring.pins[id] = undefined
    this.#byteLengths[slot] = 0
    this.#ring.write(slot, id, opcodeFlush, namespaceId, 0, 0)
  }

  /** No slot is to be filled any more. @internal */
  forgetSlots(): void {
    this.#ids.fill(-1)
  }

  /** What is known of the namespace is out of date. @internal */
  forgetNamespace(id: number): void {
    if (id === this.#namespaceId) this.#namespaceId = 0
  }

  /**
   * Rings the doorbell for everything enqueued since the last call.
   * @throws NvmError ERR_CLOSED
   */
  submit(): void {
    const ring = this.#ring
    const from = ring.block[sqDoorbell] as number
    const to = ring.block[sqTail] as number
    if (to === undefined) this.#refuseIfClosed()
    ring.ringUntold()
    this.#count(from, to)
    if (ring.watch.owesSubmissions) ring.watch.tellSubmissions()
  }

  /**
   * Commands count as they are sent, whoever filled their slots, and however often; after the
   * doorbell, while the device is at work.
   */
  #count(from: number, to: number): void {
    const { words } = this
    const { stats } = this.#ring
    const ids = this.#ids
    const byteLengths = this.#byteLengths
    const { depth } = this.#ring
    let commands = 0
    let bytes = 0
    for (let slot = from; slot !== to; slot = slot === depth ? 0 : slot + 1) {
      const byteLength = byteLengths[slot] as number
      byteLengths[slot] = 0
      ids[slot] = -1
      commands++
      if (byteLength > 0) {
        bytes += byteLength
      } else if (byteLength < 0) {
        bytes -= byteLength
        stats[p2pCount] = (stats[p2pCount] as number) + 1
      } else if (((words[slot << 4] as number) & directionBits) === 0) {
        stats[noDataCount] = (stats[noDataCount] as number) + 1
      }
    }
    stats[commandCount] = (stats[commandCount] as number) + commands
    stats[byteCount] = (stats[byteCount] as number) + bytes
  }

  #fill(
    opcode: number,
    slot: number,
    namespaceId: number,
    lba: number,
    blockCount: number,
    descriptor: DmaDescriptor,
    byteOffset: number,
  ): void {
    if (this.#changes.areNew) this.#owner.noticeChanges()
    if (namespaceId !== this.#namespaceId) this.#lookUp(namespaceId)
    const ring = this.#ring
    const id = this.#idOf(slot)
    const memory = descriptor?.memory
    // Types first: reckoning with a Symbol or a BigInt would throw.
    const byteLength = typeof blockCount === 'number' ? blockCount * this.#blockSize : 0
    if (
      memory?.usableBy !== this.#controllerId ||
      !(byteLength > 0 && byteLength <= this.#transferBytesMax) ||
      typeof byteOffset !== 'number' ||
      typeof lba !== 'number' ||
      blockCount >>> 0 !== blockCount ||
      byteOffset >>> 0 !== byteOffset ||
      byteOffset + byteLength > descriptor.byteLength ||
      (byteOffset & 3) !== 0 ||
      !isLba(lba)
    ) {
      this.#refuse(lba, blockCount, descriptor, byteOffset)
    }
    ring.write(slot, id, opcode, namespaceId, lba, blockCount - 1)
    ring.point(slot, id, memory, descriptor.byteOffset + byteOffset, byteLength)
    this.#byteLengths[slot] = memory.isPeer ? -byteLength : byteLength
  }

  #lookUp(namespaceId: number): void {
    const blockSize = this.#owner.knownNamespace(namespaceId)?.blockSize
    if (blockSize === undefined) {
      const why = `${show(namespaceId)} is not known, or has changed; await namespace(id) first`
      throw createError('ERR_NAMESPACE', why)
    }
    this.#blockSize = blockSize
    this.#namespaceId = namespaceId
  }

  #refuse(lba: number, blockCount: number, descriptor: DmaDescriptor, byteOffset: number): never {
    if (!isDescriptor(descriptor)) {
      throw createError('ERR_ARGUMENT', `data is a DmaDescriptor, and not ${show(descriptor)}`)
    }
    if (descriptor.memory.disposed) throw createError('ERR_CLOSED', 'the descriptor was disposed')
    if (descriptor.memory.controllerId !== this.#controllerId) {
      throw createError('ERR_ARGUMENT', 'the descriptor belongs to another controller')
    }
    refuseIfBounced(descriptor.memory)
    checkInteger('lba', lba, 0, Number.MAX_SAFE_INTEGER)
    checkInteger('blockCount', blockCount, 1, this.#transferBytesMax / this.#blockSize)
    checkInteger('byteOffset', byteOffset, 0, descriptor.byteLength)
    if (byteOffset % 4 !== 0) {
      throw createError('ERR_ALIGNMENT', `byteOffset ${byteOffset} is no multiple of 4`)
    }
    throw createError(
      'ERR_RANGE',
      `${blockCount} blocks of ${this.#blockSize} bytes at offset ${byteOffset} of ` +
        `${descriptor.byteLength} bytes`,
    )
  }

  /** The id of the command in `slot`, which has to be one that was not sent yet. */
  #idOf(slot: number): number {
    if (typeof slot !== 'number') this.#refuseSlot(slot)
    const id = this.#ids[slot]
    if (id === undefined || id < 0) this.#refuseSlot(slot)
    return id
  }

  /** For a slot that holds no command which is yet to be submitted. */
  #refuseSlot(slot: number): never {
    this.#refuseIfClosed()
    if (slot === -1) throw createError('ERR_QUEUE_FULL', `it has room for ${this.#ring.depth}`)
    const why = `slot ${show(slot)} is none that enqueue() gave and submit() has not sent`
    throw createError('ERR_ARGUMENT', why)
  }

  #refuseIfClosed(): -1 {
    if (this.words.length > 0) return -1
    throw createError('ERR_CLOSED', `queue pair ${this.#ring.id}`)
  }
}

/** Polls that found nothing, about a microsecond, after which the device gets help or the CPU. */
const emptyPollsMax = 256

/**
 * The completion queue of a raw pair: `poll` or `wait`, look at `done`, `update`.
 * @category Raw queues
 */
export class CompletionQueue {
  /**
   * One Int32 for each completion: command id in bits 15:0, status field in bits 30:16 (0:
   * success). Only the first `poll()` of them are new; the next poll() overwrites them.
   */
  readonly done: Int32Array
  readonly #ring: QueueRing
  readonly #pair: RawQueuePair
  readonly #emptyMax: number
  #emptyPolls = 0

  constructor(ring: QueueRing, pair: RawQueuePair) {
    this.done = ring.done
    this.#emptyMax = ring.inlinePump ? 1 : emptyPollsMax
    this.#ring = ring
    this.#pair = pair
  }

  /**
   * Takes what has completed into `done`, and frees those command ids. No doorbell.
   * @returns how many there are, which may be none
   * @throws NvmError ERR_QUEUE_LOST, after some polls, when the controller was reset or its manager
   * has gone; ERR_CLOSED
   */
  poll(): number {
    const ring = this.#ring
    const count = ring.poll()
    if (count !== 0) return this.#taken(count)
    if (ring.isClosed) throw createError('ERR_CLOSED', `queue pair ${ring.id}`)
    if (++this.#emptyPolls < this.#emptyMax) return 0
    this.#emptyPolls = 0
    ring.pump(0)
    return this.#lookAgain()
  }

  #taken(count: number): number {
    this.#emptyPolls = 0
    const { done, watch } = this.#ring
    if (watch.owesEnds) {
      const taken = done.slice(0, count) // a subscriber may poll, too
      watch.tellEnds()
      done.set(taken)
    }
    return count
  }

  /** One poll of a queue that may be lost: then no more completes than has already. */
  #lookAgain(): number {
    const ring = this.#ring
    const { isLive } = ring
    const count = ring.poll()
    if (count !== 0 || isLive) return this.#taken(count)
    const why = `queue pair ${ring.id}: the controller was reset, or its manager has gone`
    throw createError('ERR_QUEUE_LOST', why, { queue: ring.id, dump: this.#pair.dump() })
  }

  /**
   * Rings the doorbell, which gives the polled entries back; without it the controller stops when
   * the queue is full. Once for many polls is enough, and `sq.submit()` does it where it is due:
   * both doorbells are in one cache line, which goes to the device once then. A loop with one
   * command outstanding may be quicker when it calls this at once after the poll, if the CPUs of
   * client and device are near each other; where they are far, it is slower.
   * @throws NvmError ERR_CLOSED
   */
  update(): void {
    const ring = this.#ring
    if (ring.isClosed) throw createError('ERR_CLOSED', `queue pair ${ring.id}`)
    ring.ringCompletions()
  }

  /**
   * Polls until something has completed. Blocks the thread.
   * @returns how many have completed, at least 1
   * @throws NvmError ERR_TIMEOUT after the queue's timeout, when the commands are still
   * outstanding; ERR_ARGUMENT at once where no submitted command is outstanding;
   * ERR_QUEUE_LOST and ERR_CLOSED as poll()
   */
  wait(): number {
    const ring = this.#ring
    const looks = ring.inlinePump ? 1 : 1024 // about five microseconds
    let deadline = 0
    let rounds = 0
    for (;;) {
      const count = ring.spin(looks)
      if (count !== 0) return this.#taken(count)
      if (ring.isClosed) throw createError('ERR_CLOSED', `queue pair ${ring.id}`)
      // The device may have no CPU: help it, or let it have ours.
      if (!ring.pump(rounds)) rounds++
      const late = this.#lookAgain()
      if (late !== 0) return late
      const now = performance.now()
      if (deadline === 0) {
        this.#refuseIfNothingComes()
        deadline = now + this.#pair.timeoutMs
      }
      if (now < deadline) continue
      const waited = `nothing within ${this.#pair.timeoutMs} ms on queue pair ${this.#pair.id}`
      throw createError('ERR_TIMEOUT', waited, { queue: this.#pair.id, dump: this.#pair.dump() })
    }
  }

  #refuseIfNothingComes(): void {
    const { block, outstanding } = this.#ring
    const behind = (block[sqTail] as number) - (block[sqDoorbell] as number)
    const unsent = behind < 0 ? behind + (block[sqEntries] as number) : behind
    if (outstanding > unsent) return
    const why = unsent === 0 ? 'no command is outstanding' : `${unsent} enqueued, none submitted`
    throw createError('ERR_ARGUMENT', `nothing can complete: ${why}; sq.submit() is what sends`)
  }
}

/**
 * A queue pair without promises. One command, from beginning to end:
 *
 * ```ts
 * const { sq, cq } = queue
 * sq.read(sq.enqueue(), namespace.id, 0, 8, buffer, 0)
 * sq.submit()
 * for (const entry of cq.done.subarray(0, cq.wait())) {
 *   if (entry >> 16 !== 0) throw new Error(`command ${entry & 0xffff} failed`)
 * }
 * cq.update()
 * ```
 * @category Raw queues
 */
export class RawQueuePair extends QueuePair {
  /** How it was created. */
  readonly mode = 'raw'
  /** Where commands are written. */
  readonly sq: SubmissionQueue
  /** Where completions arrive. */
  readonly cq: CompletionQueue

  constructor(owner: QueueOwner, ring: QueueRing, timeoutMs: number) {
    super(owner, ring, timeoutMs)
    this.sq = new SubmissionQueue(ring, owner)
    this.cq = new CompletionQueue(ring, this)
  }

  /**
   * A batch: commands as numbers, of which one native call submits and reaps many. As long as the
   * queue pair and its memory live: a batch does not keep memory that is disposed.
   * @param options the namespace, the memory and the capacity of the batch
   * @throws NvmError ERR_ARGUMENT, ERR_RANGE, ERR_CLOSED
   */
  batch(options: BatchOptions): Batch {
    if (this.isClosed) throw createError('ERR_CLOSED', `queue pair ${this.id}`)
    return new Batch(this, options)
  }

  override forgetNamespace(id: number): void {
    this.sq.forgetNamespace(id)
  }

  protected async settle(): Promise<void> {
    // Nobody waits for raw commands: deleting the queue aborts them.
    this.ring.silence()
  }

  protected abandon(error: NvmError): void {
    this.sq.forgetSlots()
    this.ring.watch.lostAll(this.id, error.code)
  }
}

refuseMembers(RawQueuePair.prototype, 'raw', [
  'read',
  'write',
  'flush',
  'readMany',
  'writeMany',
  'submit',
])
