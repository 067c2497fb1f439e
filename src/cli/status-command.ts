// SPDX-License-Identifier: MIT
// `peernvm status`: its options.

import { defineCommand, fraction, UsageError } from './command.ts'

export const statusCommand = defineCommand({
  name: 'status',
  describe: 'Show who shares a controller',
  positionals: {
    socket: {
      type: 'string',
      completes: 'files',
      demandOption: true,
      describe: 'socket of `peernvm serve --socket` or of controller.serve()',
    },
  },
  options: {
    watch: { ...fraction, describe: 'again every so many seconds, until SIGINT' },
    json: { type: 'boolean', default: false, describe: 'for a program; with --watch, JSON lines' },
  },
  examples: [
    ['status /run/nvme0', 'its clients'],
    ['status /run/nvme0 --watch 0.5', 'live, with commands a second'],
  ],
  notes: [
    'Of each client: its number, process, user, queue pairs, memory that the device reaches, commands a',
    'second (since it connected, or since the last look), admin commands. `leaving`: its process has',
    'gone, and what it had is being taken back. Asking makes nobody a client.',
  ],
  fixes: {
    ERR_TARGET:
      'Give the socket of a process that serves a controller now: peernvm serve --socket, for example.',
  },
  check: ({ watch }) => {
    if (watch !== undefined && !(watch >= 0.1 && watch <= 3600)) {
      throw new UsageError('--watch takes 0.1 to 3600 seconds')
    }
  },
  run: async (given) => {
    const { status } = await import('./status.ts')
    return status(given)
  },
})
