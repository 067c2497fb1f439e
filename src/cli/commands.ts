// SPDX-License-Identifier: MIT
// The commands of `peernvm`, in the order of its help.

import { type Command, defineCommand } from './command.ts'
import { completionCommand } from './completion-command.ts'
import { doctorCommand } from './doctor-command.ts'
import { featureCommand, identifyCommand, logCommand } from './identify-commands.ts'
import { serveCommand } from './serve-command.ts'
import { statusCommand } from './status-command.ts'

const buildCommand = defineCommand({
  name: 'build',
  describe: 'Compile the native part of peernvm',
  positionals: {},
  options: {},
  examples: [],
  notes: ['It needs g++ 12 or later, CMake and make, and no network.'],
  run: async () => {
    const { build } = await import('./build.ts')
    return build()
  },
})

export const commands: readonly Command[] = [
  identifyCommand,
  logCommand,
  featureCommand,
  doctorCommand,
  serveCommand,
  statusCommand,
  buildCommand,
  completionCommand,
]
