#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// The program `peernvm`.

import { exitCodes } from './command.ts'
import { runProgram } from './program.ts'

// write() hears of it too; without a listener it would be a crash.
process.stdout.on('error', () => {
  process.exitCode = exitCodes.failure
})
process.stderr.on('error', () => {}) // a terminal that has gone hears nothing
await runProgram(process.argv.slice(2))
