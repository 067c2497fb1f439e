// SPDX-License-Identifier: MIT
// IOPS and latency against the queue depth: two areas over one axis.
import type { BenchResult, Direction, DirectionResult } from '../result.ts'
import {
  type DepthRuns,
  directionResults,
  directionsOf,
  quantiles,
  runsByDepth,
  type Spread,
  spreadOf,
} from '../spread.ts'
import { formatNumber, formatRate } from '../units.ts'
import {
  bottomAxis,
  errorBar,
  leftAxis,
  leftMargin,
  legend,
  line,
  mark,
  type Picture,
  picture,
  rightMargin,
} from './frame.ts'
import { noteOf } from './notes.ts'
import { depthScale, logScaleAround, type Scale, scaleFromZero } from './scale.ts'
import { figureWidth } from './style.ts'
import { rateUnit } from './time-figures.ts'

const plotHeight = 74
const between = 8

interface Series {
  readonly label: string
  readonly number: number
  readonly points: readonly { readonly depth: number; readonly spread: Spread }[]
}

/** The picture of a sweep; undefined with fewer than two depths. */
export function depthSweep(result: BenchResult): Picture | undefined {
  const groups = runsByDepth(result)
  if (groups.length < 2) return undefined
  const shown = directionsOf(groups.flatMap(({ runs }) => runs))
  const rates = shown.map((direction, i) => rateSeries(groups, direction, i))
  const [unit, divisor] = rateUnit(Math.max(...extremes(rates)))
  const latencies = shown.flatMap((direction, i) => [
    latencySeries(groups, direction, 50, i),
    latencySeries(groups, direction, 99, i + 2),
  ])
  const entries = [...new Map([...rates, ...latencies].map((s) => [s.number, s])).values()]
    .sort((a, b) => a.number - b.number)
    .map(({ label, number }) => ({ label, series: number, kind: 'mark' as const }))
  const top = legend(entries).height + 5
  const bottom = top + plotHeight
  const bottomOfAll = bottom + between + plotHeight
  const rate = scaleFromZero(Math.max(...extremes(rates)) / divisor, [bottom, top], 3)
  const latency = logScaleAround(extremes(latencies), [bottomOfAll, bottom + between])
  const left = leftMargin([rate, latency])
  const right = figureWidth - rightMargin
  const x = depthScale(
    groups.map(({ depth }) => depth),
    [left, right],
  )
  const upper = { left, right, top, bottom }
  const lower = { left, right, top: bottom + between, bottom: bottomOfAll }
  const iopsHint = (value: number) => `${formatRate(value)} IOPS`
  const latencyHint = (value: number) => `${formatNumber(value)} µs`
  const body = [
    legend(entries).svg,
    bottomAxis(x, upper),
    leftAxis(rate, upper, unit),
    ...rates.map((series) => drawSeries(series, x, rate, divisor, iopsHint)),
    bottomAxis(x, lower, 'Queue depth (commands outstanding per queue)'),
    leftAxis(latency, lower, 'Latency (µs)'),
    ...latencies.map((series) => drawSeries(series, x, latency, 1, latencyHint)),
  ]
  const runCount = Math.max(...groups.map(({ runs }) => runs.length))
  return picture(
    {
      name: 'depth-sweep',
      caption: 'IOPS, and median and 99th percentile of latency, by queue depth',
      notes: noteOf(result, runCount),
    },
    bottomOfAll + 25,
    body.join(''),
  )
}

function rateSeries(groups: readonly DepthRuns[], direction: Direction, number: number): Series {
  const points = spreads(groups, direction, ({ iops }) => iops)
  return { label: `${direction}s: IOPS, p50`, number, points }
}

function latencySeries(
  groups: readonly DepthRuns[],
  direction: Direction,
  percent: 50 | 99,
  number: number,
): Series {
  const points = spreads(groups, direction, ({ latency }) => {
    return (quantiles(latency, [percent / 100])[0] ?? 0) / 1000
  })
  return { label: `${direction}s: ${percent === 50 ? 'IOPS, p50' : 'p99'}`, number, points }
}

/** A figure of a direction over the runs, at each depth at which it happened. */
function spreads(
  groups: readonly DepthRuns[],
  direction: Direction,
  figure: (result: DirectionResult) => number,
): Series['points'] {
  return groups.flatMap(({ depth, runs }) => {
    const values = directionResults(runs, direction).map(figure)
    return values.length === 0 ? [] : [{ depth, spread: spreadOf(values) }]
  })
}

const extremes = (series: readonly Series[]): number[] =>
  series.flatMap(({ points }) => points.flatMap(({ spread }) => [spread.min, spread.max]))

function drawSeries(
  { label, number, points }: Series,
  x: Scale,
  y: Scale,
  divisor: number,
  hintOf: (value: number) => string,
): string {
  const place = (value: number) => y.place(value / divisor)
  const places = points.map(({ depth, spread }) => [x.place(depth), place(spread.mean)] as const)
  return [
    line(places, number),
    ...points.map(({ depth, spread: { mean, min, max } }, i) => {
      const [cx, cy] = places[i] as readonly [number, number]
      const range = max > min ? ` (${hintOf(min)}–${hintOf(max)})` : ''
      const hint = `${label.split(':')[0]}, depth ${depth}: ${hintOf(mean)}${range}`
      return errorBar(cx, place(min), place(max), number) + mark(cx, cy, number, hint)
    }),
  ].join('')
}
