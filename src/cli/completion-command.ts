// SPDX-License-Identifier: MIT
// `peernvm completion`: prints the script by which a shell completes commands.

import { basename } from 'node:path'
import { defineCommand, exitCodes } from './command.ts'

const shells = ['bash', 'zsh', 'fish'] as const

export const completionCommand = defineCommand({
  name: 'completion',
  describe: 'Print a script that completes these commands',
  positionals: {
    shell: { type: 'string', choices: shells, describe: 'for which shell; without it, for $SHELL' },
  },
  options: {},
  examples: [
    ['completion bash >> ~/.bashrc', 'commands, options, their values and files'],
    ['completion fish > ~/.config/fish/completions/peernvm.fish', 'the same'],
  ],
  run: async ({ shell = shells.find((name) => name === basename(process.env.SHELL ?? '')) }) => {
    const { scripts } = await import('./completion.ts')
    const { write } = await import('./write.ts')
    await write(scripts[shell ?? 'bash'])
    return exitCodes.ok
  },
})
