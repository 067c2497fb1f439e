// SPDX-License-Identifier: MIT
// Whole programs that watch events: what keeps them alive, and how they end.
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runProgram } from '../support/process.ts'

const program = fileURLToPath(new URL('./programs/watch-events.mjs', import.meta.url))

test.each([
  { way: 'idle', code: 0, stdout: '' },
  { way: 'waiting', code: 0, stdout: 'Namespace Attribute Changed\n' },
  { way: 'exit', code: 7, stdout: '' },
  { way: 'worker', code: 0, stdout: 'Namespace Attribute Changed\n' },
])('$way', async ({ way, code, stdout }) => {
  const outcome = await runProgram(process.execPath, [program, way])
  expect(outcome, outcome.stderr).toMatchObject({ code, signal: null, stdout })
})
