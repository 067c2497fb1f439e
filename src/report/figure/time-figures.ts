// SPDX-License-Identifier: MIT
// What happened when: latency over time as a heat map, and IOPS over time. Several runs stand side
// by side on one axis.
import type { BenchResult } from '../result.ts'
import type { DepthRuns } from '../spread.ts'
import { formatDuration, formatNumber, formatRate } from '../units.ts'
import {
  type Area,
  bottomAxis,
  leftAxis,
  leftMargin,
  legend,
  line,
  type Picture,
  picture,
  rightMargin,
  text,
  textWidth,
  tip,
} from './frame.ts'
import { noteOf } from './notes.ts'
import { linearScale, logScale, type Scale, scaleFromZero } from './scale.ts'
import { figureWidth, heatLevels } from './style.ts'
import { binStart, type Slice, type Timeline, timelineOf } from './timeline.ts'
import { element, rectanglePath } from './xml.ts'

const heatHeight = 104
const rateHeight = 88
const keyHeight = 16
/** Cells cover the joint to the next, which would shine through. */
const overlap = 0.15

/** The two pictures of a depth; none when its runs have no intervals. */
export function timeFigures(result: BenchResult, group: DepthRuns): Picture[] {
  const timeline = timelineOf(group)
  if (timeline === undefined) return []
  const notes = noteOf(result)
  return [
    heatMap(timeline, { depth: group.depth, notes }),
    rateOverTime(timeline, { depth: group.depth, notes }),
  ]
}

interface Naming {
  readonly depth: number
  readonly notes: readonly string[]
}

/** The axis of time, in the unit that suits its length. */
function drawTimeAxis({ seams, end }: Timeline, area: Area): string {
  const [unit, factor] = end >= 1 ? ['s', 1] : end >= 1e-3 ? ['ms', 1e3] : ['µs', 1e6]
  const what = seams.length > 0 ? `Time of ${seams.length + 1} runs, one after the other` : 'Time'
  const scale = linearScale(0, end * factor, [area.left, area.right])
  return bottomAxis(scale, area, `${what} (${unit})`)
}

function heatMap(timeline: Timeline, { depth, notes }: Naming): Picture {
  const bins = timeline.slices.flatMap((slice) => [...slice.bins.keys()])
  const counts = timeline.slices.flatMap((slice) => [...slice.bins.values()])
  const lowest = bins.reduce((a, b) => Math.min(a, b), bins[0] ?? 0)
  const highest = bins.reduce((a, b) => Math.max(a, b), bins[0] ?? 4)
  const countMax = counts.reduce((a, b) => Math.max(a, b), 1)
  const top = keyHeight + 3
  const bottom = top + heatHeight
  const span = [binStart(lowest) / 1000, binStart(highest + 1) / 1000] as const
  const y = logScale(...span, [bottom, top])
  const area = { left: leftMargin([y]), right: figureWidth - rightMargin, top, bottom }
  const x = linearScale(0, timeline.end, [area.left, area.right])
  const body = [
    heatKey(area, countMax),
    drawTimeAxis(timeline, area),
    leftAxis(y, area, 'Latency (µs)'),
    ...heatCells(timeline.slices, x, y, countMax),
    seamLines(timeline, x, area),
    ...timeline.slices.map((slice) => touch(slice, x, area, hintOf(slice))),
  ]
  const caption = `Latency over time at depth ${depth}: commands in each cell`
  return picture({ name: `heat-map-depth${depth}`, caption, notes }, bottom + 25, body.join(''))
}

/** From 0 for a single command to the last level for `countMax`. */
function levelOf(count: number, countMax: number): number {
  if (countMax <= 1) return heatLevels - 1
  const part = Math.log(count) / Math.log(countMax)
  return Math.min(heatLevels - 1, Math.floor(part * heatLevels))
}

/** One path for each level, of the rectangles of its cells. */
function heatCells(slices: readonly Slice[], x: Scale, y: Scale, countMax: number): string[] {
  const paths = Array.from({ length: heatLevels }, () => '')
  for (const { from, to, bins } of slices) {
    const [left, right] = [x.place(from), x.place(to)]
    for (const [bin, count] of bins) {
      const [low, high] = [y.place(binStart(bin) / 1000), y.place(binStart(bin + 1) / 1000)]
      paths[levelOf(count, countMax)] += rectanglePath(
        left,
        high,
        right - left + overlap,
        low - high + overlap,
      )
    }
  }
  return paths.flatMap((d, i) => (d === '' ? [] : [element('path', { class: `heat${i}`, d })]))
}

/** What the colours mean, at the right above the area. */
function heatKey({ right }: Area, countMax: number): string {
  const width = 9
  const last = countMax < 1000 ? String(countMax) : formatRate(countMax)
  const end = right - textWidth(last) - 3
  const start = end - heatLevels * width
  const boxes = Array.from({ length: heatLevels }, (_, i) =>
    element('rect', { class: `heat${i}`, x: start + i * width, y: 4, width, height: 7 }),
  )
  return [
    text(start - 3, 10, 'Commands in a cell: 1', { 'text-anchor': 'end' }),
    ...boxes,
    text(end + 3, 10, last),
  ].join('')
}

function seamLines({ seams }: Timeline, x: Scale, { top, bottom }: Area): string {
  const d = seams.map((seam) => `M${x.place(seam).toFixed(2)} ${top}V${bottom}`).join('')
  return d === '' ? '' : element('path', { class: 'seam', d })
}

/** An area without colour that answers the pointer. */
function touch({ from, to }: Slice, x: Scale, { top, bottom }: Area, hint: string): string {
  const left = x.place(from)
  const box = { x: left, y: top, width: x.place(to) - left, height: bottom - top }
  return element('rect', { class: 'touch', ...box }, tip(hint))
}

function hintOf(slice: Slice): string {
  const time = `${formatNumber(slice.from)}–${formatNumber(slice.to)} s`
  if (slice.commands === 0) return `${time}: no commands`
  const rate = formatRate(slice.commands / (slice.to - slice.from))
  const [p50, p99] = [0.5, 0.99].map((fraction) => formatDuration(coarseQuantile(slice, fraction)))
  return `${time}: ${rate} IOPS, p50 ≤ ${p50}, p99 ≤ ${p99}`
}

/** The end of the bin in which `fraction` of the commands of a slice is reached. */
function coarseQuantile({ bins }: Slice, fraction: number): number {
  const sorted = [...bins].sort(([a], [b]) => a - b)
  const total = sorted.reduce((sum, [, count]) => sum + count, 0)
  let seen = 0
  for (const [bin, count] of sorted) {
    seen += count
    if (seen >= fraction * total) return binStart(bin + 1)
  }
  return 0
}

/** A line of commands a second: of all, or of reads and of writes where slices tell them apart. */
interface Rates {
  readonly label: string
  readonly of: (slice: Slice) => number
}

function ratesOf({ slices }: Timeline): Rates[] {
  const perSecond = (commands: number, { from, to }: Slice) => commands / (to - from)
  if (slices.some(({ writes }) => writes === undefined)) {
    return [{ label: 'all', of: (slice) => perSecond(slice.commands, slice) }]
  }
  return [
    { label: 'reads', of: (slice) => perSecond(slice.commands - (slice.writes ?? 0), slice) },
    { label: 'writes', of: (slice) => perSecond(slice.writes ?? 0, slice) },
  ]
}

function rateOverTime(timeline: Timeline, { depth, notes }: Naming): Picture {
  const rates = ratesOf(timeline)
  const max = Math.max(...rates.flatMap(({ of }) => timeline.slices.map(of)))
  const [unit, divisor] = rateUnit(max)
  const entries = rates.map(({ label }, series) => ({ label, series, kind: 'area' as const }))
  const key = legend(rates.length > 1 ? entries : [])
  const top = 6 + key.height
  const bottom = top + rateHeight
  const y = scaleFromZero(max / divisor, [bottom, top])
  const area = { left: leftMargin([y]), right: figureWidth - rightMargin, top, bottom }
  const x = linearScale(0, timeline.end, [area.left, area.right])
  const body = [
    key.svg,
    drawTimeAxis(timeline, area),
    leftAxis(y, area, unit),
    seamLines(timeline, x, area),
    ...rates.flatMap(({ of }, series) =>
      partsOf(timeline).map((slices) => {
        const points = slices.flatMap((slice) => {
          const level = y.place(of(slice) / divisor)
          return [[x.place(slice.from), level] as const, [x.place(slice.to), level] as const]
        })
        return line(points, series)
      }),
    ),
    ...timeline.slices.map((slice) => touch(slice, x, area, hintOf(slice))),
  ]
  const caption = `IOPS over time at depth ${depth}`
  return picture({ name: `iops-depth${depth}`, caption, notes }, bottom + 25, body.join(''))
}

/** The slices of each run. */
function partsOf({ seams, slices }: Timeline): Slice[][] {
  const ends = [...seams, Infinity]
  return ends.map((end, i) => {
    const begin = i === 0 ? 0 : (seams[i - 1] as number)
    return slices.filter(({ from }) => from >= begin && from < end)
  })
}

/** The title of an axis of IOPS up to `max`, and what its numbers are multiples of. */
export function rateUnit(max: number): [string, number] {
  if (max >= 1e6) return ['IOPS (millions)', 1e6]
  return max >= 1e3 ? ['IOPS (thousands)', 1e3] : ['IOPS', 1]
}
