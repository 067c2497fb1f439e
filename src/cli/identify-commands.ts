// SPDX-License-Identifier: MIT
// `peernvm identify`, `log` and `feature`: what a controller says about itself.

import { count, defineCommand, exitCodes, target, text, UsageError } from './command.ts'
import { logNames } from './nvme-cli/log-names.ts'

/** Names of --select, in the order of the field. */
export const selectNames = ['current', 'default', 'saved', 'supported'] as const

const human = { type: 'boolean', alias: 'H', default: false } as const
const output = {
  ...text,
  alias: 'o',
  choices: ['text', 'json', 'binary'],
} as const
const namespace = { ...count, alias: 'n' } as const

function checkNamespace({ namespace: nsid }: { readonly namespace: number | undefined }): void {
  if (nsid === undefined || (nsid >= 1 && nsid <= 0xffffffff)) return
  throw new UsageError(`--namespace is ${nsid}; it is 1 to 4294967295`)
}

const resets = 'This resets the controller, unless another process serves it at a socket.'

export const identifyCommand = defineCommand({
  name: 'identify',
  describe: 'Show what a controller or a namespace says about itself',
  positionals: { target },
  options: {
    namespace: { ...namespace, describe: 'of this namespace, as nvme id-ns prints it' },
    output: { ...output, describe: 'as nvme id-ctrl prints it; without it, libnvm’s block' },
    human: { ...human, describe: 'as text, with what each bit means' },
  },
  examples: [
    ['identify', 'an emulated controller'],
    ['identify disk.img --human', 'with what each bit means'],
    ['identify 0000:05:00.0 --namespace 1 --output json', 'for a program'],
  ],
  notes: [resets],
  fixes: { ERR_NVME_STATUS: 'Give a namespace that it has: --namespace 1, mostly.' },
  check: checkNamespace,
  run: async (given) => {
    const { identify } = await import('./identify.ts')
    await identify(given)
    return exitCodes.ok
  },
})

export const logCommand = defineCommand({
  name: 'log',
  describe: 'Show a log page as nvme-cli does',
  positionals: {
    page: { type: 'string', choices: logNames, demandOption: true, describe: 'which log page' },
    target,
  },
  options: {
    namespace: { ...namespace, describe: 'of this namespace; without it, of the controller' },
    entries: { ...count, describe: 'entries of the error log; without it, all' },
    output: { ...output, default: 'text', describe: 'how it is printed' },
    human: { ...human, describe: 'with what each bit means' },
  },
  examples: [
    ['log smart', 'health, wear and counters of an emulated controller'],
    ['log error disk.img --entries 4', 'the commands that failed last'],
  ],
  notes: [resets, 'Reading a page changes nothing: asynchronous events are retained.'],
  fixes: {
    ERR_NVME_STATUS:
      'peernvm log pages lists those that the controller has; most are without --namespace.',
  },
  check: (given) => {
    checkNamespace(given)
    const { entries } = given
    if (entries === undefined || (entries >= 1 && entries <= 256)) return
    throw new UsageError(`--entries is ${entries}; it is 1 to 256`)
  },
  run: async (given) => {
    const { log } = await import('./log.ts')
    await log(given)
    return exitCodes.ok
  },
})

export const featureCommand = defineCommand({
  name: 'feature',
  describe: 'Show a feature as nvme get-feature does',
  positionals: {
    feature: {
      type: 'string',
      demandOption: true,
      completes: 'features',
      describe: 'its number (7, 0x0b) or name (number_of_queues)',
    },
    target,
  },
  options: {
    select: { ...text, choices: selectNames, default: 'current', describe: 'which value of it' },
    namespace: { ...namespace, describe: 'of features that each namespace has; 1 by default' },
    cdw11: { ...count, default: 0, describe: 'command dword 11: which threshold, which vector' },
    human: { ...human, describe: 'its value in words' },
  },
  examples: [
    ['feature number_of_queues --human', 'how many queues there are'],
    ['feature 4 disk.img --cdw11 0x100000', 'the lower temperature threshold'],
  ],
  notes: [resets],
  fixes: {
    ERR_NVME_STATUS:
      'peernvm log features lists those that the controller has; not all have a --select value.',
  },
  check: (given) => {
    checkNamespace(given)
    const { cdw11 } = given
    if (cdw11 >= 0 && cdw11 <= 0xffffffff) return
    throw new UsageError(`--cdw11 is ${cdw11}; it is 0 to 4294967295`)
  },
  run: async (given) => {
    const { feature } = await import('./feature.ts')
    await feature(given)
    return exitCodes.ok
  },
})
