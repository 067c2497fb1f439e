// SPDX-License-Identifier: MIT
// A result as a table for the terminal: a block for each direction, a column for each depth.
import type { BenchResult } from './result.ts'
import {
  type DepthRuns,
  directions,
  type Figure,
  figuresOf,
  runsByDepth,
  thinNotes,
} from './spread.ts'
import {
  describeController,
  describeRuns,
  describeWorkload,
  emulatedNote,
  fractionDigits,
  interruptedNote,
} from './units.ts'

const widthMax = 100
const gap = '   '

/**
 * A table in plain text, with a line feed at its end: throughput in IOPS and MiB/s, latencies in
 * microseconds, each as mean ± standard deviation over the runs where there are several.
 */
export function renderTable(result: BenchResult): string {
  const groups = runsByDepth(result)
  const thin = thinNotes(result)
  const lines = [
    describeController(result),
    `${describeWorkload(result.workload)}`,
    describeRuns(result.workload),
    ...(result.emulated ? [`(${emulatedNote})`] : []),
    ...(result.interrupted ? [`(${interruptedNote(result)})`] : []),
    ...directions.flatMap((direction) => {
      const columns = groups
        .map((group) => ({ group, figures: figuresOf(group.runs, direction) }))
        .filter(({ figures }) => figures.length > 0)
      return columns.length === 0 ? [] : ['', ...tableOf(direction, columns)]
    }),
    ...thin.flatMap((note, i) => (i === 0 ? ['', note] : [note])),
    ...(groups.length === 0 ? ['', 'No command was completed.'] : []),
  ]
  return `${lines.join('\n')}\n`
}

interface Column {
  readonly group: DepthRuns
  readonly figures: readonly Figure[]
}

/** As many columns side by side as fit, then the next below them. */
function tableOf(title: string, columns: readonly Column[]): string[] {
  const several = columns.some(({ group }) => group.runs.length > 1)
  const names = (columns[0] as Column).figures
  const nameWidth = widest(names.map(({ name }) => name)) + 2
  const labels = aligned([
    `${title}${several ? ', mean ± σ' : ''}`,
    ...names.map(({ name, unit }) => name.padEnd(nameWidth) + unit),
  ])
  const cells = columns.map((column) => {
    const texts = names.map(({ name }) => cellText(columns, column, name))
    return rightAligned([`depth ${column.group.depth}`, ...texts])
  })
  const lines: string[] = []
  let rest = cells
  while (rest.length > 0) {
    let width = (labels[0] as string).length
    let taken = 0
    for (const cell of rest) {
      width += gap.length + (cell[0] as string).length
      if (taken > 0 && width > widthMax) break
      taken++
    }
    const now = rest.slice(0, taken)
    rest = rest.slice(taken)
    if (lines.length > 0) lines.push('')
    labels.forEach((label, row) => {
      lines.push([label, ...now.map((cell) => cell[row])].join(gap).trimEnd())
    })
  }
  return lines
}

/** A figure with as many digits as the smallest in its row needs, so that points line up. */
function cellText(columns: readonly Column[], column: Column, name: string): string {
  const spreadIn = ({ figures }: Column) => figures.find((f) => f.name === name)?.spread
  const spread = spreadIn(column)
  if (spread === undefined) return '–'
  const means = columns.flatMap((other) => spreadIn(other)?.mean ?? [])
  const digits = fractionDigits(Math.min(...means.filter((mean) => mean > 0)))
  const mean = spread.mean.toFixed(digits)
  return spread.count > 1 ? `${mean} ± ${spread.deviation.toFixed(digits)}` : mean
}

const widest = (texts: readonly string[]): number => Math.max(...texts.map((t) => t.length))

function aligned(texts: readonly string[]): string[] {
  const width = widest(texts)
  return texts.map((text) => text.padEnd(width))
}

/** Aligned at the ±, where there is one, and at the right. */
function rightAligned(texts: readonly string[]): string[] {
  const parts = texts.map((text) => text.split(' ± '))
  const spreadWidth = widest(parts.map(([, spread]) => spread ?? ''))
  const padded = parts.map(([text = '', spread]) =>
    spread === undefined ? text : `${text} ± ${spread.padStart(spreadWidth)}`,
  )
  const width = widest(padded)
  return padded.map((text) => text.padStart(width))
}
