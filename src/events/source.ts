// SPDX-License-Identifier: MIT
// The events of one controller reference on their way from the native side to the iterators. While
// there are iterators, the native side keeps Asynchronous Event Requests outstanding; it wakes us
// where the device can, and is looked at now and then where not.

import { type ErrorCode, type NvmError, type NvmErrorDetails, unwrap } from '../errors.ts'
import type { ControllerHandle } from '../native/binding.ts'
import { binding } from '../native/load.ts'
import {
  addListener,
  addSleeper,
  openWakeSocket,
  removeListener,
  removeSleeper,
  type Sleeper,
} from '../wake.ts'
import { decodeEvent } from './event.ts'
import { EventIterator, type EventsOptions, type IteratorOwner } from './iterator.ts'

/** How often a device that cannot wake us is looked at. */
const pollMs = 100

/** Why a controller reports no events, and will not where it is asked again. */
const refusals: ReadonlySet<ErrorCode> = new Set([
  'ERR_NVME_STATUS',
  'ERR_TIMEOUT',
  'ERR_UNSUPPORTED',
])

/** The controller reference. */
export interface EventOwner {
  dump(): string
  /** Brings what is known of namespaces up to date, before anybody hears of the event. */
  meetManager(): Promise<void>
  noticeChanges(): void
}

export class EventSource implements IteratorOwner, Sleeper {
  readonly #handle: ControllerHandle
  /** Weak, since who wakes us holds us, so that a program can be told that it dropped it. */
  readonly #owner: WeakRef<EventOwner>
  /** The same, as long as somebody iterates. */
  #held: EventOwner | undefined
  /** Of errors. */
  readonly #details: NvmErrorDetails = { dump: () => this.#owner.deref()?.dump() ?? '' }
  readonly #iterators = new Set<EventIterator>()
  #state: 'idle' | 'starting' | 'watching' = 'idle'
  #started: Promise<void> | undefined
  #isTaking = false
  #follows = false
  /** After how many managers follow() was refused. */
  #refusedBy: number | undefined
  #isClosed = false
  #keepsAlive = false
  #timer: NodeJS.Timeout | undefined
  /** Of the native side, since it watches. */
  #dropped = 0

  constructor(handle: ControllerHandle, owner: EventOwner) {
    this.#handle = handle
    this.#owner = new WeakRef(owner)
  }

  iterate(options: EventsOptions): EventIterator {
    const iterator = new EventIterator(this, options)
    if (!iterator.isOpen) return iterator // its signal was aborted before
    this.#iterators.add(iterator)
    this.#held = this.#owner.deref()
    this.#startIfIdle()
    return iterator
  }

  /**
   * From now on events are taken, whether anybody iterates over them or not, so that the owner
   * hears of them. A controller that refuses that reports none; it is not asked again until there
   * is another manager.
   */
  async follow(): Promise<void> {
    if (this.#isClosed) return
    const managers = binding().laterManagers(this.#handle)
    if (this.#refusedBy === managers) return
    this.#follows = true
    this.#startIfIdle()
    await this.#started?.catch((error: NvmError) => {
      if (refusals.has(error.code)) this.#refusedBy = managers
    })
  }

  /** What was refused may be granted now. */
  forgetRefusal(): void {
    this.#refusedBy = undefined
  }

  #startIfIdle(): void {
    if (this.#state !== 'idle') return
    this.#state = 'starting'
    this.#started = this.#start()
    this.#started.catch((error: unknown) => this.#fail(error))
  }

  async started(): Promise<void> {
    await this.#started
  }

  async #start(): Promise<void> {
    openWakeSocket()
    const wakes = unwrap(await binding().watchEvents(this.#handle), this.#details)
    this.#state = 'watching'
    this.#refusedBy = undefined
    this.#dropped = 0
    if (!this.#isWanted) return this.#stop()
    addListener(this)
    if (!wakes) this.#timer = setInterval(() => this.#look(), pollMs).unref()
    this.waitingChanged()
    this.#look()
  }

  onWakeUp(): void {
    this.#look()
  }

  #look(): void {
    // Whoever takes now asks again at its end. To ask is to arm the next wake-up.
    if (this.#isTaking || this.#state !== 'watching' || !binding().hasEvents(this.#handle)) return
    this.#isTaking = true
    this.#take()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#isTaking = false
      })
  }

  async #take(): Promise<void> {
    do {
      const { events, dropped } = unwrap(await binding().takeEvents(this.#handle), this.#details)
      for (const iterator of this.#iterators) iterator.countDropped(dropped - this.#dropped)
      this.#dropped = dropped
      const owner = this.#held ?? this.#owner.deref()
      await owner?.meetManager().catch(() => {}) // queues meet it, too, and fail where that fails
      owner?.noticeChanges()
      for (const native of events) {
        const event = decodeEvent(native)
        for (const iterator of this.#iterators) iterator.push(event)
      }
    } while (this.#state === 'watching' && binding().hasEvents(this.#handle))
  }

  waitingChanged(): void {
    const isWaiting = [...this.#iterators].some((iterator) => iterator.isWaiting)
    const keepsAlive = isWaiting && this.#state === 'watching'
    if (keepsAlive === this.#keepsAlive) return
    this.#keepsAlive = keepsAlive
    if (keepsAlive) {
      addSleeper(this)
      this.#timer?.ref()
    } else {
      removeSleeper(this)
      this.#timer?.unref()
    }
  }

  removed(iterator: EventIterator): void {
    this.#iterators.delete(iterator)
    if (this.#iterators.size === 0) this.#held = undefined
    this.waitingChanged()
    if (!this.#isWanted && this.#state === 'watching') this.#stop()
  }

  get #isWanted(): boolean {
    return this.#follows || this.#iterators.size > 0
  }

  #stop(): void {
    this.#state = 'idle'
    removeListener(this)
    clearInterval(this.#timer)
    this.#timer = undefined
    this.waitingChanged()
    binding().unwatchEvents(this.#handle)
  }

  #fail(error: unknown): void {
    if (this.#state === 'starting') this.#state = 'idle'
    this.#follows = false
    for (const iterator of this.#iterators) iterator.end({ error })
    if (this.#state === 'watching' && !this.#isWanted) this.#stop()
  }

  /** Ends every iteration; before the reference is closed. */
  close(): void {
    this.#isClosed = true
    this.#follows = false
    if (this.#state === 'watching' && this.#iterators.size === 0) this.#stop()
    for (const iterator of this.#iterators) iterator.end()
  }
}
