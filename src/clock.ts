// SPDX-License-Identifier: MIT
// How long the pumps of an environment may keep the event loop. One slice of time is shared by all
// of them, from the first that runs after a task of the event loop until that loop has gone round
// once.

/** Longest time without giving timers, sockets and the rest of the program their turn. */
const sliceMsMax = 0.25

let sliceStart = 0
let sliceIsOpen = false
const waiting: (() => void)[] = []

function closeSlice(): void {
  sliceIsOpen = false
  // One that goes on may wait again, for the turn after this one.
  for (let left = waiting.length; left > 0; left--) waiting.shift()?.()
}

/** Called by a pump that starts or goes on after the event loop had its turn. */
export function enterSlice(): void {
  if (sliceIsOpen) return
  sliceIsOpen = true
  sliceStart = performance.now()
  setImmediate(closeSlice)
}

export function sliceIsOver(now: number): boolean {
  return now - sliceStart > sliceMsMax
}

/** Calls `goOn`, which throws nothing, when the event loop has gone round; within a slice only. */
export function afterTurn(goOn: () => void): void {
  waiting.push(goOn)
}
