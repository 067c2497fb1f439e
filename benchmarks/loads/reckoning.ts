// SPDX-License-Identifier: MIT
// The figures that are made of what the children answer.
import type { Threads } from './cells.ts'

export const mebibytesPerSecond = (byteLength: number, ns: number): number =>
  byteLength / 2 ** 20 / (ns / 1e9)

/**
 * What the luckiest of several queues got to what the unluckiest got: 1 is even. One that got
 * nothing counts as if it had done one command.
 */
export const fairness = (counts: readonly number[]): number =>
  Math.max(1, ...counts) / Math.max(1, Math.min(...counts))

/** Threads that want a CPU all the time: whoever has a queue polls, and so does the device. */
export const busyThreads = (threads: Threads, queues: number): number =>
  (threads === 'one' ? 1 : queues) + 1
