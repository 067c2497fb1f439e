// SPDX-License-Identifier: MIT
// The command line: which way of measuring it chooses, and its options, checked as far as that
// needs no controller.

import yargs from 'yargs'
import { createError } from '../../src/errors.ts'
import type { Engine, Pattern } from '../../src/report/result.ts'
import { examples, type OptionName, optionTable, usage, wayOf } from './table.ts'
import {
  type Amount,
  parseAmount,
  parseBytes,
  parseDepths,
  parsePercents,
  parseSizes,
  parseTarget,
  parseTime,
  parseWhole,
  type SizeList,
} from './values.ts'

export type { Pattern }

/** What both ways need. */
export interface CommonOptions {
  /** What to open; undefined is an emulator in memory. */
  readonly ctrl: string | undefined
  readonly namespace: number
  readonly queues: number
  readonly pattern: Pattern
  readonly write: boolean
  /** Write onto what is no emulator. */
  readonly yes: boolean
  readonly dryRun: boolean
  /** File whose bytes the blocks must equal. */
  readonly verify: string | undefined
}

/** Of libnvm's way. */
export interface WindowOptions extends CommonOptions {
  readonly way: 'windows'
  /** Blocks that one repetition moves, per queue for sequential and random, in total for linear. */
  readonly blocks: number
  /** First block. */
  readonly offset: number
  readonly depth: number
  readonly warmups: number
  readonly repeat: number
  readonly localSq: boolean
  readonly stats: boolean
}

export type Progress = 'line' | 'json' | 'none'

/** Of the way per command. */
export interface CommandOptions extends CommonOptions {
  readonly way: 'commands'
  readonly emulatorBytes: number | undefined
  readonly timing: 'p4800x' | '970pro' | undefined
  readonly engine: Engine
  readonly offset: Amount
  /** Undefined: to the end of the namespace. */
  readonly size: Amount | undefined
  readonly sizes: SizeList
  readonly writePercent: number
  readonly threads: number
  readonly depths: readonly number[]
  /** Commands a second; null: as many as can. */
  readonly rate: number | null
  /** Undefined: any. */
  readonly seed: number | undefined
  /** Null: once over the range. */
  readonly runtimeMs: number | null
  readonly rampMs: number
  readonly runs: number
  readonly infile: string | undefined
  readonly outfile: string | undefined
  readonly percentiles: readonly number[]
  readonly json: string | undefined
  readonly fioJson: string | undefined
  readonly report: string | undefined
  readonly svg: string | undefined
  readonly progress: Progress | undefined
}

export type BenchOptions = WindowOptions | CommandOptions

type Given = { readonly [Name in OptionName]?: string | boolean }

const patterns: Record<string, Pattern> = {
  sequential: 'sequential',
  seq: 'sequential',
  linear: 'linear',
  random: 'random',
}

const percentilesByDefault = '1,5,10,25,50,75,90,95,99,99.9,99.99,99.999'

/**
 * Parses the arguments of nvm-latency-bench, but for master's spelling.
 * @param args what follows the program's name
 * @throws NvmError ERR_ARGUMENT naming the option
 */
export function parseOptions(args: readonly string[]): BenchOptions {
  const given = readTable(args)
  const names = (Object.keys(optionTable) as OptionName[]).filter(
    (name) => given[name] !== undefined,
  )
  const depth = String(given.depth ?? '32')
  const amounts = [given.offset].filter((text) => text !== undefined && !/^\d+$/.test(String(text)))
  const chosen = names.find((name) => wayOf(name) === 'commands')
  const sweeps = !/^-?\w*$/.test(depth)
  const perCommand = chosen ?? (sweeps ? 'depth' : amounts.length > 0 ? 'offset' : undefined)
  if (perCommand === undefined) return toWindows(given, depth)
  const other = names.find((name) => wayOf(name) === 'windows')
  if (other !== undefined) {
    const what = `--${other} belongs to libnvm's windows, --${perCommand} to measuring per command`
    throw createError('ERR_ARGUMENT', `${what}; leave one of them out`)
  }
  return toCommands(given, depth)
}

function readTable(args: readonly string[]): Given {
  const parsed = yargs([...args])
    .scriptName('nvm-latency-bench')
    .usage(usage)
    .options(optionTable)
    .epilogue(examples)
    .strict()
    .version(false)
    .wrap(100)
    .exitProcess(true)
    .fail((message, error) => {
      throw createError('ERR_ARGUMENT', message ?? error?.message)
    })
    .parseSync()
  for (const name of Object.keys(optionTable)) {
    if (!Array.isArray(parsed[name])) continue
    throw createError('ERR_ARGUMENT', `--${name} was given twice`)
  }
  return parsed as Given
}

const asText = (value: string | boolean | undefined) =>
  value === undefined ? undefined : String(value)

function toCommon(given: Given): CommonOptions {
  const pattern = patterns[String(given.pattern ?? 'sequential')]
  if (pattern === undefined) {
    throw createError(
      'ERR_ARGUMENT',
      `--pattern must be sequential, linear or random, not ${given.pattern}`,
    )
  }
  const write = given.write === true
  if (given.verify !== undefined && (pattern === 'random' || write)) {
    throw createError('ERR_ARGUMENT', '--verify goes with neither --pattern random nor --write')
  }
  const namespace = parseWhole('namespace', String(given.namespace ?? 1), 1)
  if (namespace >= 0xffffffff) {
    throw createError('ERR_ARGUMENT', '--namespace must name one namespace, not all of them')
  }
  return {
    ctrl: parseTarget(given.ctrl),
    namespace,
    queues: parseWhole('queues', String(given.queues ?? 1), 1),
    pattern,
    write,
    yes: given.yes === true,
    dryRun: given['dry-run'] === true,
    verify: asText(given.verify),
  }
}

function toWindows(given: Given, depth: string): WindowOptions {
  const whole = (name: OptionName, byDefault: number, min: number) =>
    parseWhole(name, String(given[name] ?? byDefault), min)
  return {
    way: 'windows',
    ...toCommon(given),
    blocks: whole('blocks', 1000, 1),
    offset: whole('offset', 0, 0),
    depth: parseWhole('depth', depth, 1),
    warmups: whole('warmups', 0, 0),
    repeat: whole('repeat', 1000, 1),
    localSq: given['local-sq'] === true,
    stats: given.stats === true,
  }
}

function toCommands(given: Given, depth: string): CommandOptions {
  const common = toCommon(given)
  const textOf = (name: OptionName, byDefault: string) => String(given[name] ?? byDefault)
  const { infile, outfile, rate, runtime, seed, size } = given
  const writePercent = writePercentOf(given)
  const oncePerRange = [infile, outfile, given.verify].some((file) => file !== undefined)
  const options: CommandOptions = {
    way: 'commands',
    ...common,
    emulatorBytes:
      given['emulator-size'] === undefined
        ? undefined
        : parseBytes('emulator-size', String(given['emulator-size'])),
    timing: given.timing as CommandOptions['timing'],
    engine: textOf('engine', 'js') as Engine,
    offset: parseAmount('offset', textOf('offset', '0')),
    size: size === undefined ? undefined : parseAmount('size', String(size)),
    sizes: parseSizes('block-size', textOf('block-size', '4k')),
    writePercent,
    threads: parseWhole('threads', textOf('threads', '1'), 1),
    depths: parseDepths('depth', depth),
    rate: rate === undefined ? null : parseRate(String(rate)),
    seed: seed === undefined ? undefined : parseWhole('seed', String(seed), 0, 2 ** 32 - 1),
    runtimeMs:
      runtime === undefined && oncePerRange ? null : parseTime('runtime', textOf('runtime', '5s')),
    rampMs: parseTime('ramp', textOf('ramp', '0')),
    runs: parseWhole('runs', textOf('runs', '1'), 1),
    infile: asText(infile),
    outfile: asText(outfile),
    percentiles: parsePercents('percentiles', textOf('percentiles', percentilesByDefault)),
    json: asText(given.json),
    fioJson: asText(given['fio-json']),
    report: asText(given.report),
    svg: asText(given.svg),
    progress: given.progress as Progress | undefined,
  }
  refuseContradictions(options)
  return options
}

function writePercentOf(given: Given): number {
  const percent = given['write-percent']
  if (percent === undefined) return given.write === true ? 100 : 0
  if (given.write !== true) {
    throw createError('ERR_ARGUMENT', '--write-percent needs --write: nothing writes without it')
  }
  return parseWhole('write-percent', String(percent), 0, 100)
}

/** Commands a second: a number, or one with k or M for thousands and millions. */
function parseRate(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([km]?)$/i.exec(text.trim())
  const unit = { k: 1e3, m: 1e6 }[match?.[2]?.toLowerCase() ?? ''] ?? 1
  const rate = Number(match?.[1]) * unit
  if (rate > 0) return rate
  throw createError('ERR_ARGUMENT', `--rate takes commands a second, such as 50k, not '${text}'`)
}

function refuseContradictions(options: CommandOptions): void {
  const { infile, outfile, verify, pattern, writePercent } = options
  const problems: readonly (readonly [boolean, string])[] = [
    [
      options.emulatorBytes !== undefined && options.ctrl !== undefined,
      '--emulator-size is of an emulator in memory: leave out --ctrl, or it',
    ],
    [options.threads > options.queues, '--threads must not exceed --queues'],
    [
      infile !== undefined && writePercent < 100,
      '--infile needs --write, without reads: they would change what is written',
    ],
    [
      [infile, outfile, verify].some((file) => file !== undefined) && options.runtimeMs !== null,
      '--infile, --outfile and --verify go once over the range: leave out --runtime',
    ],
    [outfile !== undefined && writePercent > 0, '--outfile goes with reading only'],
    [outfile !== undefined && pattern === 'random', '--outfile needs blocks in order, not random'],
    [
      options.json === '-' && options.fioJson === '-',
      '--json and --fio-json cannot both be standard output',
    ],
    [options.runtimeMs === 0, '--runtime must be above 0'],
    [
      options.runtimeMs === null && options.rampMs > 0,
      '--ramp needs --runtime, as the range is gone through once',
    ],
    [
      verify !== undefined && infile !== undefined,
      '--verify compares what was read; --infile says what to write',
    ],
  ]
  const problem = problems.find(([is]) => is)
  if (problem !== undefined) throw createError('ERR_ARGUMENT', problem[1])
}
