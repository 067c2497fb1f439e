// SPDX-License-Identifier: MIT
// The samples of one queue: a sample is one window of commands, from the doorbell to the last
// completion.

export const reportedPercentiles = [0.99, 0.97, 0.95, 0.9, 0.75, 0.5, 0.25, 0.05, 0.01] as const

export interface Sample {
  commands: number
  blocks: number
  /** Microseconds. */
  elapsed: number
}

export interface Summary {
  count: number
  blocks: number
  /** Microseconds. */
  min: number
  avg: number
  max: number
  /** One value for each of `reportedPercentiles`, in microseconds. */
  percentiles: number[]
}

/**
 * The smallest value that at least `fraction` of the values do not exceed (nearest rank), which is
 * defined for any number of values.
 * @param sorted ascending, not empty
 * @param fraction from 0 to 1
 */
export function percentile(sorted: ArrayLike<number>, fraction: number): number {
  const rank = Math.max(1, Math.ceil(fraction * sorted.length))
  return sorted[rank - 1] as number
}

/** Summarises the samples of one queue; `samples` is not empty. */
export function summarize(samples: readonly Sample[]): Summary {
  const sorted = Float64Array.from(samples, (sample) => sample.elapsed).sort()
  let sum = 0
  let blocks = 0
  for (const sample of samples) {
    sum += sample.elapsed
    blocks += sample.blocks
  }
  return {
    count: samples.length,
    blocks,
    min: sorted[0] as number,
    avg: sum / sorted.length,
    max: sorted[sorted.length - 1] as number,
    percentiles: reportedPercentiles.map((fraction) => percentile(sorted, fraction)),
  }
}
