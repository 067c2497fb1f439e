// SPDX-License-Identifier: MIT
// The command line in the spelling of libnvm's master, where the same letters mean other things.

import yargs from 'yargs'
import { createError } from '../../../src/errors.ts'
import { parseTarget, parseWhole } from '../values.ts'
import { parseQueues, type QueueSpecification } from './queue-specification.ts'

const text = { type: 'string', requiresArg: true } as const
const flag = { type: 'boolean' } as const
/** A number may follow, by = only. */
const optional = { type: 'string' } as const

/** Options of master's spelling: what makes parsing and help. */
export const masterTable = {
  ctrl: {
    ...text,
    alias: ['d', 'disk', 'dev'],
    describe: 'image file, PCI address or vfio-user socket; without it, an emulator in memory',
  },
  queue: {
    ...text,
    alias: 'q',
    array: true,
    nargs: 1,
    describe: 'no=N[,depth=0..64][,prps=N][,location=local|remote]; may be repeated',
  },
  namespace: { ...text, alias: ['n', 'ns'], describe: 'namespace id (1)' },
  count: { ...text, alias: ['c', 'size'], describe: 'how much to transfer, in the unit below' },
  offset: {
    ...text,
    alias: ['o', 'offs', 'off'],
    describe: 'where to begin, in the same unit (0)',
  },
  blocks: { ...optional, alias: ['b', 'blks'], describe: 'unit: blocks; =N: so many' },
  prps: { ...optional, alias: 'pages', describe: 'unit: pages of the controller' },
  bytes: { ...optional, describe: 'unit: bytes' },
  commands: {
    ...optional,
    alias: ['C', 'cmds'],
    describe: "unit: commands of the first queue's size",
  },
  bandwidth: { ...flag, alias: ['B', 'bw'], describe: 'a sample is a pass, and not a window' },
  random: { ...flag, alias: 'r', describe: 'blocks at random' },
  parallel: { ...flag, alias: 'p', describe: 'queues at the same time, and not in turn' },
  shared: { ...flag, alias: 'P', describe: 'each queue all of the blocks, and not its share' },
  iterations: {
    ...text,
    alias: ['i', 'outer', 'loops'],
    describe: 'passes that are measured (1000)',
  },
  repeat: {
    ...text,
    alias: ['I', 'inner'],
    describe: 'times that a pass goes over its blocks (1)',
  },
  infile: { ...text, alias: ['W', 'if', 'input'], describe: 'what is written, or verified' },
  outfile: { ...text, alias: ['R', 'of', 'output'], describe: 'where what was read goes' },
  verify: { ...flag, alias: 'v', describe: 'compare the blocks with the input file' },
  stats: {
    ...optional,
    alias: ['S', 'statistics'],
    describe: 'a row for each sample; =FILE: there',
  },
  info: { ...flag, alias: ['t'], describe: 'say what will be transferred' },
  write: { ...flag, describe: 'write instead of read: DESTROYS DATA (no letter: -w is refused)' },
  yes: { ...flag, describe: 'with --write: yes, onto a device that is no emulator' },
  'dry-run': { ...flag, describe: 'say what would be done, and touch nothing' },
  spelling: { ...text, choices: ['readme', 'master'], describe: "libnvm's two spellings" },
} as const

const units = ['blocks', 'prps', 'bytes', 'commands'] as const
export type Unit = (typeof units)[number]

export interface MasterOptions {
  readonly way: 'master'
  readonly ctrl: string | undefined
  readonly queues: readonly QueueSpecification[]
  readonly namespace: number
  readonly unit: Unit
  readonly count: number
  readonly offset: number
  readonly bandwidth: boolean
  readonly random: boolean
  readonly parallel: boolean
  readonly shared: boolean
  readonly iterations: number
  readonly repeat: number
  readonly infile: string | undefined
  readonly outfile: string | undefined
  readonly verify: boolean
  /** Undefined: no rows; '' standard output. */
  readonly stats: string | undefined
  readonly info: boolean
  readonly write: boolean
  readonly yes: boolean
  readonly dryRun: boolean
}

type Given = { readonly [Name in keyof typeof masterTable]?: string | boolean | string[] }

/**
 * Parses the arguments of nvm-latency-bench in master's spelling.
 * @throws NvmError ERR_ARGUMENT naming the option
 */
export function parseMaster(args: readonly string[]): MasterOptions {
  const given = readTable(args)
  const whole = (name: keyof Given, byDefault: number, min: number) =>
    parseWhole(name, String(given[name] ?? byDefault), min)
  const asText = (name: keyof Given) =>
    given[name] === undefined ? undefined : String(given[name])
  const queues = parseQueues((given.queue as string[] | undefined) ?? [])
  const options: MasterOptions = {
    way: 'master',
    ctrl: parseTarget(asText('ctrl')),
    queues,
    namespace: whole('namespace', 1, 1),
    ...amountOf(given),
    offset: whole('offset', 0, 0),
    bandwidth: given.bandwidth === true,
    random: given.random === true,
    parallel: given.parallel === true,
    shared: given.shared === true,
    iterations: whole('iterations', 1000, 1),
    repeat: whole('repeat', 1, 1),
    infile: asText('infile'),
    outfile: asText('outfile'),
    verify: given.verify === true,
    stats: asText('stats'),
    info: given.info === true,
    write: given.write === true,
    yes: given.yes === true,
    dryRun: given['dry-run'] === true,
  }
  refuseContradictions(options)
  return options
}

function readTable(args: readonly string[]): Given {
  const parsed = yargs([...args])
    .scriptName('nvm-latency-bench')
    .usage('$0 --queue SPECIFICATION... --blocks=COUNT [--ctrl TARGET] [options]')
    .options(masterTable)
    .strict()
    .version(false)
    .wrap(100)
    .fail((message, error) => {
      throw createError('ERR_ARGUMENT', message ?? error?.message)
    })
    .parseSync()
  for (const name of Object.keys(masterTable)) {
    if (name === 'queue' || !Array.isArray(parsed[name])) continue
    throw createError('ERR_ARGUMENT', `--${name} was given twice`)
  }
  return parsed as Given
}

/** How much is transferred: --blocks=1000, or --count 1000 with --blocks. */
function amountOf(given: Given): { unit: Unit; count: number } {
  const named = units.filter((unit) => given[unit] !== undefined)
  if (named.length > 1) {
    const both = named.map((unit) => `--${unit}`).join(' and ')
    throw createError('ERR_ARGUMENT', `${both} are two units`)
  }
  const [unit = 'blocks'] = named
  const own = given[unit]
  const counts = [own === '' ? undefined : own, given.count].filter((text) => text !== undefined)
  if (counts.length === 1) return { unit, count: parseWhole(unit, String(counts[0]), 1) }
  const problem = counts.length === 0 ? 'how much is missing' : 'how much was given twice'
  throw createError('ERR_ARGUMENT', `${problem}: --blocks=1000, or --count 1000 with --blocks`)
}

function refuseContradictions(options: MasterOptions): void {
  const { infile, outfile, random, verify, write, namespace } = options
  const problems: readonly (readonly [boolean, string])[] = [
    [namespace >= 0xffffffff, '--namespace must name one namespace, not all of them'],
    [verify && infile === undefined, '--verify compares with --infile'],
    [(verify || outfile !== undefined) && random, '--verify and --outfile need blocks in order'],
    [outfile !== undefined && write, '--outfile is for reading'],
    [infile !== undefined && !write && !verify, '--infile is for --write or --verify'],
  ]
  const problem = problems.find(([is]) => is)
  if (problem !== undefined) throw createError('ERR_ARGUMENT', problem[1])
}
