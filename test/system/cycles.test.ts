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
  // Allocators and the collector reach their working set within the first third.
  { what: 'controller', rounds: 10_002, growthBytesMax: 4 * 2 ** 20 },
  { what: 'everything', rounds: 600, growthBytesMax: 16 * 2 ** 20 },
])(
  '$rounds rounds of $what leave nothing behind',
  { timeout: 180_000 },
  async ({ what, rounds, growthBytesMax }) => {
    const args = ['--expose-gc', program, what, String(rounds)]
    const outcome = await runProgram(process.execPath, args, { timeoutMs: 170_000 })
    expect(outcome).toMatchObject({ code: 0, stderr: '' })
    const [first, second, third] = JSON.parse(outcome.stdout) as [Held, Held, Held]
    const { bytes: _, ...counts } = first
    expect(third).toMatchObject(counts)
    // What each round loses grows in both; what allocators keep of a busy moment, in one.
    const growths = [second.bytes - first.bytes, third.bytes - second.bytes]
    expect(Math.min(...growths)).toBeLessThan(growthBytesMax)
  },
)
