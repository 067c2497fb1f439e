// SPDX-License-Identifier: MIT
// Who polls for promises: a chain of microtasks per queue, from the first submit until nothing is
// outstanding. It spins for a bounded time, gives the event loop its turn, and sleeps when a device
// takes long.

import { afterTurn, enterSlice, sliceIsOver } from '../clock.ts'
import { addSleeper, removeSleeper, type Sleeper } from '../wake.ts'
import { counter } from './counters.ts'
import { ticksMax } from './entries.ts'
import type { QueueRing } from './ring.ts'

/** What a pump serves. */
export interface Pumped {
  readonly ring: QueueRing
  /** Settles what ring.done names. */
  complete(count: number): void
  /** Whether anything can still complete. */
  readonly isBusy: boolean
  /** One tick of the coarse clock passed; a command older than `ticksMax` is overdue. */
  tick(): void
  /** The queue is lost: it was reset, or who has the controller has gone. */
  lose(): void
  /** The pump itself broke. */
  fail(cause: unknown): void
}

const roundsPerLook = 64
/** As which a step of the device counts. */
const roundsPerStep = 8
/** Of a round, about a microsecond: each further round costs a turn of its own. */
const looksMax = 256
/** Rounds without a completion after which the device gets help or the CPU. */
const emptyRoundsMax = 3
const spinMsMax = 0.1
/** How often a device that cannot wake us is looked at during sleep. */
const pollMs = 1

const resolved = Promise.resolve()

export class Pump implements Sleeper {
  /** Microtasks of it are under way: it will ring and poll by itself, soon. */
  isPolling = false
  #isRunning = false
  #rounds = 0
  #emptyRounds = 0
  // Of one kind from the start: code that was compiled for one pump is then good for the next.
  #ticked = performance.now()
  #progressed = performance.now()
  #completedSinceLook = false
  #wake: (() => void) | undefined
  #held: Promise<void> | undefined
  readonly #pumped: Pumped
  readonly #ring: QueueRing
  readonly #wakes: boolean
  readonly #tickMs: number

  constructor(pumped: Pumped, wakes: boolean, timeoutMs: number) {
    this.#pumped = pumped
    this.#ring = pumped.ring
    this.#wakes = wakes
    this.#tickMs = Math.max(1, timeoutMs / ticksMax)
  }

  /** Something was submitted. */
  start(): void {
    if (this.#isRunning) {
      if (this.#wake !== undefined) this.#wake()
      return
    }
    this.#isRunning = true
    this.#completedSinceLook = true // the time since the last run is not waiting time
    this.#goOn()
  }

  /** After a pause, in which something may have been submitted. */
  readonly #goOn = (): void => {
    this.isPolling = true
    enterSlice()
    this.#soon()
  }

  /** Calls #turn in a microtask. An await would make a context and two functions for each. */
  #soon(): void {
    resolved.then(this.#turn)
  }

  readonly #turn = (): void => {
    try {
      if (this.#held !== undefined) {
        this.isPolling = false
        this.#held.then(this.#goOn)
        return
      }
      this.#round()
      if (++this.#rounds >= roundsPerLook && this.#pauses()) return
      // Who awaits one command after the other starts it again, with the device at work already.
      if (this.#pumped.isBusy) {
        this.#soon()
        return
      }
    } catch (cause) {
      this.#pumped.fail(cause)
    }
    this.isPolling = false
    this.#isRunning = false
  }

  /** Rings, polls, spins a little. */
  #round(): void {
    const ring = this.#ring
    ring.ring()
    if (ring.owesHead) ring.ringCompletions()
    let count = ring.poll()
    if (count === 0 && this.#pumped.isBusy) count = this.#wait()
    if (count === 0) return
    this.#emptyRounds = 0
    this.#completedSinceLook = true
    this.#pumped.complete(count)
  }

  /** Looks a little longer; now and then steps the device, or lets its thread have the CPU. */
  #wait(): number {
    const ring = this.#ring
    if (!ring.inlinePump && this.#emptyRounds < emptyRoundsMax - 1) {
      this.#emptyRounds++
      return ring.spin(looksMax)
    }
    this.#emptyRounds = 0
    // A step of the device takes longer than a look; others may have had the CPU for long.
    this.#rounds += ring.pump(0) ? roundsPerStep : roundsPerLook
    return ring.poll()
  }

  /** Looks at the clock and counts ticks; true when it pauses: then it goes on by itself. */
  #pauses(): boolean {
    this.#rounds = 0
    const now = performance.now()
    if (now - this.#ticked >= this.#tickMs) {
      this.#ticked = now
      this.#pumped.tick()
    }
    if (!this.#ring.isLive) this.#pumped.lose()
    if (this.#completedSinceLook) {
      this.#completedSinceLook = false
      this.#progressed = now
    } else if (now - this.#progressed > spinMsMax && this.#pumped.isBusy) {
      this.#sleep()
      return true
    }
    if (!sliceIsOver(now)) return false
    this.#giveWay()
    return true
  }

  /** Goes on when the event loop has gone round. */
  #giveWay(): void {
    this.isPolling = false
    this.#ring.ring()
    afterTurn(this.#goOn)
  }

  /** Goes on when a completion announces itself, a tick passes, or something is submitted. */
  #sleep(): void {
    const ring = this.#ring
    ring.ring()
    if (this.#wakes) ring.arm()
    // While we polled, an emulator on our CPU was stepped by us; now its thread must.
    if (ring.inlinePump) ring.wakeDevice()
    if (ring.hasCompletion) {
      ring.disarm()
      this.#giveWay()
      return
    }
    // Looked at after arming: a device that goes away says so, then wakes those who are armed.
    if (!ring.isLive) this.#pumped.lose()
    this.isPolling = false
    const timer = setTimeout(() => this.#wake?.(), this.#wakes ? this.#tickMs : pollMs)
    this.#wake = () => {
      this.#wake = undefined
      clearTimeout(timer)
      removeSleeper(this)
      ring.disarm()
      this.#goOn()
    }
    addSleeper(this)
  }

  onWakeUp(): void {
    const ring = this.#ring
    if (this.#wake === undefined || ring.isArmed) return
    ring.stats[counter.wakeUps] = (ring.stats[counter.wakeUps] as number) + 1
    this.#wake()
  }

  /** Touches the queue no more until `until` settles. */
  hold(until: Promise<void>): void {
    this.#held = until.finally(() => {
      this.#held = undefined
    })
    this.#wake?.()
  }

  /** The queue is closing: no wake-up is waited for any more. */
  stop(): void {
    this.#wake?.()
  }
}
