// SPDX-License-Identifier: MIT
// One consumer of events: an async iterator with a bounded buffer.

import '../disposable.ts'
import { checkInteger, checkOptions, checkSignal, namesOf } from '../checks.ts'
import { createError } from '../errors.ts'
import type { NvmeEvent } from './event.ts'

/**
 * How events are iterated over.
 * @category Events
 */
export interface EventsOptions {
  /** Ends the iteration: `next()` rejects with ERR_ABORTED, whose cause is the signal's reason. */
  readonly signal?: AbortSignal
  /** Events that are kept until they are asked for; of more, the oldest are dropped. Default 64. */
  readonly capacity?: number
}

/** What an iterator tells its source. */
export interface IteratorOwner {
  /** Settles when the controller has been told to report events. */
  started(): Promise<void>
  /** Somebody began or ceased to wait. */
  waitingChanged(): void
  removed(iterator: EventIterator): void
}

interface Waiter {
  resolve(result: IteratorResult<NvmeEvent, undefined>): void
  reject(error: unknown): void
}

const optionNames = namesOf<EventsOptions>({ signal: true, capacity: true })
const defaultCapacity = 64
const capacityMax = 2 ** 20
const done = { done: true, value: undefined } as const

/**
 * Events of a controller from `controller.events()` on: `for await (const event of events)`. Ends
 * when the controller reference is closed, or by `return()`, which leaving the loop calls.
 * @category Events
 */
export class EventIterator implements AsyncIterableIterator<NvmeEvent>, AsyncDisposable {
  readonly #owner: IteratorOwner
  readonly #capacity: number
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = (): void => this.#abort()
  #buffer: NvmeEvent[] = []
  #waiters: Waiter[] = []
  #isOpen = true
  #failure: { readonly error: unknown } | undefined
  #dropped = 0

  /** Controller.events makes them. @internal */
  constructor(owner: IteratorOwner, options: EventsOptions) {
    checkOptions('events', options, optionNames)
    const { signal, capacity = defaultCapacity } = options
    checkInteger('capacity', capacity, 1, capacityMax)
    checkSignal(signal)
    this.#owner = owner
    this.#capacity = capacity
    this.#signal = signal
    signal?.addEventListener('abort', this.#onAbort)
    if (signal?.aborted) this.#abort()
  }

  /**
   * Resolves when the controller reports events: what happens from then on is not missed.
   * @throws NvmError why it does not: as next()
   */
  ready(): Promise<void> {
    return this.#owner.started()
  }

  /** Events that came while the buffer was full, and are lost. */
  get dropped(): number {
    return this.#dropped
  }

  /** @internal */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** The process stays alive for it. @internal */
  get isWaiting(): boolean {
    return this.#waiters.length > 0
  }

  /**
   * The next event; the process stays alive while one is waited for.
   * @throws NvmError ERR_NO_ADMIN, ERR_MANAGER_GONE, ERR_CONTROLLER_GONE, ERR_NVME_STATUS,
   * ERR_TIMEOUT, ERR_UNSUPPORTED; ERR_ABORTED when its signal was aborted
   */
  next(): Promise<IteratorResult<NvmeEvent, undefined>> {
    const event = this.#buffer.shift()
    if (event !== undefined) return Promise.resolve({ done: false, value: event })
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) return Promise.reject(failure.error)
    if (!this.#isOpen) return Promise.resolve(done)
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      this.#owner.waitingChanged()
    })
  }

  /** Ends the iteration, now; what was not asked for is gone. */
  return(): Promise<IteratorResult<NvmeEvent, undefined>> {
    this.#buffer = []
    this.end()
    return Promise.resolve(done)
  }

  /** So that `for await` takes it. */
  [Symbol.asyncIterator](): this {
    return this
  }

  /** As `return()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  /** @internal */
  push(event: NvmeEvent): void {
    const waiter = this.#waiters.shift()
    if (waiter !== undefined) {
      waiter.resolve({ done: false, value: event })
      this.#owner.waitingChanged()
      return
    }
    if (this.#buffer.length === this.#capacity) {
      this.#buffer.shift()
      this.#dropped++
    }
    this.#buffer.push(event)
  }

  /** Events were lost before they came here. @internal */
  countDropped(count: number): void {
    this.#dropped += count
  }

  /** Nothing comes any more, for a reason or without one. @internal */
  end(failure?: { readonly error: unknown }): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#signal?.removeEventListener('abort', this.#onAbort)
    const waiters = this.#waiters
    this.#waiters = []
    const [first, ...others] = waiters
    if (failure === undefined) first?.resolve(done)
    else if (first !== undefined) first.reject(failure.error)
    else this.#failure = failure
    for (const waiter of others) waiter.resolve(done)
    this.#owner.removed(this)
  }

  #abort(): void {
    this.#buffer = []
    const cause = this.#signal?.reason
    this.end({ error: createError('ERR_ABORTED', 'the iteration of events', { cause }) })
  }
}
