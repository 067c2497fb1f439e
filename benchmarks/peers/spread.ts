// SPDX-License-Identifier: MIT
/** The spread of repeated measurements. */
export interface Spread {
  min: number
  median: number
  max: number
}

/** The spread of `values`, which is not empty. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (index: number) => sorted[index] as number
  const middle = (sorted.length - 1) / 2
  return {
    min: at(0),
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    max: at(sorted.length - 1),
  }
}
