// SPDX-License-Identifier: MIT
// What one round of bench:measuring comes to.

/** Commands outstanding. */
export const depth = 128

/** What a command took, in nanoseconds: of time, and of the thread on a CPU. */
export interface Cost {
  readonly ns: number
  readonly cpuNs: number
}
