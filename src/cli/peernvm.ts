#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// The program `peernvm`. Commands load what they need when they run, so that --help is quick.

import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'
import { describeServe, toEmulatorOptions } from './serve-options.ts'

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
      'serve [image]',
      'Serve an emulated NVMe device to other programs',
      describeServe,
      async (served) => {
        const { serve } = await import('./serve.ts')
        const { vfioUser, doorbells } = served
        await serve(toEmulatorOptions(served), { vfioUser, doorbells })
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

function report(error: unknown): void {
  const { message, fix } = error as { message: string; fix?: string }
  console.error(`peernvm: ${message}`)
  if (fix !== undefined) console.error(`  ${fix}`)
}

await main()
