// SPDX-License-Identifier: MIT
// A histogram of times with three significant digits at every magnitude, in the geometry of HDR
// histograms: buckets of a power of two, each in 1024 steps (2048 in the first).

const stepsLog2 = 11
const steps = 2 ** stepsLog2
const halfSteps = steps / 2
/** Values from here on count as this: 73 minutes in nanoseconds. */
const valueMax = 2 ** 42 - 1
const countsLength = (42 - stepsLog2 + 2) * halfSteps

/**
 * Times in nanoseconds, each known to within a thousandth of it.
 * @category Tracing
 */
export class Histogram {
  /** Number of values. */
  count = 0
  /** Smallest and largest value as recorded, before any rounding; 0 without values. */
  min = 0
  max = 0
  #sum = 0
  #sumOfSquares = 0
  readonly #counts = new Float64Array(countsLength)

  /** Counts a value; it is rounded down to whole nanoseconds. */
  record(valueNs: number): void {
    const value = valueNs < valueMax ? (valueNs > 0 ? Math.floor(valueNs) : 0) : valueMax
    const at = indexOf(value)
    this.#counts[at] = (this.#counts[at] as number) + 1
    if (value > this.max) this.max = value
    if (value < this.min || this.count === 0) this.min = value
    this.count++
    this.#sum += value
    this.#sumOfSquares += value * value
  }

  /** Their average; 0 without any. */
  get mean(): number {
    return this.count === 0 ? 0 : this.#sum / this.count
  }

  /** Standard deviation of the values. */
  get deviation(): number {
    if (this.count === 0) return 0
    return Math.sqrt(Math.max(0, this.#sumOfSquares / this.count - this.mean ** 2))
  }

  /**
   * The value that `fraction` (from 0 to 1) of all values do not exceed, rounded up to the end of
   * its step; 0 without values.
   */
  quantile(fraction: number): number {
    const rank = Math.max(1, Math.ceil(Math.min(Math.max(fraction, 0), 1) * this.count))
    let seen = 0
    for (let at = 0; at < countsLength; at++) {
      seen += this.#counts[at] as number
      if (seen >= rank) return Math.min(endOf(at), this.max)
    }
    return this.max
  }

  /** Adds the values of another. */
  merge(other: Histogram): void {
    if (other.count === 0) return
    this.min = this.count === 0 ? other.min : Math.min(this.min, other.min)
    this.max = Math.max(this.max, other.max)
    this.count += other.count
    this.#sum += other.#sum
    this.#sumOfSquares += other.#sumOfSquares
    other.#counts.forEach((count, at) => {
      if (count > 0) this.#counts[at] = (this.#counts[at] as number) + count
    })
  }

  /** The steps that have values, in order. */
  *steps(): Generator<{ readonly fromNs: number; readonly toNs: number; readonly count: number }> {
    for (let at = 0; at < countsLength; at++) {
      const count = this.#counts[at] as number
      if (count > 0) yield { fromNs: startOf(at), toNs: endOf(at), count }
    }
  }
}

/** Doublings beyond the first bucket. */
function shiftOf(value: number): number {
  if (value < 2 ** 31) return Math.max(0, 32 - stepsLog2 - Math.clz32(value))
  return 64 - stepsLog2 - Math.clz32(value / 2 ** 32) // of the high word
}

function indexOf(value: number): number {
  if (value < steps) return value
  const shift = shiftOf(value)
  return shift * halfSteps + Math.floor(value / 2 ** shift)
}

function startOf(at: number): number {
  if (at < steps) return at
  const shift = Math.floor(at / halfSteps) - 1
  return (at - shift * halfSteps) * 2 ** shift
}

const endOf = (at: number): number => startOf(at + 1) - 1
