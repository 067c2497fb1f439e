// SPDX-License-Identifier: MIT
// Batches: commands written as numbers into memory that native code reads, one native call for many
// of them.

import { checkFunction, checkInteger, checkOptions, namesOf, show } from '../checks.ts'
import { type DmaDescriptor, type DmaMemory, isDescriptor, refuseIfBounced } from '../dma.ts'
import { createError, type FailedCommand, unwrap } from '../errors.ts'
import type { Namespace } from '../namespace.ts'
import type { BatchHandle, NativeFailure } from '../native/binding.ts'
import { binding } from '../native/load.ts'
import { word } from '../spec/control-block.ts'
import { opcodeName } from '../spec/names.ts'
import { isTraced } from '../trace.ts'
import { counter } from './counters.ts'
import type { QueueOwner } from './pair.ts'
import type { RawQueuePair } from './raw.ts'
import { checkNamespace, refuseIfChanged } from './request.ts'
import type { QueueRing } from './ring.ts'

/**
 * What a batch works on.
 * @category Raw queues
 */
export interface BatchOptions {
  /** Where all its commands go. */
  readonly namespace: Namespace
  /**
   * The memory of all its commands: a whole descriptor, no view. The batch does not keep it: once
   * it is disposed no command is sent, and it goes when nothing of the queue is outstanding.
   */
  readonly memory: DmaDescriptor
  /** Commands it can describe: 1 to 1 048 576. */
  readonly capacity: number
}

/** Doubles per command in Batch.commands. */
const batchWords = 4
/** In bytes: where in a call the last number is (Call in lib/binding/batch.cc). */
const callBytesOffset = 32
const capacityMax = 2 ** 20
const batchNames = namesOf<BatchOptions>({ namespace: true, memory: true, capacity: true })

/**
 * Commands as numbers in memory that native code reads too: one native call submits and reaps many
 * of them. `rawQueuePair.batch()` makes it.
 * @category Raw queues
 */
export class Batch {
  /** Completions of the last exchange. */
  reaped = 0
  readonly #commands: Float64Array<SharedArrayBuffer>
  readonly #outcomes: Int32Array<SharedArrayBuffer>
  readonly #handle: BatchHandle
  readonly #call: Int32Array
  /** Of the call: how many its commands are to move. */
  readonly #bytes: Float64Array
  readonly #pair: RawQueuePair
  readonly #ring: QueueRing
  readonly #owner: QueueOwner
  readonly #namespace: BatchOptions['namespace']
  readonly #memory: DmaMemory
  readonly #native = binding()
  /** run() tells its caller what it found. */
  #isTelling = false

  /** RawQueuePair.batch makes them. @internal */
  constructor(pair: RawQueuePair, options: BatchOptions) {
    const { ring, owner, timeoutMs } = pair
    checkBatch(owner, options)
    const { namespace, memory, capacity } = options
    // Unlike an ArrayBuffer, it cannot be transferred, and so not be freed under native code.
    this.#commands = new Float64Array(new SharedArrayBuffer(8 * batchWords * capacity))
    this.#outcomes = new Int32Array(new SharedArrayBuffer(8 * (ring.depth + capacity)))
    const native = unwrap(
      this.#native.createBatch(
        ring.handle,
        memory.memory.handle,
        namespace.id,
        namespace.blockSize,
        ring.transferBytesMax,
        timeoutMs,
        this.#commands,
        this.#outcomes,
      ),
    )
    ring.addBatchMemory(memory.memory)
    ring.watch.measure(native.handle)
    this.#handle = native.handle
    this.#call = new Int32Array(native.call)
    this.#bytes = new Float64Array(native.call, callBytesOffset)
    this.#pair = pair
    this.#ring = ring
    this.#owner = owner
    this.#namespace = namespace
    this.#memory = memory.memory
  }

  /**
   * Four numbers per command, which the caller writes: opcode, LBA, block count, byte offset in the
   * memory. Other threads may share them; a call reads each command once.
   */
  get commands(): Float64Array {
    return this.#commands
  }

  /**
   * Two words per completion of the last exchange: command index, status field (0: success). An
   * index below 0 is that of a command which was enqueued by hand: `~index` is its command id.
   */
  get outcomes(): Int32Array {
    return this.#outcomes
  }

  /**
   * Submits as many commands as fit and reaps all that has completed. Blocks the thread until
   * `wanted` have, and submits more of the commands where one has made room, the last of those,
   * too: what is wanted is best fewer than what is submitted, so that the device has something to
   * do between two calls. What was enqueued by hand is submitted first where there are commands.
   * @param first index of the first command
   * @param count how many from there on
   * @param wanted completions to wait for, at most all that can come; 0 waits for none
   * @returns how many were submitted; `reaped` says how many have completed, which are fewer than
   * wanted where a namespace has changed, the queue is lost or the next one is overdue: then the
   * next call says why
   * @throws NvmError ERR_TIMEOUT when nothing completes within the queue's timeout; ERR_BUSY from
   * within `onOutcome` of run(); ERR_ARGUMENT, ERR_RANGE, ERR_NAMESPACE, ERR_QUEUE_LOST, ERR_CLOSED
   */
  exchange(first: number, count: number, wanted: number): number {
    if (this.#isTelling) this.#refuseNested()
    if (!Number.isInteger(first) || !Number.isInteger(count) || !Number.isInteger(wanted)) {
      checkCounts({ first, count, wanted })
    }
    if (first < 0 || count < 0 || wanted < 0) checkCounts({ first, count, wanted })
    if (count > 0) this.#refuseIfGone()
    const { block } = this.#ring
    // Before the doorbell is rung for them where nobody counts them.
    if (count > 0 && block[word.sqTail] !== block[word.sqDoorbell]) this.#pair.sq.submit()
    const call = this.#call
    call[0] = toWord(first)
    call[1] = toWord(count)
    call[2] = toWord(wanted)
    call[3] = this.#owner.namespaceChanges.seen
    call[4] = call[5] = call[6] = call[7] = this.#bytes[0] = 0
    const failure = this.#native.exchangeBatch(this.#handle)
    const submitted = call[4]
    this.reaped = call[5]
    this.#count(submitted, call[6], call[7])
    this.#ring.settleDeferred()
    if (this.#ring.watch.isOn && isTraced()) this.#trace(first, submitted)
    if (failure !== undefined) this.#fail(failure)
    return submitted
  }

  #fail(failure: NativeFailure): void {
    unwrap(failure, { queue: this.#ring.id, dump: () => this.#pair.dump() })
  }

  #count(submitted: number, doorbells: number, noData: number): void {
    const { stats } = this.#ring
    stats[counter.commands] = (stats[counter.commands] as number) + submitted
    stats[counter.noData] = (stats[counter.noData] as number) + noData
    stats[counter.bytes] = (stats[counter.bytes] as number) + (this.#bytes[0] as number)
    stats[counter.doorbells] = (stats[counter.doorbells] as number) + doorbells
    if (!this.#memory.isPeer) return
    stats[counter.p2p] = (stats[counter.p2p] as number) + submitted - noData
  }

  #refuseNested(): never {
    const why = 'the batch is telling the outcomes of run(), and has no others before that returns'
    throw createError('ERR_BUSY', why)
  }

  /** What others have sent would be counted as commands of the run. */
  #refuseIfBegun(): void {
    const { outstanding, id } = this.#ring
    if (!(outstanding > 0)) return
    this.#refuseIfChanged()
    const them = `${outstanding} other commands are outstanding on queue pair ${id}`
    throw createError('ERR_BUSY', `${them}; take them first: exchange(0, 0, ${outstanding})`)
  }

  #refuseIfGone(): void {
    const why = 'the memory of the batch was disposed'
    if (this.#memory.disposed) throw createError('ERR_CLOSED', why)
    this.#refuseIfChanged()
  }

  #refuseIfChanged(): void {
    if (this.#owner.namespaceChanges.areNew) this.#owner.noticeChanges()
    refuseIfChanged(this.#namespace)
  }

  #trace(first: number, submitted: number): void {
    const commands = Array.from({ length: submitted }, (_, i) => this.#commandOf(first + i))
    const { reaped } = this
    const outcomes = this.#outcomes.slice(0, 2 * reaped)
    this.#ring.watch.batched(this.#ring, commands, outcomes)
    this.reaped = reaped // a subscriber may use the batch, too
    this.#outcomes.set(outcomes)
  }

  #commandOf(index: number): FailedCommand {
    const at = index * batchWords
    const [opcode = 0, lba = 0, blockCount = 0] = this.#commands.subarray(at, at + 3)
    const what = { name: opcodeName('io', opcode), opcode, commandId: index }
    return { ...what, namespaceId: this.#namespace.id, lba, blockCount }
  }

  /**
   * Runs the first `count` commands to their end, in one native call where nothing goes wrong.
   * Blocks the thread.
   * @param count how many, at most the capacity
   * @param onOutcome is told of each: its index, and its status field (0: success)
   * @returns how many failed
   * @throws NvmError as exchange(); ERR_BUSY while other commands are outstanding, those of a
   * run that failed too: `exchange(0, 0, depth)` takes them; ERR_BUSY, too, when `onOutcome` leaves
   * other commands outstanding, or takes completions of the run
   */
  run(count: number, onOutcome?: (index: number, status: number) => void): number {
    checkInteger('count', count, 0, this.#commands.length / batchWords)
    if (onOutcome !== undefined) checkFunction('onOutcome', onOutcome)
    if (this.#isTelling) this.#refuseNested()
    if (count > 0) this.#refuseIfBegun()
    let submitted = 0
    let finished = 0
    let failed = 0
    while (finished < count) {
      this.#refuseIfShared(submitted - finished)
      submitted += this.exchange(submitted, count - submitted, count - finished)
      failed += this.#tell(onOutcome)
      finished += this.reaped
    }
    return failed
  }

  /** What others send would be counted as the run's; what they take would be waited for. */
  #refuseIfShared(own: number): void {
    const { isLive, outstanding, id } = this.#ring
    if (!isLive || outstanding === own) return
    const them = `onOutcome or a subscriber sent or took commands of queue pair ${id}`
    throw createError('ERR_BUSY', `${them}, of which the run has ${own} outstanding`)
  }

  /** @returns how many failed */
  #tell(onOutcome: ((index: number, status: number) => void) | undefined): number {
    let failed = 0
    this.#isTelling = true
    try {
      for (let i = 0; i < this.reaped; i++) {
        const status = this.#outcomes[2 * i + 1] as number
        if (status !== 0) failed++
        onOutcome?.(this.#outcomes[2 * i] as number, status)
      }
    } finally {
      this.#isTelling = false
    }
    return failed
  }
}

/** What native code refuses as too much stays so. */
const toWord = (value: number): number => Math.min(value, 0x7fffffff)

function checkCounts(counts: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(counts)) checkInteger(name, value, 0, capacityMax)
}

function checkBatch(owner: QueueOwner, options: BatchOptions): void {
  checkOptions('a batch', options, batchNames)
  const { namespace, memory, capacity } = options
  checkNamespace(namespace, owner.id)
  if (!isDescriptor(memory)) {
    throw createError('ERR_ARGUMENT', `memory is a DmaDescriptor, and not ${show(memory)}`)
  }
  if (memory.memory.disposed) throw createError('ERR_CLOSED', 'the descriptor was disposed')
  if (memory.memory.controllerId !== owner.id) {
    throw createError('ERR_ARGUMENT', 'the memory belongs to another controller')
  }
  refuseIfBounced(memory.memory)
  if (memory.byteLength !== memory.memory.byteLength) {
    const whole = `of ${memory.memory.byteLength} bytes`
    const view = `a view of ${memory.byteLength} bytes`
    throw createError('ERR_ARGUMENT', `memory is ${view}; a batch takes the whole ${whole}`)
  }
  checkInteger('capacity', capacity, 1, capacityMax)
}
