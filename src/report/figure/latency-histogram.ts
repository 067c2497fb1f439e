// SPDX-License-Identifier: MIT
// How often each latency occurred, both axes logarithmic, so that the tail is seen.
import type { BenchResult, Direction } from '../result.ts'
import { type DepthRuns, directionResults, directionsOf } from '../spread.ts'
import { formatDuration } from '../units.ts'
import {
  bottomAxis,
  leftAxis,
  leftMargin,
  legend,
  line,
  type Picture,
  picture,
  rightMargin,
  tip,
} from './frame.ts'
import { noteOf } from './notes.ts'
import { logScale, logScaleAround, type Scale } from './scale.ts'
import { figureWidth } from './style.ts'
import { element } from './xml.ts'

const plotHeight = 96
const binCountMax = 64
const binsPerDecadeMax = 40

interface Bin {
  readonly fromNs: number
  readonly toNs: number
  readonly count: number
}

/** The latencies of all runs at one depth; reads and writes over each other. */
export function latencyHistogram(result: BenchResult, { depth, runs }: DepthRuns): Picture {
  const shown = directionsOf(runs)
  const steps = (direction: Direction) =>
    directionResults(runs, direction).flatMap(({ latency }) => latency.steps)
  // Steps are many: more than a call takes as arguments.
  const ends = shown.flatMap(steps).flatMap(([from, to]) => [Math.max(from, 1), Math.max(to, 1)])
  const low = ends.reduce((a, b) => Math.min(a, b), Infinity)
  const high = ends.reduce((a, b) => Math.max(a, b), 0)
  const perDecade = Math.min(binsPerDecadeMax, binCountMax / Math.max(Math.log10(high / low), 0.1))
  const bins = shown.map((direction) => binned(steps(direction), low, perDecade))
  const entries = shown.map((direction, series) => {
    return { label: `${direction}s`, series, kind: 'area' as const }
  })
  const top = legend(entries).height + 5
  const bottom = top + plotHeight
  const countMax = Math.max(...bins.flat().map(({ count }) => count))
  const y = logScale(0.7, Math.max(12, countMax * 1.5), [bottom, top])
  const area = { left: leftMargin([y]), right: figureWidth - rightMargin, top, bottom }
  const edges = bins.flat().flatMap(({ fromNs, toNs }) => [fromNs / 1000, toNs / 1000])
  const x = logScaleAround(edges, [area.left, area.right])
  const body = [
    legend(entries).svg,
    bottomAxis(x, area, 'Latency (µs)'),
    leftAxis(y, area, 'Commands per bin'),
    ...bins.map((list, series) => drawBins(list, series, x, y, `${shown[series]}s`)),
  ]
  const together = runs.length > 1 ? [`all ${runs.length} runs together`] : []
  return picture(
    {
      name: `histogram-depth${depth}`,
      caption: `Latency histogram at depth ${depth}`,
      notes: [...together, ...noteOf(result)],
    },
    bottom + 25,
    body.join(''),
  )
}

/** Counts in bins of equal width on a log axis from `low`; a step is counted where it begins. */
function binned(
  steps: readonly (readonly [number, number, number])[],
  low: number,
  perDecade: number,
): Bin[] {
  const counts = new Map<number, number>()
  for (const [from, , count] of steps) {
    const at = Math.floor(Math.log10(Math.max(from, 1) / low) * perDecade + 1e-9)
    counts.set(at, (counts.get(at) ?? 0) + count)
  }
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([at, count]) => ({
      fromNs: low * 10 ** (at / perDecade),
      toNs: low * 10 ** ((at + 1) / perDecade),
      count,
    }))
}

function drawBins(bins: readonly Bin[], series: number, x: Scale, y: Scale, what: string): string {
  const floor = y.place(y.from)
  const outline: [number, number][] = []
  const bars = bins.map(({ fromNs, toNs, count }) => {
    const [left, right, top] = [x.place(fromNs / 1000), x.place(toNs / 1000), y.place(count)]
    const last = outline.at(-1)
    if (last !== undefined && Math.abs(last[0] - left) > 0.01) outline.push([last[0], floor])
    if (last === undefined || Math.abs(last[0] - left) > 0.01) outline.push([left, floor])
    outline.push([left, top], [right, top])
    const box = { x: left, y: top, width: right - left, height: floor - top }
    const hint = `${formatDuration(fromNs)}–${formatDuration(toNs)}: ${count} ${what}`
    return element('rect', { class: `area${series}`, ...box }, tip(hint))
  })
  const end = outline.at(-1)
  if (end !== undefined) outline.push([end[0], floor])
  return bars.join('') + line(outline, series)
}
