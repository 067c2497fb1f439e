// SPDX-License-Identifier: MIT
// What a queue pair counts, by place in QueueRing.stats.

export const counter = {
  commands: 0,
  bytes: 1,
  /** Commands whose data was copied, and those without data: the rest is direct, or p2p. */
  bounce: 2,
  noData: 3,
  doorbells: 4,
  wakeUps: 5,
  splits: 6,
  retries: 7,
  aborts: 8,
  restarts: 9,
  /** Commands whose data went from or to another device. */
  p2p: 10,
} as const
