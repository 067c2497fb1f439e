#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// The program `peernvm`.

import { runProgram } from './program.ts'

await runProgram(process.argv.slice(2))
