// SPDX-License-Identifier: MIT
// What all queue pairs have in common: options, counters, dump, closing.

import '../disposable.ts'
import type { DmaDescriptor, DmaMemory, MemoryUser } from '../dma.ts'
import { createError, type NvmError, unwrap } from '../errors.ts'
import type { Histogram } from '../histogram.ts'
import type { Namespace } from '../namespace.ts'
import type { NamespaceChanges } from '../namespace-changes.ts'
import type { ControllerHandle } from '../native/binding.ts'
import { binding } from '../native/load.ts'
import { counter } from './counters.ts'
import { renderQueue } from './dump.ts'
import type { QueueRing } from './ring.ts'

/**
 * How a queue pair is used: `await`, with promises, or `raw`, by hand.
 * @category Queues
 */
export type QueueMode = 'raw' | 'await'

/**
 * How a queue pair is made.
 * @category Queues
 */
export interface QueuePairOptions {
  /** `await`: promises. `raw`: submission and completion queue by hand, and batches. */
  readonly mode: QueueMode
  /** Commands that can be outstanding: 1 to `info.queueEntriesMax` − 1, default 32. */
  readonly depth?: number
  /**
   * Milliseconds from a command's submission until it counts as lost, noticed within an eighth of
   * them; default 10 000. Of a command with a promise the controller is then asked to abort it;
   * where that fails, the queues are deleted and made anew, and at last the controller is reset.
   */
  readonly timeoutMs?: number
  /** Measures each command, from doorbell to completion: `stats().latency`. Default false. */
  readonly histogram?: boolean
}

/**
 * What a queue pair has done since it was created.
 * @category Queues
 */
export interface QueueStats {
  /** Commands that were submitted; of a raw queue, when its doorbell was rung for them. */
  readonly commands: number
  /** Bytes that commands were to move; of commands written into `sq.words` by hand none count. */
  readonly bytes: number
  /**
   * Commands whose data the device moved itself, from or to memory of the host; written into
   * `sq.words` by hand, wherever from or to.
   */
  readonly direct: number
  /** Commands whose data was copied through memory of ours. */
  readonly bounce: number
  /** Commands whose data went from or to the memory of another device (`controller.mapPeer`). */
  readonly p2p: number
  /** Rings of the submission doorbell. */
  readonly doorbells: number
  /** Times that the queue slept, as nothing completed, and was woken. */
  readonly wakeUps: number
  /** Commands beyond the first of a request that was too large for one. */
  readonly splits: number
  /** Commands that were sent again after an error that is not final. */
  readonly retries: number
  /** Abort commands that were sent: for what was overdue, or given up by its signal. */
  readonly aborts: number
  /** Times that the queues were deleted and created again. */
  readonly restarts: number
  /** Completions that belong to no outstanding command. */
  readonly strays: number
  /** In nanoseconds, where the queue was created with `histogram`. No copy: it goes on counting. */
  readonly latency?: Histogram
}

/** What a queue needs of the controller reference it belongs to. */
export interface QueueOwner {
  /** By which descriptors say whose they are. */
  readonly id: number
  readonly handle: ControllerHandle
  readonly users: Set<MemoryUser>
  readRegister(offset: number): number
  /** The state of all that the reference has. */
  dump(): string
  allocateNow(byteLength: number): DmaDescriptor
  /** Looks whether namespaces are what they were, when another manager serves them. */
  meetManager(): Promise<void>
  /** One that was identified, and has not changed since. */
  knownNamespace(namespaceId: number): Namespace | undefined
  /** Counts changes of namespaces: when there are new ones, noticeChanges() is to be called. */
  readonly namespaceChanges: NamespaceChanges
  /** Retires the namespaces that have changed. */
  noticeChanges(): void
  /** What Identify Controller says of Command Retry Delay 1 to 3 (CRDT); 0: none. */
  retryDelayMs(crd: number): Promise<number>
  forget(queue: QueuePair): void
  /** Nothing helped this one. */
  queueDied(queueId: number): void
}

export const defaultDepth = 32
export const defaultTimeoutMs = 10_000

/**
 * What queue pairs of both modes have in common.
 * @category Queues
 */
export abstract class QueuePair implements AsyncDisposable {
  /** How it was created. */
  abstract readonly mode: QueueMode
  /** @internal */
  readonly ring: QueueRing
  /** Milliseconds after which a command counts as lost, as `QueuePairOptions.timeoutMs` says. */
  readonly timeoutMs: number
  /** @internal */
  readonly owner: QueueOwner
  protected isClosed = false
  #closing: Promise<void> | undefined

  constructor(owner: QueueOwner, ring: QueueRing, timeoutMs: number) {
    this.owner = owner
    this.ring = ring
    this.timeoutMs = timeoutMs
    owner.users.add(ring)
  }

  /** Number of both queues, as the controller knows them; from 1. */
  get id(): number {
    return this.ring.id
  }

  /** Commands that can be outstanding. */
  get depth(): number {
    return this.ring.depth
  }

  /** What it has done so far; also after it was closed. */
  stats(): QueueStats {
    const count = (name: keyof typeof counter): number => this.ring.stats[counter[name]] as number
    const { latency } = this.ring.watch
    return {
      ...(latency === undefined ? {} : { latency }),
      commands: count('commands'),
      bytes: count('bytes'),
      direct: count('commands') - count('bounce') - count('noData') - count('p2p'),
      bounce: count('bounce'),
      p2p: count('p2p'),
      doorbells: count('doorbells'),
      wakeUps: count('wakeUps'),
      splits: count('splits'),
      retries: count('retries'),
      aborts: count('aborts'),
      restarts: count('restarts'),
      strays: this.ring.strays,
    }
  }

  /** The queue's state as text: registers, pointers, outstanding and last commands. */
  dump(): string {
    if (this.isClosed) return `Queue pair ${this.id} (${this.mode}): closed`
    return renderQueue(this.ring, this.mode, (offset) => this.owner.readRegister(offset))
  }

  /** The namespace may have another format. @internal */
  forgetNamespace(_id: number): void {}

  /**
   * Deletes the queues. With promises, it lets commands end first, for a second at most or the
   * queue's timeout, and then rejects them with ERR_ABORTED; raw, it drops them. Idempotent.
   * @throws NvmError ERR_TIMEOUT and others, when the controller does not delete them: their memory
   * is kept then
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.settle()
    const outcome = await binding().closeQueuePair(this.ring.handle)
    const pinned = this.ring.pinnedMemory()
    this.owner.users.delete(this.ring)
    try {
      unwrap(outcome, { queue: this.id, dump: () => this.owner.dump() })
    } catch (error) {
      for (const memory of pinned) memory.quarantine()
      throw error
    } finally {
      this.isClosed = true
      this.abandon(createError('ERR_ABORTED', `queue pair ${this.id} was closed`))
      this.ring.release()
      this.owner.forget(this)
      releaseAll(pinned)
    }
  }

  /** Before the native close: lets what is outstanding finish, within bounds; then no doorbell. */
  protected abstract settle(): Promise<void>
  /** After the native close: nothing completes any more. */
  protected abstract abandon(error: NvmError): void

  /** As close(), at the end of an `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

function releaseAll(memories: Iterable<DmaMemory>): void {
  for (const memory of memories) memory.releaseIfUnused()
}

/** Gives `prototype` the members of the other mode, each of which says so. */
export function refuseMembers(prototype: object, mode: QueueMode, names: readonly string[]): void {
  const other = mode === 'raw' ? 'await' : 'raw'
  for (const name of names) {
    const refuse = (): never => {
      throw createError('ERR_QUEUE_MODE', `${name} needs mode "${other}", this one has "${mode}"`)
    }
    Object.defineProperty(prototype, name, { get: refuse })
  }
}
