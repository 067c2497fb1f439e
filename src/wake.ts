// SPDX-License-Identifier: MIT
// How a sleeping pump hears of completions: one socket pair per environment, read through
// net.Socket, written by the device side only for a queue that is armed. It keeps the process alive
// only while somebody sleeps.

import { Socket } from 'node:net'
import { binding } from './native/load.ts'

/** Something that sleeps and can tell whether the wake-up was for it. */
export interface Sleeper {
  onWakeUp(): void
}

const sleepers = new Set<Sleeper>()
const listeners = new Set<Sleeper>()
let socket: Socket | undefined

/** Makes the socket; before the first queue that wants wake-ups is created. */
export function openWakeSocket(): void {
  if (socket !== undefined) return
  const fd = binding().openWakeSocket()
  if (fd < 0) return
  const onread = { buffer: new Uint8Array(64), callback: wakeSleepers }
  socket = new Socket({ fd, readable: true, writable: false, onread } as ConstructorParameters<
    typeof Socket
  >[0])
  socket.unref()
  socket.on('error', () => {}) // the pair ends with the environment
}

/** A device has used an armed wake-up. */
export function wakeSleepers(): boolean {
  for (const sleeper of sleepers) sleeper.onWakeUp()
  for (const listener of listeners) listener.onWakeUp()
  return true
}

export function addSleeper(sleeper: Sleeper): void {
  if (sleepers.size === 0) socket?.ref()
  sleepers.add(sleeper)
}

/** Hears of wake-ups as a sleeper does, but keeps nothing alive. */
export function addListener(listener: Sleeper): void {
  listeners.add(listener)
}

export function removeListener(listener: Sleeper): void {
  listeners.delete(listener)
}

export function removeSleeper(sleeper: Sleeper): void {
  sleepers.delete(sleeper)
  if (sleepers.size === 0) socket?.unref()
}
