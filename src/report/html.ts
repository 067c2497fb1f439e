// SPDX-License-Identifier: MIT
// The report (`--report`): one file of HTML that needs no other and no network, with the figures,
// the facts, the command that repeats the run, and the data themselves.
import { createHash } from 'node:crypto'
import {
  type Comparison,
  changeText,
  compareResults,
  comparisonRemarks,
  rangeText,
  verdictText,
} from './compare.ts'
import { drawComparison } from './figure/change.ts'
import type { Picture } from './figure/frame.ts'
import { figureStyle } from './figure/style.ts'
import { element, escapeText } from './figure/xml.ts'
import { card, folded, heading, paragraph, table } from './page/parts.ts'
import { queuesTable } from './page/queues.ts'
import { pageScript } from './page/script.ts'
import { pageStyle } from './page/style.ts'
import type { BenchResult, Direction } from './result.ts'
import { directionsOf, type Figure, figuresOf, runsByDepth, thinNotes } from './spread.ts'
import { drawPictures, type Pictures } from './svg.ts'
import {
  commandLine,
  describeRuns,
  describeWorkload,
  emulatedNote,
  formatBytes,
  formatNumber,
  fractionDigits,
  interruptedNote,
} from './units.ts'

/**
 * The page of one or more results, one after the other; two are compared as well. Nothing in it
 * is fetched, and no text of a result can become a part of the page's markup.
 */
export function renderReport(results: readonly BenchResult[]): string {
  const [first, second] = results
  const compared =
    results.length === 2 && first !== undefined && second !== undefined
      ? comparisonSection(compareResults(first, second))
      : ''
  const title = first === undefined ? 'nvm-latency-bench' : describeWorkload(first.workload)
  const body = [
    '<h1>nvm-latency-bench</h1>',
    compared,
    ...results.map((result, i) => resultSection(result, i, results.length)),
    '<div id="readout" hidden></div>',
    `<script>${pageScript}</script>`,
  ]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escapeText(title)}</title>
<style>${pageStyle}</style>
<style id="figure-style">${figureStyle}</style>
</head>
<body>
${body.join('\n')}
</body>
</html>
`
}

const hashOf = (text: string): string =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** Lets the browser run and apply what is written here, and fetch nothing at all. */
const policy = [
  "default-src 'none'",
  `script-src ${hashOf(pageScript)}`,
  `style-src ${hashOf(pageStyle)} ${hashOf(figureStyle)}`,
].join('; ')

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

function resultSection(result: BenchResult, index: number, count: number): string {
  const number = count > 1 ? `${index + 1}. ` : ''
  const id = count > 1 ? `result-${index + 1}` : 'result'
  return [
    element('h2', {}, escapeText(number + capitalised(describeWorkload(result.workload)))),
    paragraph(
      `${describeRuns(result.workload)}, ${result.started}, peernvm ${result.peernvm}`,
      'faint',
    ),
    result.emulated ? paragraph(`This is an ${emulatedNote}.`, 'warning') : '',
    result.interrupted ? paragraph(`This run was ${interruptedNote(result)}.`, 'warning') : '',
    figuresTables(result),
    queuesTable(result),
    ...picturesSections(drawPictures(result)),
    heading('Machine and controller'),
    facts(result),
    heading('To repeat it'),
    element('pre', {}, element('code', {}, escapeText(commandLine(result)))),
    paragraph(`Seed of random places: ${result.workload.seed}`, 'faint'),
    heading('Data'),
    element('button', { type: 'button', 'data-result': id }, 'Save as JSON'),
    `<script type="application/json" id="${id}">${embedded(result)}</script>`,
  ].join('\n')
}

/** The pictures of one depth beside those of all; of several, each in a part that folds. */
function picturesSections({ overview, depths }: Pictures): string[] {
  const [first] = depths
  if (first === undefined) return [paragraph('No command was completed.', 'warning')]
  if (depths.length === 1) {
    return [heading('Latency and throughput'), pictures([...overview, ...first.pictures])]
  }
  return [
    heading('All depths'),
    pictures(overview),
    ...depths.map((group, i) => {
      return folded(`At depth ${group.depth}`, pictures(group.pictures), i === depths.length - 1)
    }),
  ]
}

/** JSON that no HTML parser takes for markup. */
const embedded = (data: object): string => JSON.stringify(data).replaceAll('<', '\\u003c')

function pictures(list: readonly Picture[]): string {
  const figures = list.map(({ name, caption, svg }) => {
    const button = element('button', { type: 'button', 'data-picture': name }, 'SVG')
    const words = element('span', {}, escapeText(caption))
    return element('figure', {}, svg, element('figcaption', {}, words, button))
  })
  return element('div', { class: 'pictures' }, ...figures)
}

interface Row {
  readonly depth: number
  readonly direction: Direction
  readonly figures: readonly Figure[]
}

/** What most readers look for; the rest folds. */
const mainNames = ['IOPS', 'throughput', 'mean', 'p50', 'p90', 'p99', 'p99.9', 'p99.99', 'max']

/** A row for each direction at each depth; then all figures, a row for each. */
function figuresTables(result: BenchResult): string {
  const rows = runsByDepth(result).flatMap(({ depth, runs }): Row[] =>
    directionsOf(runs).map((direction) => {
      return { depth, direction, figures: figuresOf(runs, direction) }
    }),
  )
  const [first] = rows
  if (first === undefined) return ''
  const main = first.figures.filter(({ name }) => mainNames.includes(name))
  const head = ['depth', '', ...main.map(({ name, unit }) => `${name} ${unit}`.trim())]
  const summary = rows.map(({ depth, direction, figures }) => [
    String(depth),
    direction,
    ...main.map(({ name }) => spreadCell(figures, name)),
  ])
  const all = first.figures.map(({ name, unit }) => [
    name,
    unit,
    ...rows.map(({ figures }) => spreadCell(figures, name)),
  ])
  const columns = rows.map(({ depth, direction }) => `${direction}, depth ${depth}`)
  const several = rows.some(({ figures }) => (figures[0]?.spread.count ?? 0) > 1)
  return [
    table(head, summary, [0, 1]),
    several ? paragraph('Mean ± standard deviation over the runs.', 'faint') : '',
    ...thinNotes(result).map((note) => paragraph(note, 'faint')),
    folded('All figures', table(['', '', ...columns], all, [0, 1]), false),
  ].join('')
}

/** The figure as 'mean ± deviation', with as many digits in both. */
function spreadCell(figures: readonly Figure[], name: string): string {
  const spread = figures.find((figure) => figure.name === name)?.spread
  if (spread === undefined) return '–'
  const { mean, deviation, count } = spread
  return count === 1
    ? formatNumber(mean)
    : `${formatNumber(mean)} ± ${deviation.toFixed(fractionDigits(mean))}`
}

/** What one has to know of the machine, the controller and the load, in pairs of words. */
function facts(result: BenchResult): string {
  const { machine, controller, workload } = result
  const queues = result.runs.flatMap((run) => run.queues)
  const paths = { direct: 0, bounce: 0, p2p: 0 }
  for (const queue of queues) {
    paths.direct += queue.paths.direct
    paths.bounce += queue.paths.bounce
    paths.p2p += queue.paths.p2p
  }
  const range = `blocks ${workload.offset} to ${workload.offset + workload.blockCount - 1}`
  const pairs: [string, string][] = [
    ['Processor', `${machine.cpu}, ${machine.cpus} CPUs, ${machine.memoryGiB} GiB`],
    ['Software', `Linux ${machine.kernel}, Node ${machine.node}, peernvm ${result.peernvm}`],
    ['Huge pages', machine.hugePages],
    ['Target', controller.target ?? 'emulator in memory'],
    ['Reached by', controller.transport],
    ['Controller', `${controller.model}, serial ${controller.serial}, ${controller.firmware}`],
    ['NVMe', `${controller.nvme}, transfers up to ${formatBytes(controller.transferBytesMax)}`],
    ['Timing model', controller.timing ?? 'none'],
    [
      'Namespace',
      `${controller.namespace}: ${controller.blockCount} blocks of ${controller.blockSize} B`,
    ],
    ['Range used', range],
    ['Commands by path', `direct ${paths.direct}, bounce ${paths.bounce}, p2p ${paths.p2p}`],
  ]
  const list = pairs.flatMap(([name, value]) => [
    element('dt', {}, escapeText(name)),
    element('dd', {}, escapeText(value)),
  ])
  return card(element('dl', {}, ...list))
}

function comparisonSection(comparison: Comparison): string {
  const [summary, ...remarks] = comparisonRemarks(comparison)
  const head = ['depth', '', '', 'first', 'second', 'change', '']
  const rows = comparison.figures.map((figure) => [
    String(figure.depth),
    figure.direction,
    `${figure.name} ${figure.unit}`.trim(),
    rangeText(figure.first),
    rangeText(figure.second),
    changeText(figure.ratio),
    verdictText(figure.verdict),
  ])
  return [
    element('h2', {}, 'The second against the first'),
    paragraph(summary ?? ''),
    ...remarks.map((remark) => paragraph(remark, 'faint')),
    pictures(drawComparison(comparison)),
    folded('All changes', table(head, rows, [0, 1, 2, 6]), false),
  ].join('\n')
}
