// SPDX-License-Identifier: MIT
// The command line of nvm-latency-bench, in libnvm's spelling: one table that makes parsing and
// help.
import yargs from 'yargs'
import { createError } from '../../src/errors.ts'

export type Pattern = 'sequential' | 'linear' | 'random'

export interface BenchOptions {
  /** What to open; undefined is an emulator in memory. */
  ctrl: string | undefined
  namespace: number
  /** Blocks that one repetition moves, per queue for sequential and random, in total for linear. */
  blocks: number
  /** First block. */
  offset: number
  queues: number
  depth: number
  warmups: number
  repeat: number
  pattern: Pattern
  write: boolean
  localSq: boolean
  stats: boolean
  /** File whose bytes the blocks must equal. */
  verify: string | undefined
}

const optionTable = {
  ctrl: {
    alias: ['c', 'nvm-ctrl', 'nvm-controller', 'controller', 'nc'],
    type: 'string',
    describe: 'image file or PCI address; without it, an emulator in memory',
  },
  namespace: {
    alias: ['i', 'nvm-namespace', 'ns'],
    type: 'number',
    default: 1,
    describe: 'namespace id',
  },
  blocks: {
    alias: ['n', 'num-blocks', 'block-count', 'length', 'len', 'bc'],
    type: 'number',
    default: 1000,
    describe: 'blocks per repetition',
  },
  offset: {
    alias: ['o', 'offs', 'start', 'start-block', 'block-offset', 'sb'],
    type: 'number',
    default: 0,
    describe: 'first block',
  },
  queues: {
    alias: ['q', 'num-queues', 'queue-count', 'nq'],
    type: 'number',
    default: 1,
    describe: 'I/O queue pairs, at most what the controller grants',
  },
  depth: {
    alias: ['d', 'queue-depth', 'qd', 'queue-length'],
    type: 'number',
    default: 32,
    describe: 'commands outstanding per queue',
  },
  'local-sq': {
    type: 'boolean',
    default: false,
    describe: 'submission queue and PRP lists in host memory',
  },
  warmups: { alias: 'w', type: 'number', default: 0, describe: 'repetitions not counted' },
  repeat: {
    alias: ['r', 'repetitions', 'reps', 'count'],
    type: 'number',
    default: 1000,
    describe: 'repetitions',
  },
  verify: { alias: 'v', type: 'string', describe: 'compare what was read with this file' },
  pattern: {
    alias: ['p', 'mode'],
    type: 'string',
    default: 'sequential',
    describe: 'sequential: all queues the same blocks; linear: queues split the range; random',
  },
  write: { type: 'boolean', default: false, describe: 'write instead of read: DESTROYS DATA' },
  stats: {
    alias: ['s', 'statistics'],
    type: 'boolean',
    default: false,
    describe: 'a row for every sample on standard output',
  },
} as const

const patterns: Record<string, Pattern> = {
  sequential: 'sequential',
  seq: 'sequential',
  linear: 'linear',
  random: 'random',
}

function wholeNumber(name: string, value: number, min: number): number {
  if (Number.isSafeInteger(value) && value >= min) return value
  throw createError('ERR_ARGUMENT', `--${name} must be a whole number from ${min}, not ${value}`)
}

/**
 * Parses the arguments of nvm-latency-bench.
 * @param args what follows the program's name
 * @returns the options, checked as far as that needs no controller
 * @throws NvmError ERR_ARGUMENT naming the option
 */
export function parseOptions(args: readonly string[]): BenchOptions {
  const parsed = yargs([...args])
    .scriptName('nvm-latency-bench')
    .usage('$0 [--ctrl TARGET] [--blocks N] [--queues N] [--depth N] [--pattern P]')
    .options(optionTable)
    .strict()
    .version(false)
    .exitProcess(true)
    .fail((message, error) => {
      throw error ?? createError('ERR_ARGUMENT', message)
    })
    .parseSync()
  const pattern = patterns[parsed.pattern]
  if (pattern === undefined) {
    throw createError(
      'ERR_ARGUMENT',
      `--pattern must be sequential, linear or random, not ${parsed.pattern}`,
    )
  }
  if (parsed.verify !== undefined && (pattern === 'random' || parsed.write)) {
    throw createError('ERR_ARGUMENT', '--verify goes with neither --pattern random nor --write')
  }
  const namespace = wholeNumber('namespace', parsed.namespace, 1)
  if (namespace >= 0xffffffff) {
    throw createError('ERR_ARGUMENT', '--namespace must name one namespace, not all of them')
  }
  return {
    ctrl: parsed.ctrl,
    namespace,
    blocks: wholeNumber('blocks', parsed.blocks, 1),
    offset: wholeNumber('offset', parsed.offset, 0),
    queues: wholeNumber('queues', parsed.queues, 1),
    depth: wholeNumber('depth', parsed.depth, 1),
    warmups: wholeNumber('warmups', parsed.warmups, 0),
    repeat: wholeNumber('repeat', parsed.repeat, 1),
    pattern,
    write: parsed.write,
    localSq: parsed['local-sq'],
    stats: parsed.stats,
    verify: parsed.verify,
  }
}
