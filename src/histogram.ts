// SPDX-License-Identifier: MIT
// A histogram of times with three significant digits at every magnitude, in the geometry of HDR
// histograms: buckets of a power of two, each in 1024 steps (2048 in the first). All of it is one
// array of numbers, so that threads can share it; lib/measure/histogram.h is the same in C++.

import { show } from './checks.ts'
import { createError } from './errors.ts'

const stepsLog2 = 11
const steps = 2 ** stepsLog2
const halfSteps = steps / 2
/** Values from here on count as this: 73 minutes in nanoseconds. */
const valueMax = 2 ** 42 - 1
/** Below it, a value is a small integer to V8. */
const smallEnd = 2 ** 31
const countsLength = (42 - stepsLog2 + 2) * halfSteps

// Numbers of the array; the counts of the steps follow.
const countWord = 0
const minWord = 1
const maxWord = 2
const sumWord = 3
const sumOfSquaresWord = 4
const headerWords = 8

/** Numbers that a histogram consists of. */
export const histogramWords = headerWords + countsLength

/**
 * Times in nanoseconds, each known to within a thousandth of it; as `queue.stats().latency`.
 * @category Tracing
 */
export class Histogram {
  /** What it consists of (lib/measure/histogram.h). @internal */
  readonly words: Float64Array

  /**
   * Goes on with what `words` hold; without them it is empty.
   * @param words of another histogram, which both have from then on
   * @throws NvmError ERR_ARGUMENT for words that are no histogram's
   */
  constructor(words: Float64Array = new Float64Array(histogramWords)) {
    if (!(words instanceof Float64Array) || words.length !== histogramWords) {
      const wanted = `a Float64Array of ${histogramWords}`
      throw createError('ERR_ARGUMENT', `words is ${show(words)}, and not ${wanted}`)
    }
    this.words = words
  }

  /** Number of values. */
  get count(): number {
    return this.words[countWord] as number
  }

  /** The smallest value as recorded, before any rounding; 0 without values. */
  get min(): number {
    return this.words[minWord] as number
  }

  /** The largest value as recorded; 0 without values. */
  get max(): number {
    return this.words[maxWord] as number
  }

  /**
   * Counts a value; it is rounded down to whole nanoseconds.
   * @param valueNs nanoseconds; what is below 0 counts as 0, above 2^42 − 1 (73 minutes) as that
   * @throws NvmError ERR_ARGUMENT for what is no number
   */
  record(valueNs: number): void {
    if (typeof valueNs !== 'number' || Number.isNaN(valueNs)) refuseTime(valueNs)
    const { words } = this
    const value = wholeOf(valueNs)
    const at = headerWords + indexOf(value)
    words[at] = (words[at] as number) + 1
    const count = words[countWord] as number
    if (value > (words[maxWord] as number)) words[maxWord] = value
    if (value < (words[minWord] as number) || count === 0) words[minWord] = value
    words[countWord] = count + 1
    words[sumWord] = (words[sumWord] as number) + value
    words[sumOfSquaresWord] = (words[sumOfSquaresWord] as number) + value * value
  }

  /**
   * As record() for each of the first `count` values, in half the time: what is kept of all of
   * them goes through memory once. @internal
   */
  recordAll(valuesNs: Float64Array, count: number): void {
    if (count === 0) return
    const { words } = this
    let min = this.count === 0 ? valueMax : this.min
    let { max } = this
    let sum = words[sumWord] as number
    let sumOfSquares = words[sumOfSquaresWord] as number
    for (let i = 0; i < count; i++) {
      const time = valuesNs[i] as number
      let value: number
      let at: number
      if (time >= 0 && time < smallEnd) {
        const small = time | 0
        at = headerWords + indexOfSmall(small)
        value = small
      } else {
        value = wholeOf(time)
        at = headerWords + indexOf(value)
      }
      words[at] = (words[at] as number) + 1
      if (value > max) max = value
      if (value < min) min = value
      sum += value
      sumOfSquares += value * value
    }
    words[minWord] = min
    words[maxWord] = max
    words[sumWord] = sum
    words[sumOfSquaresWord] = sumOfSquares
    words[countWord] = this.count + count
  }

  /** Average of the values; 0 without values. */
  get mean(): number {
    return this.count === 0 ? 0 : (this.words[sumWord] as number) / this.count
  }

  /** Standard deviation of the values; 0 without values. */
  get deviation(): number {
    if (this.count === 0) return 0
    const meanOfSquares = (this.words[sumOfSquaresWord] as number) / this.count
    return Math.sqrt(Math.max(0, meanOfSquares - this.mean ** 2))
  }

  /**
   * The value that a fraction of all values do not exceed, rounded up to the end of its step; 0
   * without values: `quantile(0.99)`.
   * @param fraction 0 to 1
   * @throws NvmError ERR_ARGUMENT for what is no number, ERR_RANGE outside 0 to 1
   */
  quantile(fraction: number): number {
    if (typeof fraction !== 'number' || !(fraction >= 0 && fraction <= 1)) refuseFraction(fraction)
    const rank = rankOf(fraction, this.count)
    let seen = 0
    for (let at = 0; at < countsLength; at++) {
      seen += this.words[headerWords + at] as number
      if (seen >= rank) return Math.min(endOf(at), this.max)
    }
    return this.max
  }

  /**
   * Adds the values of another.
   * @param other stays as it is
   * @throws NvmError ERR_ARGUMENT for what is none
   */
  merge(other: Histogram): void {
    if (!(other instanceof Histogram)) {
      throw createError('ERR_ARGUMENT', `${show(other)} is no histogram`)
    }
    if (other.count === 0) return
    const { words } = this
    const min = this.count === 0 ? other.min : Math.min(this.min, other.min)
    const max = Math.max(this.max, other.max)
    const end = headerWords + indexOf(max) + 1
    for (let at = 0; at < end; at++) {
      words[at] = (words[at] as number) + (other.words[at] as number)
    }
    words[minWord] = min
    words[maxWord] = max
  }

  /**
   * The values that were recorded since `earlier`, a copy of this one, as well as the steps tell:
   * their extremes, mean and deviation are those of the steps. @internal
   */
  since(earlier: Histogram): Histogram {
    const fresh = new Histogram()
    const end = this.count === 0 ? 0 : indexOf(this.max) + 1
    for (let at = 0; at < end; at++) {
      const more = (this.words[headerWords + at] as number) - (earlier.words[headerWords + at] ?? 0)
      if (more <= 0) continue
      const value = startOf(at)
      if (fresh.count === 0) fresh.words[minWord] = value
      fresh.words[maxWord] = endOf(at)
      fresh.words[headerWords + at] = more
      fresh.words[countWord] = fresh.count + more
      fresh.words[sumWord] = (fresh.words[sumWord] as number) + more * value
      const squares = fresh.words[sumOfSquaresWord] as number
      fresh.words[sumOfSquaresWord] = squares + more * value * value
    }
    return fresh
  }

  /** The steps that have values, in order. */
  *steps(): Generator<HistogramStep> {
    for (let at = 0; at < countsLength; at++) {
      const count = this.words[headerWords + at] as number
      if (count > 0) yield { fromNs: startOf(at), toNs: endOf(at), count }
    }
  }
}

/**
 * Values that a histogram does not tell apart.
 * @category Tracing
 */
export interface HistogramStep {
  /** The smallest of them, in nanoseconds. */
  readonly fromNs: number
  /** The largest of them, in nanoseconds. */
  readonly toNs: number
  /** How many were recorded. */
  readonly count: number
}

function refuseTime(value: unknown): never {
  throw createError('ERR_ARGUMENT', `a time is ${show(value)}, and not a number of nanoseconds`)
}

function refuseFraction(value: unknown): never {
  if (typeof value === 'number' && !Number.isNaN(value)) {
    throw createError('ERR_RANGE', `a fraction is ${value}; it is 0 to 1`)
  }
  throw createError('ERR_ARGUMENT', `a fraction is ${show(value)}, and not a number`)
}

/** Of `count` values, those beyond a percentile: larger ones from the median on, else smaller. */
export function beyondOf(percent: number, count: number): number {
  const rank = rankOf(percent / 100, count)
  return percent < 50 ? rank - 1 : count - rank
}

/** Position, from 1, of the value that a fraction of `count` do not exceed. */
export function rankOf(fraction: number, count: number): number {
  // 99.9 / 100 is a little more than 0.999: what is whole but for that stays whole.
  return Math.max(1, Math.ceil(fraction * count * (1 - 1e-12)))
}

/** What a time counts as: a whole number within the range. */
function wholeOf(valueNs: number): number {
  if (valueNs >= 0 && valueNs < smallEnd) return valueNs | 0
  return valueNs < valueMax ? (valueNs > 0 ? Math.floor(valueNs) : 0) : valueMax
}

function indexOf(value: number): number {
  if (value < smallEnd) return indexOfSmall(value)
  const shift = 64 - stepsLog2 - Math.clz32(value / 2 ** 32) // of the high word
  return shift * halfSteps + Math.floor(value / 2 ** shift)
}

function indexOfSmall(value: number): number {
  const shift = Math.max(0, 32 - stepsLog2 - Math.clz32(value))
  return shift * halfSteps + (value >>> shift)
}

function startOf(at: number): number {
  if (at < steps) return at
  const shift = Math.floor(at / halfSteps) - 1
  return (at - shift * halfSteps) * 2 ** shift
}

const endOf = (at: number): number => startOf(at + 1) - 1
