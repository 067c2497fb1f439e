// SPDX-License-Identifier: MIT
// Every option of nvm-latency-bench but those of libnvm's master spelling (master/options.ts): what
// makes parsing and help. Loads nothing, so that --help is quick.

const text = { type: 'string', requiresArg: true } as const
const flag = { type: 'boolean' } as const

const target = 'What is measured'
const both = 'Both ways of measuring'
const windows = "libnvm's way: windows of commands, libnvm's text"
const commands = 'Per command: any of these chooses it'
const results = 'Results (per command)'

/** Which way of measuring an option belongs to; `both` where it means the same in each. */
export type Way = 'both' | 'windows' | 'commands'

/** The options in groups, in the order of --help. */
export const optionTable = {
  ctrl: {
    ...text,
    group: target,
    alias: ['c', 'nvm-ctrl', 'nvm-controller', 'controller', 'nc'],
    describe: 'image file, PCI address or vfio-user socket; without it, an emulator in memory',
  },
  namespace: {
    ...text,
    group: target,
    alias: ['i', 'nvm-namespace', 'ns'],
    describe: 'namespace id (1)',
  },
  'emulator-size': { ...text, group: target, describe: 'of an emulator in memory (1GiB)' },
  timing: {
    ...text,
    group: target,
    choices: ['p4800x', '970pro'],
    describe: 'an emulator as slow as this drive',
  },
  write: {
    ...flag,
    group: both,
    describe: 'write instead of read: DESTROYS DATA; nothing writes without this word',
  },
  yes: { ...flag, group: both, describe: 'with --write: yes, onto a device that is no emulator' },
  'dry-run': { ...flag, group: both, describe: 'say what would be done, and touch nothing' },
  offset: {
    ...text,
    group: both,
    alias: ['o', 'offs', 'start', 'start-block', 'block-offset', 'sb'],
    describe: 'first block; with a unit, such as 1GiB, per command only (0)',
  },
  queues: {
    ...text,
    group: both,
    alias: ['q', 'num-queues', 'queue-count', 'nq'],
    describe: 'I/O queue pairs (1)',
  },
  depth: {
    ...text,
    group: both,
    alias: ['d', 'queue-depth', 'qd', 'queue-length'],
    describe: 'commands outstanding per queue (32); a sweep such as 1,2,4..128 is per command',
  },
  pattern: {
    ...text,
    group: both,
    alias: ['p', 'mode'],
    describe: 'sequential: all queues the same blocks; linear: queues split the range; random',
  },
  verify: {
    ...text,
    group: both,
    alias: 'v',
    describe: 'compare what was read with this file',
  },
  blocks: {
    ...text,
    group: windows,
    alias: ['n', 'num-blocks', 'block-count', 'length', 'len', 'bc'],
    describe: 'blocks per repetition (1000)',
  },
  repeat: {
    ...text,
    group: windows,
    alias: ['r', 'repetitions', 'reps', 'count'],
    describe: 'repetitions (1000)',
  },
  warmups: { ...text, group: windows, alias: 'w', describe: 'repetitions not counted (0)' },
  'local-sq': {
    ...flag,
    group: windows,
    describe: 'submission queue and PRP lists in host memory',
  },
  stats: {
    ...flag,
    group: windows,
    alias: ['s', 'statistics'],
    describe: 'a row for every sample on standard output',
  },
  engine: {
    ...text,
    group: commands,
    choices: ['js', 'await', 'batch', 'native'],
    describe: 'path of a program: typed arrays, promises, batch calls, C++ (js)',
  },
  runtime: { ...text, group: commands, describe: 'time that counts, such as 10s or 500ms (5s)' },
  ramp: { ...text, group: commands, describe: 'time before that, which does not count (0)' },
  'block-size': {
    ...text,
    group: commands,
    alias: 'bs',
    describe: 'bytes of a command: 4k; 4k,64k in turn; 4k:70,64k:30 drawn by weight (4k)',
  },
  size: { ...text, group: commands, describe: 'of the range from --offset on: blocks, or 1GiB' },
  'write-percent': {
    ...text,
    group: commands,
    describe: 'with --write: how many of 100 commands write (100)',
  },
  threads: { ...text, group: commands, describe: 'threads that share the queues (1)' },
  rate: {
    ...text,
    group: commands,
    describe: 'commands a second, timed from when each was due (as many as can)',
  },
  seed: { ...text, group: commands, describe: 'repeats what --pattern random drew' },
  runs: { ...text, group: commands, describe: 'runs of each depth, for mean and spread (1)' },
  infile: { ...text, group: commands, describe: 'with --write: what the range is written with' },
  outfile: { ...text, group: commands, describe: 'where the range that was read goes' },
  percentiles: { ...text, group: results, describe: 'such as 50,99,99.9' },
  json: { ...text, group: results, describe: 'all of it, to repeat the run; - is standard output' },
  'fio-json': { ...text, group: results, describe: "the same in fio's JSON; - is standard output" },
  report: { ...text, group: results, describe: 'a page of HTML with figures' },
  svg: { ...text, group: results, describe: 'a folder for the figures, for a paper' },
  progress: {
    ...text,
    group: results,
    choices: ['line', 'json', 'none'],
    describe: 'on standard error while it runs (a line on a terminal, else JSON lines)',
  },
  spelling: {
    ...text,
    group: both,
    choices: ['readme', 'master'],
    describe: "libnvm's two spellings; --queue with a specification chooses master's",
  },
} as const

export type OptionName = keyof typeof optionTable

/** The way that an option chooses. */
export function wayOf(name: OptionName): Way {
  const { group } = optionTable[name]
  if (group === windows) return 'windows'
  if (group === commands || group === results) return 'commands'
  return name === 'emulator-size' || name === 'timing' ? 'commands' : 'both'
}

export const usage = `$0 [--ctrl TARGET] [options]
$0 compare FIRST.json SECOND.json [--report FILE] [--svg FOLDER]

Measures an NVMe controller; without --ctrl, an emulator in memory.
Two ways: with libnvm's options alone, windows of commands and libnvm's text;
with any option of 'Per command', each command, from submission to completion.`

/** Command lines, and what each is for. */
export const examples = `Examples:
  $0 --pattern random --depth 32 --runtime 10s
      what fio calls rw=randread, bs=4k, iodepth=32
  $0 --depth 1,2,4..128 --runs 5 --report out.html
      a sweep, each depth as mean and spread of five runs, as a page with figures
  $0 -c disk.img --rate 50k --json out.json
      50,000 commands a second, each timed from when it was due, to be compared later
  $0 --blocks=1000 --pattern=sequential
      libnvm's benchmark, and its text`
