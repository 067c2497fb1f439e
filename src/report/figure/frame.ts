// SPDX-License-Identifier: MIT
// What all figures share: size, axes with titles and ticks, a legend, a note, marks with error
// bars. Lengths are points; a figure is as wide as a column of a paper.
import type { Scale, Tick } from './scale.ts'
import { figureStyle, figureWidth } from './style.ts'
import { type Attributes, element, escapeText, linePath } from './xml.ts'

/** A picture that knows what it is: for a file of its own, or as a part of a page. */
export interface Picture {
  /** Of its file, without the ending. */
  readonly name: string
  /** One sentence, for who does not see it, and below it. */
  readonly caption: string
  readonly svg: string
}

/** The rectangle that data is drawn in. */
export interface Area {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** Room at the right for half of the last number. */
export const rightMargin = 13

const characterWidth = 4.1
/** Width of text at the size of tick labels, rather too much than too little. */
export const textWidth = (text: string): number => [...text].length * characterWidth

export const text = (x: number, y: number, content: string, attributes: Attributes = {}): string =>
  element('text', { x, y, ...attributes }, escapeText(content))

/** What is shown of an element under the pointer. */
export const tip = (content: string): string => element('title', {}, escapeText(content))

/** Ticks whose numbers do not touch; the first, then each that has room. */
function withRoom(scale: Scale, extent: (label: string) => number): Tick[] {
  const taken: { from: number; to: number }[] = []
  return scale.ticks.map((tick) => {
    if (tick.label === '') return tick
    const centre = scale.place(tick.value)
    const half = extent(tick.label) / 2
    const free = taken.every(({ from, to }) => centre + half < from || centre - half > to)
    if (free) taken.push({ from: centre - half, to: centre + half })
    return free ? tick : { ...tick, label: '' }
  })
}

/** The axis below an area; without `title` its ticks have no numbers. */
export function bottomAxis(scale: Scale, { left, right, top, bottom }: Area, title?: string) {
  const ticks = withRoom(scale, (label) => textWidth(label) + 3)
  return [
    ...ticks.flatMap(({ value, label }) => {
      const x = scale.place(value)
      const length = label === '' ? 1.5 : 3
      return [
        label === '' || x < left + 0.1
          ? ''
          : element('path', { class: 'grid', d: `M${at(x)} ${at(top)}V${at(bottom)}` }),
        element('path', { class: 'axis', d: `M${at(x)} ${at(bottom)}v${length}` }),
        label === '' || title === undefined
          ? ''
          : text(x, bottom + 10, label, { 'text-anchor': 'middle' }),
      ]
    }),
    element('path', { class: 'axis', d: `M${at(left)} ${at(bottom)}H${at(right)}` }),
    title === undefined
      ? ''
      : text((left + right) / 2, bottom + 20.5, title, { class: 'title', 'text-anchor': 'middle' }),
  ].join('')
}

const at = (value: number): string => String(Math.round(value * 100) / 100)

/** The axis at the left of an area. */
export function leftAxis(scale: Scale, { left, right, top, bottom }: Area, title: string): string {
  const ticks = withRoom(scale, () => 8)
  const middle = (top + bottom) / 2
  return [
    ...ticks.flatMap(({ value, label }) => {
      const y = scale.place(value)
      const length = label === '' ? 1.5 : 3
      return [
        label === '' || y > bottom - 0.1
          ? ''
          : element('path', { class: 'grid', d: `M${at(left)} ${at(y)}H${at(right)}` }),
        element('path', { class: 'axis', d: `M${at(left)} ${at(y)}h${-length}` }),
        label === '' ? '' : text(left - 4.5, y + 2.5, label, { 'text-anchor': 'end' }),
      ]
    }),
    element('path', { class: 'axis', d: `M${at(left)} ${at(top)}V${at(bottom)}` }),
    text(8, middle, title, {
      class: 'title',
      'text-anchor': 'middle',
      transform: `rotate(-90 8 ${at(middle)})`,
    }),
  ].join('')
}

/** Room at the left for the numbers of `scale` and a title. */
export const leftMargin = (scales: readonly Scale[]): number =>
  17 + Math.max(...scales.flatMap((s) => s.ticks.map(({ label }) => textWidth(label))))

export interface LegendEntry {
  readonly label: string
  /** Number of the series; its line, mark or area is shown. */
  readonly series: number
  readonly kind: 'mark' | 'full' | 'area'
}

const legendRowHeight = 9.5
const legendLeft = 10
const swatchWidth = 14

/** Entries in rows at the top of a figure, and how high they are together. */
export function legend(entries: readonly LegendEntry[]) {
  let x = legendLeft
  let row = 0
  const parts = entries.map(({ label, series, kind }) => {
    const width = swatchWidth + 3 + textWidth(label) + 6
    if (x > legendLeft && x + width > figureWidth) {
      x = legendLeft
      row++
    }
    const y = 8 + row * legendRowHeight
    const drawn = swatch(x, y - 2.5, series, kind) + text(x + swatchWidth + 3, y, label)
    x += width
    return drawn
  })
  return { svg: parts.join(''), height: entries.length === 0 ? 0 : (row + 1) * legendRowHeight + 2 }
}

function swatch(x: number, y: number, series: number, kind: LegendEntry['kind']): string {
  const d = `M${at(x)} ${at(y)}h${swatchWidth}`
  const line = element('path', { class: `line${series}`, d })
  if (kind !== 'area') return line + mark(x + swatchWidth / 2, y, series, '', kind)
  const box = { x, y: y - 3, width: swatchWidth, height: 6 }
  return element('rect', { class: `area${series}`, ...box }) + line
}

const outlines = [
  (r: number) => `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`,
  (r: number) => `M${-r} ${-r}h${2 * r}v${2 * r}h${-2 * r}z`,
  (r: number) => `M0 ${-1.3 * r}L${1.2 * r} ${r}H${-1.2 * r}z`,
  (r: number) => `M0 ${-1.4 * r}L${1.4 * r} 0L0 ${1.4 * r}L${-1.4 * r} 0z`,
]

/** The mark of a series: each has its own outline. */
export function mark(
  x: number,
  y: number,
  series: number,
  hint = '',
  kind: 'mark' | 'full' = 'mark',
): string {
  const outline = outlines[series % outlines.length] as (r: number) => string
  const attributes = {
    class: `${kind}${series}`,
    transform: `translate(${at(x)} ${at(y)})`,
    d: outline(1.9).replace(/-?\d+\.\d{3,}/g, (number) => at(Number(number))),
  }
  return hint === '' ? element('path', attributes) : element('path', attributes, tip(hint))
}

/** A bar from one value to another, upright at `x`; nothing where they are the same place. */
export function errorBar(x: number, fromY: number, toY: number, series: number): string {
  if (Math.abs(fromY - toY) < 0.1) return ''
  const d = `M${at(x)} ${at(fromY)}V${at(toY)}M${at(x - 2)} ${at(fromY)}h4M${at(x - 2)} ${at(toY)}h4`
  return element('path', { class: `line${series} bar`, d })
}

export const line = (points: readonly (readonly [number, number])[], series: number): string =>
  points.length === 0 ? '' : element('path', { class: `line${series}`, d: linePath(points) })

const noteLength = 68

/** Parts of a note in as few lines as they need. */
function noteLines(parts: readonly string[]): string[] {
  const lines: string[] = []
  for (const part of parts) {
    const longer = `${lines.at(-1) ?? ''} · ${part}`
    if (lines.length > 0 && longer.length <= noteLength) lines.splice(-1, 1, longer)
    else lines.push(part)
  }
  return lines
}

/** The whole picture: `body` on paper of `height`, with notes at its bottom. */
export function picture(
  { name, caption, notes }: { name: string; caption: string; notes: readonly string[] },
  height: number,
  body: string,
): Picture {
  const lines = noteLines(notes)
  const total = height + 8 * lines.length
  const content = [
    element('rect', { class: 'paper', width: figureWidth, height: total }),
    body,
    ...lines.map((note, i) =>
      text(figureWidth - 3, height + 5 + 8 * i, note, { class: 'note', 'text-anchor': 'end' }),
    ),
  ]
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    class: 'figure',
    viewBox: `0 0 ${figureWidth} ${at(total)}`,
    width: '3.3in',
    height: `${at(total / 72)}in`,
    role: 'img',
    'aria-label': caption,
  }
  return { name, caption, svg: element('svg', attributes, ...content) }
}

/** A picture as a file that needs no other. */
export function standAlone({ svg, caption }: Picture): string {
  const head = element('desc', {}, escapeText(caption)) + element('style', {}, figureStyle)
  return `<?xml version="1.0" encoding="UTF-8"?>\n${svg.replace('>', () => `>${head}`)}\n`
}
