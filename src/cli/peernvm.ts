#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// The program `peernvm`. Commands load what they need when they run, so that --help is quick.

import yargs, { type Argv } from 'yargs'
import { hideBin } from 'yargs/helpers'

async function main(): Promise<void> {
  await yargs(hideBin(process.argv))
    .scriptName('peernvm')
    .command(
      'identify [target]',
      'Show what a controller says about itself',
      (command) =>
        command.positional('target', {
          type: 'string',
          describe: 'image file or PCI address; without one an emulator in memory',
        }),
      async ({ target }) => {
        const { identify } = await import('./identify.ts')
        await identify(target)
      },
    )
    .command(
      'serve <image>',
      'Serve an image file as an NVMe controller to other programs',
      describeServe,
      async ({ image, vfioUser, doorbells, size, blockSize, readOnly }) => {
        const { serve } = await import('./serve.ts')
        await serve(
          { image, blockSize, readOnly, ...(size === undefined ? {} : { size }) },
          { vfioUser, doorbells },
        )
      },
    )
    .command(
      'build',
      'Compile the native part of peernvm',
      (command) => command,
      async () => {
        const { build } = await import('./build.ts')
        process.exitCode = await build()
      },
    )
    .demandCommand(1, 'Which command?')
    .strict()
    .version(false)
    .fail((message, error) => {
      report(error ?? new Error(message))
      process.exit(1)
    })
    .parseAsync()
}

function describeServe(command: Argv) {
  return command
    .positional('image', { type: 'string', demandOption: true, describe: 'raw image file' })
    .option('vfio-user', {
      type: 'string',
      demandOption: true,
      describe: 'folder for the socket, `cntrl` in it, of a virtual PCI device',
    })
    .option('doorbells', {
      choices: ['trap', 'poll'] as const,
      default: 'trap' as const,
      describe: 'trap: a message for each ring; poll: a mapped page, and a CPU that looks at it',
    })
    .option('size', { type: 'string', describe: 'size of an image to create, such as 4GiB' })
    .option('block-size', { choices: [512, 4096] as const, default: 512 as const })
    .option('read-only', { type: 'boolean', default: false })
}

function report(error: unknown): void {
  const { message, fix } = error as { message: string; fix?: string }
  console.error(`peernvm: ${message}`)
  if (fix !== undefined) console.error(`  ${fix}`)
}

await main()
