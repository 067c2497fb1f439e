// SPDX-License-Identifier: MIT
// What is opened and closed often leaves no memory, file descriptor, thread or mapping behind.
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runProgram } from '../support/process.ts'

const program = fileURLToPath(new URL('./programs/cycles.mjs', import.meta.url))

interface Held {
  readonly bytes: number
  readonly fds: number
  readonly threads: number
  readonly mappings: number
}

test.each([
  // Allocators and the collector reach their working set within the first half.
  { what: 'controller', rounds: 10_000, growthBytesMax: 8 * 2 ** 20 },
  { what: 'everything', rounds: 600, growthBytesMax: 32 * 2 ** 20 },
])(
  '$rounds rounds of $what leave nothing behind',
  { timeout: 180_000 },
  async ({ what, rounds, growthBytesMax }) => {
    const args = ['--expose-gc', program, what, String(rounds)]
    const outcome = await runProgram(process.execPath, args, { timeoutMs: 170_000 })
    expect(outcome).toMatchObject({ code: 0, stderr: '' })
    const { before, after } = JSON.parse(outcome.stdout) as { before: Held; after: Held }
    const { bytes, ...counts } = after
    expect(counts).toEqual({
      fds: before.fds,
      threads: before.threads,
      mappings: before.mappings,
    })
    expect(bytes - before.bytes).toBeLessThan(growthBytesMax)
  },
)
