// SPDX-License-Identifier: MIT
// Ctrl-C ends a run with what has been measured so far; a second one ends the program.

import { setImmediate as nextTurn } from 'node:timers/promises'

const turnMs = 100
let turnedAt = performance.now()

/** Where it is time for it, lets the event loop have its turn, so that signals are heard. */
export function turnNow(): Promise<void> | undefined {
  return performance.now() - turnedAt < turnMs ? undefined : turn()
}

async function turn(): Promise<void> {
  await nextTurn()
  turnedAt = performance.now()
}

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const
type Signal = keyof typeof exitCodes

/** Listens until it is disposed of. */
export class StopSignals implements Disposable {
  /** The one that came first. */
  received: Signal | undefined
  readonly #onSignal: (signal: Signal) => void

  /** `onFirst` is called when the first signal comes. */
  constructor(onFirst: () => void = () => {}) {
    this.#onSignal = (signal) => {
      if (this.received !== undefined) process.exit(exitCodes[signal])
      this.received = signal
      onFirst()
    }
    for (const signal of Object.keys(exitCodes)) process.on(signal, this.#onSignal)
  }

  /** What a process that was interrupted ends with; 0 when it was not. */
  get exitCode(): number {
    return this.received === undefined ? 0 : exitCodes[this.received]
  }

  [Symbol.dispose](): void {
    for (const signal of Object.keys(exitCodes)) process.off(signal, this.#onSignal)
  }
}
