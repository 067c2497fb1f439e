// SPDX-License-Identifier: MIT
// `peernvm doctor`: its options.

import { defineCommand, text } from './command.ts'

export const doctorCommand = defineCommand({
  name: 'doctor',
  describe: 'Show what works on this machine, and what to do about the rest',
  positionals: {},
  options: {
    for: {
      ...text,
      choices: ['emulator', 'device', 'gpu'],
      default: 'emulator',
      describe: 'exit with 1 unless this works',
    },
    json: { type: 'boolean', default: false, describe: 'for a program' },
  },
  examples: [
    ['doctor', 'everything'],
    ['doctor --for device --json', 'whether a real drive can be used'],
  ],
  notes: [
    'Each line is one finding: `ok`, `advice` (it works, and could be better), `blocked`, or `absent`, which nothing needs.',
    'Below it stands the one command that changes it, after `on the host:` where that is outside this container or virtual machine. It changes nothing itself.',
  ],
  run: async (given) => {
    const { doctor } = await import('./doctor.ts')
    return doctor(given)
  },
})
