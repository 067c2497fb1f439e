// SPDX-License-Identifier: MIT
// The figures of a result (`--svg`): for a paper's column, and as parts of the report.
import type { Comparison } from './compare.ts'
import { drawComparison } from './figure/change.ts'
import { depthSweep } from './figure/depth-sweep.ts'
import { type Picture, standAlone } from './figure/frame.ts'
import { latencyHistogram } from './figure/latency-histogram.ts'
import { percentileCurves } from './figure/percentile-curve.ts'
import { timeFigures } from './figure/time-figures.ts'
import type { BenchResult } from './result.ts'
import { runsByDepth } from './spread.ts'

/** Pictures of all depths together, and those of each depth, in ascending order of depth. */
export interface Pictures {
  readonly overview: readonly Picture[]
  readonly depths: readonly { readonly depth: number; readonly pictures: readonly Picture[] }[]
}

/** All pictures that the result has data for; none when no command was completed. */
export function drawPictures(result: BenchResult): Pictures {
  const sweep = depthSweep(result)
  return {
    overview: [...percentileCurves(result), ...(sweep === undefined ? [] : [sweep])],
    depths: runsByDepth(result).map((group) => ({
      depth: group.depth,
      pictures: [latencyHistogram(result, group), ...timeFigures(result, group)],
    })),
  }
}

export interface SvgFile {
  /** Such as 'percentiles.svg'; no two are the same. */
  readonly name: string
  readonly text: string
}

/**
 * The figures as files that need no others: 3.3 inches wide, units on all axes, colours for any
 * colour vision, legible in grey and, on a screen that asks for it, on dark.
 */
export function renderFigures(result: BenchResult): SvgFile[] {
  const { overview, depths } = drawPictures(result)
  return filesOf([...overview, ...depths.flatMap(({ pictures }) => pictures)])
}

/** The figures of a comparison, one for each direction, as files. */
export const renderComparisonFigures = (comparison: Comparison): SvgFile[] =>
  filesOf(drawComparison(comparison))

const filesOf = (pictures: readonly Picture[]): SvgFile[] =>
  pictures.map((picture) => ({ name: `${picture.name}.svg`, text: standAlone(picture) }))
