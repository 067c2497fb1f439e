// SPDX-License-Identifier: MIT
// A benchmark whose output nobody reads ends, and does not crash.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'

test('npm run bench | head', async () => {
  const program = join(root, 'dist/benchmarks/overhead/main.js')
  const line = `'${process.execPath}' '${program}' --rounds 1 --milliseconds 1 | head -n 1`
  const { code, stderr, stdout } = await runProgram('sh', ['-c', line])
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^Software.*\n$/) })
  expect(stderr).toMatch(/^(Filling .*\n)+$/)
})
