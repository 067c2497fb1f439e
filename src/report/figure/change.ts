// SPDX-License-Identifier: MIT
// Two results in one picture: by how much each figure changed, and whether the runs' ranges allow
// to say so.
import {
  type ComparedFigure,
  type Comparison,
  changeText,
  type Verdict,
  verdictText,
} from '../compare.ts'
import type { Direction } from '../result.ts'
import { directions } from '../spread.ts'
import {
  bottomAxis,
  type LegendEntry,
  legend,
  mark,
  type Picture,
  picture,
  text,
  textWidth,
} from './frame.ts'
import { noteOf } from './notes.ts'
import { linearScale, type Scale } from './scale.ts'
import { figureWidth } from './style.ts'
import { element } from './xml.ts'

const shownNames = ['IOPS', 'mean', 'p50', 'p99', 'p99.9', 'p99.99']
const rowHeight = 10
const groupGap = 4
const changeWidth = 34
/** Series of the marks: circle, square, diamond. */
const seriesOf = { better: 0, worse: 1, 'within the spread': 3, unknown: 3 }

const isReal = (verdict: Verdict): boolean => verdict === 'better' || verdict === 'worse'

/** A picture for each direction that both results have. */
export function drawComparison(comparison: Comparison): Picture[] {
  return directions.flatMap((direction) => {
    const figures = comparison.figures.filter(
      (figure) => figure.direction === direction && shownNames.includes(figure.name),
    )
    const known = figures.filter(({ first }) => first.mean > 0)
    return known.length === 0 ? [] : [draw(comparison, direction, known)]
  })
}

const percentOf = (value: number, { first }: ComparedFigure): number =>
  (value / first.mean - 1) * 100

function draw(
  { first, second }: Comparison,
  direction: Direction,
  figures: readonly ComparedFigure[],
): Picture {
  const entries = legendOf(figures)
  const top = legend(entries).height + 5
  let bottom = top
  const labels = figures.map(({ depth, name }, i) => {
    const isFirst = figures[i - 1]?.depth !== depth
    bottom += rowHeight + (isFirst && i > 0 ? groupGap : 0)
    return { depth: isFirst ? `depth ${depth}` : '', name, y: bottom - rowHeight / 2 + 2 }
  })
  bottom += 4
  const depthWidth = Math.max(...labels.map(({ depth }) => textWidth(depth)))
  const nameWidth = Math.max(...labels.map(({ name }) => textWidth(name)))
  const left = 4 + depthWidth + 4 + nameWidth + 4
  const area = { left, right: figureWidth - changeWidth - 6, top, bottom }
  const ends = figures.flatMap((figure) =>
    [figure.first, figure.second].flatMap(({ min, max }) => [
      percentOf(min, figure),
      percentOf(max, figure),
    ]),
  )
  const [least, most] = [Math.min(0, ...ends), Math.max(0, ...ends)]
  const margin = Math.max(0.05 * (most - least), 0.5)
  const x = linearScale(least - margin, most + margin, [left, area.right], 6)
  const rows = figures.map((figure, i) => {
    const { depth, name, y } = labels[i] as (typeof labels)[number]
    return [
      text(4, y + 2.5, depth),
      text(left - 4, y + 2.5, name, { 'text-anchor': 'end' }),
      drawRow(figure, x, y),
      text(figureWidth - 3, y + 2.5, changeText(figure.ratio), { 'text-anchor': 'end' }),
    ].join('')
  })
  const zero = x.place(0).toFixed(2)
  const body = [
    legend(entries).svg,
    bottomAxis(x, area, `Change of ${direction}s, second to first (%)`),
    element('path', { class: 'axis', d: `M${zero} ${top}V${bottom}` }),
    ...rows,
  ]
  const caption = `Change of ${direction}s from the first result to the second`
  const whose = { emulated: first.emulated || second.emulated, interrupted: false }
  const notes = ['grey: min–max of the first’s runs', 'bar: of the second’s', ...noteOf(whose)]
  return picture({ name: `change-${direction}`, caption, notes }, bottom + 25, body.join(''))
}

function legendOf(figures: readonly ComparedFigure[]): LegendEntry[] {
  const all = ['better', 'worse', 'within the spread', 'unknown'] as const
  const kinds = all.filter((kind) => figures.some(({ verdict }) => verdict === kind))
  return kinds.map((verdict) => {
    const kind = isReal(verdict) ? ('full' as const) : ('mark' as const)
    return { label: verdictText(verdict), series: seriesOf[verdict], kind }
  })
}

/** The first's range as a box, the second's as a bar with its mean; filled where it is real. */
function drawRow(figure: ComparedFigure, x: Scale, y: number): string {
  const { first, second, verdict, depth, name, ratio } = figure
  const series = seriesOf[verdict]
  const at = (value: number) => x.place(percentOf(value, figure))
  const box = { x: at(first.min), y: y - 3, width: at(first.max) - at(first.min), height: 6 }
  const bar = `M${at(second.min).toFixed(2)} ${y}H${at(second.max).toFixed(2)}`
  const hint = `depth ${depth}, ${name}: ${changeText(ratio)}, ${verdictText(verdict)}`
  return [
    element('rect', { class: 'before', ...box }),
    element('path', { class: `line${series} bar`, d: bar }),
    mark(at(second.mean), y, series, hint, isReal(verdict) ? 'full' : 'mark'),
  ].join('')
}
