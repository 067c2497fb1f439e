// SPDX-License-Identifier: MIT
// `--dry-run`: what would be done, in words. Nothing is opened.

import type { MasterOptions } from './master/options.ts'
import type { BenchOptions, CommandOptions, WindowOptions } from './options.ts'
import type { Amount } from './values.ts'

/** One line for each thing that would happen. */
export function describePlan(options: BenchOptions | MasterOptions): string[] {
  const { ctrl, namespace, write } = options
  const target =
    ctrl === undefined
      ? 'an emulator in memory'
      : `${ctrl} (which resets it, unless another process serves it)`
  return [
    `Would open ${target} and use namespace ${namespace}.`,
    ...linesOf(options),
    write ? 'Would WRITE: what those blocks hold would be lost.' : 'Would not write.',
  ]
}

function linesOf(options: BenchOptions | MasterOptions): string[] {
  if (options.way === 'windows') return windowLines(options)
  return options.way === 'master' ? masterLines(options) : commandLines(options)
}

function masterLines(options: MasterOptions): string[] {
  const { count, iterations, offset, queues, repeat, unit } = options
  const how = options.random ? 'at random' : `behind the first ${offset}`
  const files = [
    ...(options.outfile === undefined ? [] : [`Would write what was read to ${options.outfile}.`]),
    ...(options.stats ? [`Would write the samples to ${options.stats}.`] : []),
  ]
  return [
    `Would go ${iterations * repeat} times over ${count} ${unit} ${how}`,
    `with ${counted(queues.length, 'queue')}, as the benchmark of libnvm's master does,`,
    'and print its text.',
    ...files,
  ]
}

function windowLines(options: WindowOptions): string[] {
  const { blocks, depth, offset, pattern, queues, repeat, warmups } = options
  const range = pattern === 'random' ? 'of the whole namespace' : `from block ${offset} on`
  const times = `${repeat} times${warmups > 0 ? `, after ${warmups} that do not count` : ''}`
  return [
    `Would go over ${blocks} blocks ${range} (${pattern}) ${times}, as libnvm's benchmark does,`,
    `with ${counted(queues, 'queue')} of depth ${depth}, and print libnvm's text.`,
  ]
}

function commandLines(options: CommandOptions): string[] {
  const { depths, engine, pattern, queues, rate, runs, runtimeMs, rampMs, threads } = options
  const sizes = options.sizes.sizes.map(({ byteLength, weight }) => {
    return `${byteLength} bytes (${(100 * weight).toFixed(0)} %)`
  })
  const length = options.size === undefined ? 'the rest' : show(options.size)
  const range = `${length} behind the first ${show(options.offset)}`
  const time = runtimeMs === null ? 'once over the range' : `${runtimeMs / 1000} s`
  const direction = options.writePercent > 0 ? `, ${options.writePercent} % of them writes` : ''
  const { fioJson, infile, json, outfile, report, svg } = options
  const results = [json, fioJson, report, svg].filter((path) => path !== undefined)
  const files = [
    ...(infile === undefined ? [] : [`Would write the bytes of ${infile}.`]),
    ...(outfile === undefined ? [] : [`Would write what was read to ${outfile}.`]),
    ...(results.length === 0 ? [] : [`Would write results to ${results.join(', ')}.`]),
  ]
  return [
    `Would measure each command with the engine ${engine}: ${pattern}${direction},`,
    `  ${range}, commands of ${sizes.join(', ')},`,
    `  ${counted(queues, 'queue')} in ${counted(threads, 'thread')}, depth ${depths.join(', ')},`,
    `  ${counted(runs, 'run')} of ${time} each${rampMs > 0 ? ` after a ramp of ${rampMs / 1000} s` : ''},`,
    `  ${rate === null ? 'as many commands as can' : `${rate} commands a second`}.`,
    ...files,
  ]
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`

const show = (amount: Amount): string =>
  'blocks' in amount ? counted(amount.blocks, 'block') : `${amount.bytes} bytes`
