// SPDX-License-Identifier: MIT
// Two results against each other (`nvm-latency-bench compare`). A difference counts as real only
// where the ranges over the runs, from least to most, do not overlap.
import type { BenchResult, Direction } from './result.ts'
import { directions, type Figure, figuresOf, runsByDepth, type Spread } from './spread.ts'
import { emulatedNote, formatNumber } from './units.ts'

/** 'unknown': one side has a single run, so that its spread is not known. */
export type Verdict = 'better' | 'worse' | 'within the spread' | 'unknown'

/** One figure of both results. */
export interface ComparedFigure {
  readonly direction: Direction
  readonly depth: number
  readonly name: Figure['name']
  readonly unit: Figure['unit']
  readonly first: Spread
  readonly second: Spread
  /** Of the means, second to first; undefined where the first is 0. */
  readonly ratio: number | undefined
  readonly verdict: Verdict
}

export interface Comparison {
  readonly first: BenchResult
  readonly second: BenchResult
  readonly figures: readonly ComparedFigure[]
  /** What else differs between them, such as 'engine: js → batch'. */
  readonly differences: readonly string[]
}

/** Compares what both results have: the same figures of a direction at the same depth. */
export function compareResults(first: BenchResult, second: BenchResult): Comparison {
  const others = new Map(runsByDepth(second).map(({ depth, runs }) => [depth, runs]))
  const figures = runsByDepth(first).flatMap(({ depth, runs }) =>
    directions.flatMap((direction) => {
      const theirs = figuresOf(others.get(depth) ?? [], direction)
      return figuresOf(runs, direction).flatMap((figure) => {
        const other = theirs.find(({ name }) => name === figure.name)
        return other === undefined ? [] : [compareFigure(direction, depth, figure, other)]
      })
    }),
  )
  return { first, second, figures, differences: differencesOf(first, second) }
}

function compareFigure(
  direction: Direction,
  depth: number,
  { name, unit, higherIsBetter, spread: first }: Figure,
  { spread: second }: Figure,
): ComparedFigure {
  const ratio = first.mean === 0 ? undefined : second.mean / first.mean
  const verdict = verdictOf(first, second, higherIsBetter)
  return { direction, depth, name, unit, first, second, ratio, verdict }
}

function verdictOf(first: Spread, second: Spread, higherIsBetter: boolean): Verdict {
  if (first.count < 2 || second.count < 2) return 'unknown'
  if (second.min > first.max) return higherIsBetter ? 'better' : 'worse'
  if (second.max < first.min) return higherIsBetter ? 'worse' : 'better'
  return 'within the spread'
}

/** Settings, machine and controller, where they are not the same. */
function differencesOf(first: BenchResult, second: BenchResult): string[] {
  const facts = (result: BenchResult): Record<string, unknown> => ({
    peernvm: result.peernvm,
    emulated: result.emulated,
    interrupted: result.interrupted,
    ...result.machine,
    ...result.controller,
    ...result.workload,
  })
  const [before, after] = [facts(first), facts(second)]
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) => {
    const [from, to] = [JSON.stringify(before[name]), JSON.stringify(after[name])]
    return from === to ? [] : [`${name}: ${from} → ${to}`]
  })
}

/** '+3.2 %'; '×12.5' where a percentage would be hard to read. */
export function changeText(ratio: number | undefined): string {
  if (ratio === undefined) return '–'
  if (ratio >= 10) return `×${formatNumber(ratio)}`
  const percent = (ratio - 1) * 100
  return `${percent < 0 ? '−' : '+'}${Math.abs(percent).toFixed(1)} %`
}

const verdictTexts: Readonly<Record<Verdict, string>> = {
  better: 'real: better',
  worse: 'real: worse',
  'within the spread': 'within the spread',
  unknown: 'one run: not known',
}

/** What stands in a table beside a change. */
export const verdictText = (verdict: Verdict): string => verdictTexts[verdict]

/** 'mean (min–max)' over the runs; the mean alone of one. */
export function rangeText({ mean, min, max, count }: Spread): string {
  const text = formatNumber(mean)
  return count > 1 ? `${text} (${formatNumber(min)}–${formatNumber(max)})` : text
}

/** What a reader has to know before the figures, one line each. */
export function comparisonRemarks({ first, second, figures, differences }: Comparison): string[] {
  const unknown = figures.some(({ verdict }) => verdict === 'unknown')
  return [
    'A difference is called real where the ranges over the runs do not overlap.',
    ...(unknown || figures.length === 0 ? [] : [chanceRemark(figures)]),
    ...(unknown
      ? ['With one run on a side its spread is not known, and nothing can be said: use --runs.']
      : []),
    ...(first.emulated !== second.emulated
      ? ['One is an emulated controller and the other is not: these are different things.']
      : []),
    ...(first.emulated && second.emulated ? [`Both: ${emulatedNote}.`] : []),
    ...(figures.length === 0 ? ['They have no depth and direction in common.'] : []),
    ...differences.map((difference) => `Differs: ${difference}`),
  ]
}

/** How often that happens to figures that are the same, if all runs are alike. */
function chanceRemark(figures: readonly ComparedFigure[]): string {
  const [n, m] = (['first', 'second'] as const).map((side) =>
    Math.min(...figures.map((figure) => figure[side].count)),
  ) as [number, number]
  let orders = 1
  for (let i = 1; i <= n; i++) orders *= (m + i) / i
  const percent = (200 / orders).toPrecision(2)
  return `With ${n} and ${m} runs, chance alone makes ${percent} % of them so; runs of one process also share its place on the CPUs.`
}

/** The comparison as a table in plain text, with a line feed at its end. */
export function renderComparison(comparison: Comparison): string {
  const rows = comparison.figures.map((figure) => [
    `depth ${figure.depth}`,
    figure.direction,
    figure.name,
    figure.unit,
    rangeText(figure.first),
    rangeText(figure.second),
    changeText(figure.ratio),
    verdictText(figure.verdict),
  ])
  const table = [['', '', '', '', 'first', 'second', 'change', ''], ...rows]
  const widths = table.reduce<number[]>(
    (most, row) => row.map((cell, i) => Math.max(most[i] ?? 0, cell.length)),
    [],
  )
  const isNumber = (column: number) => column >= 4 && column <= 6
  const lines = table.map((row) =>
    row
      .map((cell, i) => cell[isNumber(i) ? 'padStart' : 'padEnd'](widths[i] as number))
      .join('  ')
      .trimEnd(),
  )
  return `${[...comparisonRemarks(comparison), '', ...(rows.length > 0 ? lines : [])].join('\n').trimEnd()}\n`
}
