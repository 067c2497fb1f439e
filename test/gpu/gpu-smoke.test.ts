// SPDX-License-Identifier: MIT
// A CUDA kernel does I/O on an emulated controller through nvm_queue.h.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'
import { skipVisibly } from '../support/skip.ts'

const skippedCode = 77
const timeoutMs = 600_000

test('a kernel reads one block', { timeout: timeoutMs }, async (context) => {
  const outcome = await runProgram(join(root, 'scripts', 'gpu-smoke'), [], { timeoutMs })
  if (outcome.code === skippedCode) {
    skipVisibly(context, outcome.stderr.trim(), 'run it where there are a GPU and the CUDA toolkit')
  }
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 })
})
