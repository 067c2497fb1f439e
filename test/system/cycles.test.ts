// SPDX-License-Identifier: MIT
// What is opened and closed often leaves no memory, file descriptor, thread or mapping behind.
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runProgram } from '../support/process.ts'

const program = fileURLToPath(new URL('./programs/cycles.mjs', import.meta.url))

interface Held {
  /** Of the process, but for the heap of JavaScript. */
  readonly nativeBytes: number
  /** What is in that heap, collected. */
  readonly heapBytes: number
  readonly fds: number
  readonly threads: number
  readonly mappings: number
}

type Bytes = 'nativeBytes' | 'heapBytes'

const marks = 12
/** Allocators and the collector reach their working set in these. */
const warmUp = 3

function median(values: number[]): number {
  values.sort((one, other) => one - other)
  return values[Math.floor(values.length / 2)] as number
}

/**
 * What a round adds in most of the time: what each round loses grows always; what allocators keep
 * of a busy moment, at that moment.
 */
function growth(held: readonly Held[], of: Bytes, rounds: number): number {
  const settled = held.slice(warmUp)
  const growths = settled.slice(1).map((each, i) => each[of] - (settled[i] as Held)[of])
  return (median(growths) * marks) / rounds
}

/**
 * What a round adds by the median of the slopes between any two marks: a collected heap goes up and
 * down by more from one mark to the next than a leak adds, but not from the first to the last.
 */
function slope(held: readonly Held[], of: Bytes, rounds: number): number {
  const settled = held.slice(warmUp)
  const slopes = settled.flatMap((later, to) =>
    settled.slice(0, to).map((earlier, from) => (later[of] - earlier[of]) / (to - from)),
  )
  return (median(slopes) * marks) / rounds
}

test.each([
  { what: 'controller', rounds: 10_008, nativeMax: 1024, heapMax: 64 },
  { what: 'everything', rounds: 600, nativeMax: 32 * 1024, heapMax: 1024 },
])(
  '$rounds rounds of $what leave nothing behind',
  { timeout: 180_000 },
  async ({ what, rounds, nativeMax, heapMax }) => {
    const args = ['--expose-gc', program, what, String(rounds), String(marks)]
    const outcome = await runProgram(process.execPath, args, { timeoutMs: 170_000 })
    expect(outcome).toMatchObject({ code: 0, stderr: '' })
    const held = JSON.parse(outcome.stdout) as Held[]
    const { fds, threads, mappings } = held[warmUp] as Held
    expect(held.at(-1)).toMatchObject({ fds, threads, mappings })
    expect(growth(held, 'nativeBytes', rounds)).toBeLessThan(nativeMax)
    expect(slope(held, 'heapBytes', rounds)).toBeLessThan(heapMax)
  },
)
