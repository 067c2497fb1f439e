// SPDX-License-Identifier: MIT
// A namespace of a controller: its format, and its commands with promises.

import {
  type BlockLimits,
  type BlockRange,
  blockRangeCommands,
  checkRange,
  copyCommands,
  deallocateCommands,
  rangeNames,
  refuseOverlap,
} from './block-ranges.ts'
import { checkBoolean, checkOptions, namesOf, show } from './checks.ts'
import { createError, NvmError } from './errors.ts'
import { AwaitQueuePair } from './queue/await.ts'
import type { Command, Data, DataTarget } from './queue/command.ts'
import {
  type BlockRequest,
  checkLba,
  isRequest,
  type NamespaceLike,
  type RequestOptions,
  refuseIfChanged,
  refuseRequest,
} from './queue/request.ts'
import { encodeBits } from './spec/encode.ts'
import { nvme } from './spec/nvme.ts'

/**
 * A read through a namespace; the length of `into` says how many blocks.
 * @category Requests
 */
export interface NamespaceRead<T extends Data = Data> extends BlockRequest {
  /** One buffer, or several that are filled in order. */
  readonly into: T
}

/**
 * A write through a namespace; the length of `from` says how many blocks.
 * @category Requests
 */
export interface NamespaceWrite extends BlockRequest {
  /** One buffer, or several. Not to be changed before the promise settles. */
  readonly from: Data
}

/**
 * A comparison of blocks with memory.
 * @category Requests
 */
export interface NamespaceCompare extends BlockRequest {
  /** One buffer, or several. Not to be changed before the promise settles. */
  readonly with: Data
}

/**
 * Blocks of a namespace, for a command without data.
 * @category Requests
 */
export interface NamespaceRange extends BlockRange, RequestOptions {}

/**
 * Blocks that are to become zeroes.
 * @category Requests
 */
export interface NamespaceWriteZeroes extends NamespaceRange {
  /** Lets the controller free the blocks (DEAC), if they read as zeroes then; default false. */
  readonly deallocate?: boolean
}

/**
 * A copy of blocks within a namespace.
 * @category Requests
 */
export interface NamespaceCopy extends RequestOptions {
  /** What to copy: one range, or several that end up one behind the other. */
  readonly from: BlockRange | readonly BlockRange[]
  /** The LBA that it goes to. It overlaps none of the sources. */
  readonly to: number | bigint
}

/** What a namespace needs of its controller reference. */
export interface NamespaceOwner {
  /** Of the controller, for all its references. */
  readonly id: number
  /** The queue pair of commands for which the caller names none. */
  openOwnQueue(): Promise<AwaitQueuePair>
  blockLimits(format: NamespaceFormat): Promise<BlockLimits>
}

const { nvm_opcode: opcode } = nvme.codes

/**
 * A namespace of a controller, as `controller.namespace(id)` gives it: its format, and its commands
 * with promises.
 * @category Namespaces
 */
export class Namespace implements NamespaceFormat {
  /** Namespace identifier (NSID). */
  readonly id: number
  /** Bytes of a block; 0 once the namespace has changed, as are `blockCount` and `byteLength`. */
  readonly blockSize: number
  /** Its size in blocks. */
  readonly blockCount: number
  /** Its size in bytes. */
  readonly byteLength: number
  readonly prinfo: number
  /** Whose it is, as descriptors and queues say it. Copies of the object lack it. @internal */
  declare readonly controllerId: number
  #queue: AwaitQueuePair | undefined
  #limits: BlockLimits | undefined
  readonly #owner: NamespaceOwner

  /** Controller.namespace makes them. @internal */
  constructor(format: NamespaceFormat, owner: NamespaceOwner) {
    this.id = format.id
    this.blockSize = format.blockSize
    this.blockCount = format.blockCount
    this.byteLength = format.blockSize * format.blockCount
    this.prinfo = format.prinfo
    // Not enumerable: a copy would not be seen to be retired.
    Object.defineProperty(this, 'controllerId', { value: owner.id })
    this.#owner = owner
  }

  /** It was formatted, deleted or detached; nothing is sent for what it was. @internal */
  retire(): void {
    Object.assign(this, { blockSize: 0, blockCount: 0, byteLength: 0 })
  }

  /** The controller's own queue is another one. @internal */
  forgetOwnQueue(): void {
    this.#queue = undefined
  }

  /**
   * Reads whole blocks into several buffers, in order; one command fills many where it can.
   * @param request `lba` in blocks; the buffers are together a whole number of blocks long
   * @param queue a queue pair of mode `await` of this controller; without it the controller's own,
   * which the first request makes (depth 32, 10 s)
   * @returns the filled bytes, buffer by buffer
   * @throws NvmError as read() of one buffer
   */
  read<T extends readonly DataTarget[]>(
    request: NamespaceRead<T>,
    queue?: AwaitQueuePair,
  ): Promise<Uint8Array[]>
  /**
   * Reads whole blocks. What is longer than a command may be becomes several, and is not atomic.
   * The buffer belongs to the controller until the promise settles; after a rejection its bytes are
   * undefined.
   * @param request `lba` in blocks; `into` is a whole number of blocks long. A descriptor, a view
   * or a part of its `bytes` is filled in place (at a multiple of 4 bytes), all else by a copy
   * @param queue a queue pair of mode `await` of this controller; without it the controller's own,
   * which the first request makes (depth 32, 10 s)
   * @returns the filled bytes: those of `into`
   * @throws NvmError ERR_ARGUMENT, ERR_RANGE or ERR_ALIGNMENT, and nothing is sent; ERR_NAMESPACE;
   * ERR_NVME_STATUS, also for blocks beyond the end; ERR_TIMEOUT; ERR_ABORTED (`signal`, or
   * `close()`); ERR_QUEUE_LOST; ERR_CONTROLLER_GONE; ERR_CLOSED; of a client ERR_MANAGER_GONE,
   * ERR_DATA_LOST
   */
  read<T extends DataTarget>(request: NamespaceRead<T>, queue?: AwaitQueuePair): Promise<Uint8Array>
  read(request: NamespaceRead, queue?: AwaitQueuePair): Promise<unknown> {
    if (!isRequest(request, 'into', false)) return refuseRequest(request, 'into', false)
    const ready = queue === undefined ? this.#queue : queue
    if (ready instanceof AwaitQueuePair) {
      return ready.engine.move(opcode.read[0], this, request, request.into)
    }
    return this.#pick(queue).then((to) =>
      to.engine.move(opcode.read[0], this, request, request.into),
    )
  }

  /**
   * Writes whole blocks; resolves when the controller has completed it. Durable only after flush(),
   * or with `fua: true`. What is longer than a command may be becomes several, and is not atomic.
   * @param request `lba` in blocks; `from` is a whole number of blocks long, and unchanged until
   * the promise settles
   * @param queue a queue pair of mode `await` of this controller; without it the controller's own,
   * which the first request makes (depth 32, 10 s)
   * @throws NvmError as read()
   */
  write(request: NamespaceWrite, queue?: AwaitQueuePair): Promise<void> {
    if (!isRequest(request, 'from', false)) return refuseRequest(request, 'from', false)
    const ready = queue === undefined ? this.#queue : queue
    const sent =
      ready instanceof AwaitQueuePair
        ? ready.engine.move(opcode.write[0], this, request, request.from)
        : this.#pick(queue).then((to) =>
            to.engine.move(opcode.write[0], this, request, request.from),
          )
    return sent as Promise<void>
  }

  /**
   * Resolves when every write to the namespace that completed before, on any queue, is on the
   * medium.
   * @param options a signal, or nothing
   * @param queue a queue pair of mode `await` of this controller; without it the controller's own,
   * which the first request makes (depth 32, 10 s)
   * @throws NvmError as read()
   */
  async flush(options: RequestOptions = {}, queue?: AwaitQueuePair): Promise<void> {
    checkOptions('a flush', options, flushNames)
    await (await this.#pick(queue)).flush({ ...options, namespace: this })
  }

  /**
   * As readMany() below, of requests that have a list of buffers each.
   * @param requests each as for read() of several buffers, without `signal`
   * @param options a signal for the whole group, or nothing
   * @param queue a queue pair of mode `await` of this controller; without it the controller's own,
   * which the first request makes (depth 32, 10 s)
   * @returns for each request a list of the filled bytes, buffer by buffer
   * @throws NvmError as read()
   */
  readMany<T extends readonly DataTarget[]>(
    requests: readonly Omit<NamespaceRead<T>, 'signal'>[],
    options?: RequestOptions,
    queue?: AwaitQueuePair,
  ): Promise<Uint8Array[][]>
  /**
   * Reads a group with one promise, which costs less than one for each. Rejects with the first
   * failure, when all that was sent has ended: what comes before a wrong request may be read. Given
   * up by its signal it rejects at once, as read() does. Its requests stay unchanged until nothing
   * of it is outstanding.
   * @param requests each as for read(), without `signal`
   * @param options a signal for the whole group, or nothing
   * @param queue a queue pair of mode `await` of this controller; without it the controller's own,
   * which the first request makes (depth 32, 10 s)
   * @returns the filled bytes, in the order of the requests
   * @throws NvmError as read()
   */
  readMany<T extends DataTarget>(
    requests: readonly Omit<NamespaceRead<T>, 'signal'>[],
    options?: RequestOptions,
    queue?: AwaitQueuePair,
  ): Promise<Uint8Array[]>
  /**
   * As readMany() above, of requests with one buffer and requests with a list.
   * @param requests each as for read(), without `signal`
   * @param options a signal for the whole group, or nothing
   * @param queue a queue pair of mode `await` of this controller; without it the controller's own,
   * which the first request makes (depth 32, 10 s)
   * @returns for each request what it would have alone
   * @throws NvmError as read()
   */
  readMany(
    requests: readonly Omit<NamespaceRead, 'signal'>[],
    options?: RequestOptions,
    queue?: AwaitQueuePair,
  ): Promise<(Uint8Array | Uint8Array[])[]>
  async readMany(
    requests: readonly Omit<NamespaceRead, 'signal'>[],
    options?: RequestOptions,
    queue?: AwaitQueuePair,
  ): Promise<unknown> {
    refuseQueue(options)
    const ready = await this.#pick(queue)
    return ready.engine.moveMany(opcode.read[0], this, requests, options)
  }

  /**
   * Writes a group with one promise. Rejects with the first failure, when all that was sent has
   * ended; nothing is sent where one of its requests is wrong. Given up by its signal it rejects at
   * once, as write() does. They stay unchanged until nothing of it is outstanding.
   * @param requests each as for write(), without `signal`
   * @param options a signal for the whole group, or nothing
   * @param queue a queue pair of mode `await` of this controller; without it the controller's own,
   * which the first request makes (depth 32, 10 s)
   * @throws NvmError as read()
   */
  async writeMany(
    requests: readonly Omit<NamespaceWrite, 'signal'>[],
    options?: RequestOptions,
    queue?: AwaitQueuePair,
  ): Promise<void> {
    refuseQueue(options)
    const ready = await this.#pick(queue)
    await ready.engine.moveMany(opcode.write[0], this, requests, options)
  }

  /**
   * Whether the blocks hold these bytes, which are sent to the controller. What is longer than a
   * command may be becomes several, and is not atomic.
   * @param request `lba` in blocks; `with` is a whole number of blocks long, and unchanged until
   * the promise settles
   * @param queue a queue pair of mode `await` of this controller; without it the controller's own,
   * which the first request makes (depth 32, 10 s)
   * @returns false where they differ, which is no error
   * @throws NvmError as read(); ERR_UNSUPPORTED of protected blocks
   */
  async compare(request: NamespaceCompare, queue?: AwaitQueuePair): Promise<boolean> {
    if (this.prinfo !== 0) {
      throw createError('ERR_UNSUPPORTED', 'Compare of protected blocks; read and compare them')
    }
    if (!isRequest(request, 'with', false)) await refuseRequest(request, 'with', false)
    const ready = await this.#pick(queue)
    try {
      await ready.engine.move(opcode.compare[0], this, request, request.with)
      return true
    } catch (error) {
      if (error instanceof NvmError && error.status?.name === 'compare_failure') return false
      throw error
    }
  }

  /**
   * Makes blocks read as zeroes, without sending any. What is longer than a command may be becomes
   * several, and is not atomic.
   * @param request `lba` and `blockCount` in blocks
   * @param queue a queue pair of mode `await` of this controller; without it the controller's own,
   * which the first request makes (depth 32, 10 s)
   * @throws NvmError as read()
   */
  async writeZeroes(request: NamespaceWriteZeroes, queue?: AwaitQueuePair): Promise<void> {
    checkOptions('a range', request, writeZeroesNames)
    const { deallocate = false } = request
    checkBoolean('deallocate', deallocate)
    const { writeZeroesBlocksMax } = await this.#knowLimits()
    const flags = encodeBits('write_zeroes_cdw12', { deac: deallocate ? 1 : 0 })
    await this.#runRange(opcode.write_zeroes[0], request, writeZeroesBlocksMax, flags, queue)
  }

  /**
   * Has the controller read blocks and check them, without sending data. Rejects with
   * ERR_NVME_STATUS, where `status.name` says what is wrong with them.
   * @param request `lba` and `blockCount` in blocks
   * @param queue a queue pair of mode `await` of this controller; without it the controller's own,
   * which the first request makes (depth 32, 10 s)
   * @throws NvmError as read()
   */
  async verify(request: NamespaceRange, queue?: AwaitQueuePair): Promise<void> {
    checkOptions('a range', request, namespaceRangeNames)
    const { verifyBlocksMax } = await this.#knowLimits()
    await this.#runRange(opcode.verify[0], request, verifyBlocksMax, 0, queue)
  }

  /**
   * Marks blocks as unreadable until they are written again, for tests of error handling: reads end
   * with the status `unrecovered_read_error`.
   * @param request `lba` and `blockCount` in blocks
   * @param queue a queue pair of mode `await` of this controller; without it the controller's own,
   * which the first request makes (depth 32, 10 s)
   * @throws NvmError as read()
   */
  async writeUncorrectable(request: NamespaceRange, queue?: AwaitQueuePair): Promise<void> {
    checkOptions('a range', request, namespaceRangeNames)
    const { writeUncorrectableBlocksMax } = await this.#knowLimits()
    const uncorrectable = opcode.write_uncorrectable[0]
    await this.#runRange(uncorrectable, request, writeUncorrectableBlocksMax, 0, queue)
  }

  /**
   * Tells the controller that nobody needs what is in these blocks (Dataset Management,
   * Deallocate). It may ignore that, and what they read as is its choice (DLFEAT).
   * @param ranges `lba` and `blockCount` in blocks: one range, which may have a signal, or a list
   * @param queue a queue pair of mode `await` of this controller; without it the controller's own,
   * which the first request makes (depth 32, 10 s)
   * @throws NvmError as read()
   */
  async deallocate(
    ranges: NamespaceRange | readonly BlockRange[],
    queue?: AwaitQueuePair,
  ): Promise<void> {
    const names = Array.isArray(ranges) ? rangeNames : namespaceRangeNames
    const checked = checkRanges(ranges, names)
    const signal = 'signal' in ranges ? ranges.signal : undefined
    const limits = await this.#knowLimits()
    await this.#run(deallocateCommands(this, checked, limits), signal, queue)
  }

  /**
   * Copies blocks within the namespace; their data does not pass through the host. What is longer
   * than a command may be becomes several, and is not atomic.
   * @param request `from`, ranges in blocks, and `to`, the first block that they go to
   * @param queue a queue pair of mode `await` of this controller; without it the controller's own,
   * which the first request makes (depth 32, 10 s)
   * @throws NvmError as read(); ERR_UNSUPPORTED where the controller has no Copy; ERR_RANGE for a
   * range that overlaps its target
   */
  async copy(request: NamespaceCopy, queue?: AwaitQueuePair): Promise<void> {
    checkOptions('a copy', request, copyNames)
    const limits = await this.#knowLimits()
    if (limits.copyRangeBlocksMax === 0) {
      throw createError('ERR_UNSUPPORTED', 'the controller has no Copy; read and write instead')
    }
    const ranges = checkRanges(request.from, rangeNames)
    const to = checkLba(request.to)
    refuseOverlap(ranges, to)
    await this.#run(copyCommands(this, ranges, to, limits), request.signal, queue)
  }

  #runRange(
    commandOpcode: number,
    request: NamespaceRange,
    blocksMax: number,
    flags: number,
    queue: AwaitQueuePair | undefined,
  ): Promise<void> {
    // Not a copy: it is to be seen when this one is retired.
    const namespace: NamespaceLike = Object.create(this, {
      prinfo: { value: this.#prinfoOf(commandOpcode) },
    })
    const range = checkRange(request)
    const commands = blockRangeCommands(commandOpcode, namespace, range, blocksMax, flags)
    return this.#run(commands, request.signal, queue)
  }

  /** Verify checks and takes nothing off; Write Zeroes makes and has nothing to check. */
  #prinfoOf(commandOpcode: number): number {
    if (commandOpcode === opcode.verify[0]) return this.prinfo & ~pract
    return commandOpcode === opcode.write_zeroes[0] ? this.prinfo & pract : 0
  }

  async #run(
    commands: Iterable<Command>,
    signal: AbortSignal | undefined,
    queue: AwaitQueuePair | undefined,
  ): Promise<void> {
    await (await this.#pick(queue)).engine.run(commands, undefined, signal)
  }

  async #knowLimits(): Promise<BlockLimits> {
    refuseIfChanged(this)
    this.#limits ??= await this.#owner.blockLimits(this)
    return this.#limits
  }

  /** The queue that the caller wants, or else the controller's own. */
  async #pick(queue: AwaitQueuePair | undefined): Promise<AwaitQueuePair> {
    if (queue === undefined) return this.#queue ?? this.#open()
    if (!(queue instanceof AwaitQueuePair)) {
      throw createError('ERR_ARGUMENT', `queue is ${show(queue)}, and not one of mode 'await'`)
    }
    if (queue.owner.id === this.controllerId) return queue
    throw createError('ERR_ARGUMENT', `queue pair ${queue.id} is another controller's`)
  }

  async #open(): Promise<AwaitQueuePair> {
    this.#queue ??= await this.#owner.openOwnQueue()
    return this.#queue
  }
}

/**
 * How a namespace is laid out.
 * @category Namespaces
 */
export interface NamespaceFormat {
  /** Namespace identifier (NSID). */
  readonly id: number
  /** Bytes of a block. */
  readonly blockSize: number
  /** Its size in blocks. */
  readonly blockCount: number
  /**
   * The field PRINFO of its commands: where blocks are protected, the controller makes their
   * protection information when it writes, and checks it and takes it off when it reads.
   */
  readonly prinfo: number
}

const pract = encodeBits('prinfo', { pract: 1 })

const flushNames = namesOf<RequestOptions>({ signal: true })
const namespaceRangeNames = namesOf<NamespaceRange>({ lba: true, blockCount: true, signal: true })
const writeZeroesNames = namesOf<NamespaceWriteZeroes>({
  lba: true,
  blockCount: true,
  deallocate: true,
  signal: true,
})
const copyNames = namesOf<NamespaceCopy>({ from: true, to: true, signal: true })

function refuseQueue(options: unknown): void {
  if (!(options instanceof AwaitQueuePair)) return
  const order = 'the queue pair is the third argument; the second is { signal } or {}'
  throw createError('ERR_ARGUMENT', order)
}

/** One range or several, checked. */
function checkRanges(ranges: BlockRange | readonly BlockRange[], names: readonly string[]) {
  return Array.from(toList(ranges), (range) => {
    checkOptions('a range', range, names)
    return checkRange(range)
  })
}

function toList<T extends object>(items: T | readonly T[]): readonly T[] {
  return Array.isArray(items) ? items : [items as T]
}
