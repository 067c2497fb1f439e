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

/** The spread of the ratios of two figures that were taken in the same rounds. */
export function ratiosOf(values: readonly number[], bases: readonly number[]): Spread {
  return spreadOf(values.map((value, round) => value / (bases[round] as number)))
}

export const showSpread = ({ min, median, max }: Spread, digits = 2): string =>
  `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`

/** What a table says of a ratio that has a goal. */
export function verdict(goal: number | undefined, ratio: Spread): string {
  if (goal === undefined) return ''
  if (ratio.median >= goal) return `≥ ${goal.toFixed(2)} reached`
  return ratio.max >= goal
    ? `≥ ${goal.toFixed(2)} within the spread`
    : `≥ ${goal.toFixed(2)} MISSED`
}
