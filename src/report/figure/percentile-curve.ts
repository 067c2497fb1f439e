// SPDX-License-Identifier: MIT
// Latency by percentile, with a long tail: each nine as wide as the one before.
import type { BenchResult, Direction } from '../result.ts'
import {
  type DepthRuns,
  directionResults,
  directions,
  directionsOf,
  quantiles,
  runsByDepth,
  spreadOf,
} from '../spread.ts'
import { formatDuration, percentileName } from '../units.ts'
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
import { logScaleAround, percentAtTail, type Scale, tailOf, tailScale } from './scale.ts'
import { figureWidth, seriesCount } from './style.ts'
import { element, linePath } from './xml.ts'

const markedPercents = [50, 90, 99, 99.9, 99.99, 99.999]
const plotHeight = 118
const pointsPerNine = 40
/** Among the fastest commands the curve is steep. */
const fastestTails = [0.001, 0.003, 0.007, 0.015]

interface Curve {
  readonly label: string
  /** Latencies in nanoseconds at `tail`; over the runs. */
  readonly points: readonly CurvePoint[]
  readonly marks: readonly (CurvePoint & { readonly percent: number })[]
}

interface CurvePoint {
  readonly tail: number
  readonly mean: number
  readonly min: number
  readonly max: number
}

/** One picture for one depth, or for each direction one with several depths. */
export function percentileCurves(result: BenchResult): Picture[] {
  const groups = runsByDepth(result)
  const [only] = groups
  if (only === undefined) return []
  if (groups.length === 1) {
    const curves = directionsOf(only.runs).map((direction) => {
      return curveOf(direction === 'read' ? 'reads' : 'writes', only, direction)
    })
    return [draw(result, 'percentiles', `at depth ${only.depth}`, curves)]
  }
  return directions.flatMap((direction) => {
    const some = spacedOut(
      groups.filter(({ runs }) => directionsOf(runs).includes(direction)),
      seriesCount,
    )
    if (some.length === 0) return []
    const curves = some.map((group) => curveOf(`depth ${group.depth}`, group, direction))
    return [draw(result, `percentiles-${direction}`, `of ${direction}s by queue depth`, curves)]
  })
}

/** At most `count` of a list: the first, the last, and some between. */
function spacedOut<T>(list: readonly T[], count: number): T[] {
  if (list.length <= count) return [...list]
  return Array.from({ length: count }, (_, i) => {
    return list[Math.round((i * (list.length - 1)) / (count - 1))] as T
  })
}

function curveOf(label: string, { runs }: DepthRuns, direction: Direction): Curve {
  const results = directionResults(runs, direction)
  // Beyond this a run has less than one command.
  const tailMax = Math.log10(Math.min(...results.map(({ commands }) => commands)))
  const end = Math.min(tailMax, tailOf(longestPercent(tailMax)))
  const count = Math.ceil(end * pointsPerNine)
  const even = Array.from({ length: count }, (_, i) => ((i + 1) * end) / count)
  const tails = [0, ...fastestTails.filter((tail) => tail < (even[0] ?? 0)), ...even]
  const reached = markedPercents.filter((percent) => tailOf(percent) <= end + 1e-9)
  const percents = reached.length > 0 ? reached : [0]
  const at = (wanted: readonly number[]): CurvePoint[] => {
    const fractions = wanted.map((tail) => percentAtTail(tail) / 100)
    const byRun = results.map(({ latency }) => quantiles(latency, fractions))
    return wanted.map((tail, i) => ({ tail, ...spreadOf(byRun.map((run) => run[i] as number)) }))
  }
  const marks = at(percents.map(tailOf)).map((point, i) => {
    return { ...point, percent: percents[i] as number }
  })
  return { label, points: at(tails), marks }
}

/** Five nines only where a run has ten commands beyond them. */
const longestPercent = (tail: number): number => (tail >= 6 ? 99.999 : 99.99)

function draw(result: BenchResult, name: string, what: string, curves: readonly Curve[]): Picture {
  const all = curves.flatMap(({ points }) => points)
  const entries = curves.map(({ label }, series) => ({ label, series, kind: 'mark' as const }))
  const values = all.flatMap(({ min, max }) => [min / 1000, max / 1000])
  const top = legend(entries).height + 5
  const bottom = top + plotHeight
  const y = logScaleAround(values, [bottom, top])
  const area = { left: leftMargin([y]), right: figureWidth - rightMargin, top, bottom }
  const reached = Math.max(...all.map(({ tail }) => tail), tailOf(99))
  const x = tailScale(percentAtTail(reached), [area.left, area.right])
  const body = [
    legend(entries).svg,
    bottomAxis(x, area, 'Percentile of commands (%)'),
    leftAxis(y, area, 'Latency (µs)'),
    ...curves.map((curve, series) => drawBand(curve, series, x, y)),
    ...curves.map((curve, series) => drawCurve(curve, series, x, y)),
  ]
  const runCount = Math.max(...runsByDepth(result).map(({ runs }) => runs.length))
  const caption = `Latency percentiles ${what}`
  return picture({ name, caption, notes: noteOf(result, runCount) }, bottom + 25, body.join(''))
}

const placeIn =
  (x: Scale, y: Scale) =>
  (tail: number, ns: number): [number, number] => [x.place(percentAtTail(tail)), y.place(ns / 1000)]

/** From the least to the most of the runs, all along the curve. */
function drawBand({ points }: Curve, series: number, x: Scale, y: Scale): string {
  if (points.every(({ min, max }) => max === min)) return ''
  const place = placeIn(x, y)
  const upper = points.map(({ tail, max }) => place(tail, max))
  const lower = points.map(({ tail, min }) => place(tail, min)).reverse()
  const d = `${linePath([...upper, ...lower])}z`
  return element('path', { class: `area${series}`, d })
}

function drawCurve({ label, points, marks }: Curve, series: number, x: Scale, y: Scale): string {
  const place = placeIn(x, y)
  return [
    line(
      points.map(({ tail, mean }) => place(tail, mean)),
      series,
    ),
    ...marks.map(({ tail, mean, min, max, percent }) => {
      const [cx, cy] = place(tail, mean)
      const hint = `${label}, ${percentileName(percent)}: ${formatDuration(mean)}`
      const range = max > min ? ` (${formatDuration(min)}–${formatDuration(max)})` : ''
      const bar = errorBar(cx, y.place(min / 1000), y.place(max / 1000), series)
      return bar + mark(cx, cy, series, hint + range)
    }),
  ].join('')
}
