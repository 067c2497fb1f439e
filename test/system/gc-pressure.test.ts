// SPDX-License-Identifier: MIT
// What a command may still reach is kept, whatever the program lets go of and however often the
// garbage is collected.
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runProgram } from '../support/process.ts'

const program = fileURLToPath(new URL('./programs/gc-pressure.mjs', import.meta.url))

test('verified I/O while everything is dropped and collected', { timeout: 60_000 }, async () => {
  const args = ['--expose-gc', '--no-warnings', program, '40']
  const outcome = await runProgram(process.execPath, args)
  expect(outcome).toMatchObject({ code: 0, stderr: '', stdout: '560\n' })
})
