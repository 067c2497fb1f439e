// SPDX-License-Identifier: MIT
// From values to places on an axis, with the ticks that suit them.

export interface Tick {
  readonly value: number
  /** Empty: a tick without a number. */
  readonly label: string
}

export interface Scale {
  /** The place of a value; values beyond the ends are put at the end. */
  readonly place: (value: number) => number
  readonly ticks: readonly Tick[]
  readonly from: number
  readonly to: number
}

/** Places of the axis' ends, for instance left and right. */
export type Range = readonly [number, number]

function scaleOf(from: number, to: number, range: Range, ticks: Tick[], map = identity): Scale {
  const [low, high] = [map(from), map(to)]
  const span = high - low || 1
  const place = (value: number): number => {
    const part = (map(value) - low) / span
    return range[0] + Math.min(1, Math.max(0, part)) * (range[1] - range[0])
  }
  return { place, ticks: ticks.filter(({ value }) => value >= from && value <= to), from, to }
}

const identity = (value: number): number => value
const log = (value: number): number => Math.log10(Math.max(value, Number.MIN_VALUE))

/** Even steps from `from` to `to`, at round numbers. */
export function linearScale(from: number, to: number, range: Range, tickCount = 5): Scale {
  return scaleOf(from, to, range, roundTicks(from, to, tickCount))
}

function roundTicks(from: number, to: number, count: number): Tick[] {
  const step = roundStep((to - from || 1) / count)
  const first = Math.ceil(from / step - 1e-9)
  const last = Math.floor(to / step + 1e-9)
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9))
  return Array.from({ length: last - first + 1 }, (_, i) => {
    const value = (first + i) * step
    return { value, label: value.toFixed(digits).replace('-', '−') }
  })
}

/** An axis from 0 whose end is a round number not below `max`. */
export function scaleFromZero(max: number, range: Range, tickCount = 4): Scale {
  const step = roundStep((max || 1) / tickCount)
  return linearScale(0, Math.ceil((max || 1) / step - 1e-9) * step, range, tickCount)
}

/** 1, 2 or 5 times a power of ten, not below `step`. */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step))
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= step * (1 - 1e-9)) ?? 10
  return factor * power
}

/** Even decades; numbers at 1, 2, 5 where there are few decades, at round steps within one. */
export function logScale(from: number, to: number, range: Range): Scale {
  const decades = log(to) - log(from)
  if (decades < 0.7) return scaleOf(from, to, range, roundTicks(from, to, 8), log)
  const numbered = decades < 2 ? [1, 2, 5] : [1]
  const digits = decades < 5 ? [1, 2, 3, 4, 5, 6, 7, 8, 9] : [1]
  const ticks: Tick[] = []
  for (let decade = Math.floor(log(from)); decade <= Math.ceil(log(to)); decade++) {
    for (const digit of digits) {
      const label = numbered.includes(digit) ? decadeLabel(digit, decade) : ''
      ticks.push({ value: digit * 10 ** decade, label })
    }
  }
  return scaleOf(from, to, range, ticks, log)
}

/** 0.05, 20, 5000; with powers beyond that. */
function decadeLabel(digit: number, decade: number): string {
  if (decade > 3) return `${digit === 1 ? '' : `${digit}×`}10${superscript(decade)}`
  return (digit * 10 ** decade).toFixed(Math.max(0, -decade))
}

const superscript = (value: number): string =>
  [...String(value)].map((digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]).join('')

/** A log axis for `values`, a little wider than they are, and at least a factor of 2. */
export function logScaleAround(values: readonly number[], range: Range): Scale {
  const positive = values.filter((value) => value > 0)
  const low = log(positive.length > 0 ? Math.min(...positive) : 1)
  const high = log(positive.length > 0 ? Math.max(...positive) : 1)
  const margin = Math.max(0.04 * (high - low), (Math.log10(2) - (high - low)) / 2, 0)
  return logScale(10 ** (low - margin), 10 ** (high + margin), range)
}

/** How far into the tail a percentile is: 1 at 90, 2 at 99, 3 at 99.9. */
export const tailOf = (percent: number): number => -Math.log10(1 - percent / 100)
export const percentAtTail = (tail: number): number => 100 * (1 - 10 ** -tail)

/** Percentiles, each further nine as wide as the one before: 0, 50, 90, 99, 99.9 … `percentMax`. */
export function tailScale(percentMax: number, range: Range): Scale {
  const ticks = [0, 50, 90, 99, 99.9, 99.99, 99.999].map((value) => ({
    value,
    label: String(value),
  }))
  return scaleOf(0, percentMax, range, ticks, tailOf)
}

/** Queue depths: each doubling as wide as the one before, with a tick at each depth measured. */
export function depthScale(depths: readonly number[], range: Range): Scale {
  const ticks = depths.map((value) => ({ value, label: String(value) }))
  const from = Math.min(...depths) / 2 ** 0.3
  return scaleOf(from, Math.max(...depths) * 2 ** 0.3, range, ticks, log)
}
