// SPDX-License-Identifier: MIT
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Display } from '../../../benchmarks/latency/commands/display.ts'
import { merged } from '../../../benchmarks/latency/commands/intervals.ts'
import { measuredOf, shareRun } from '../../../benchmarks/latency/commands/setting.ts'
import { RunWatch } from '../../../benchmarks/latency/commands/watch.ts'
import { type CommandOptions, parseOptions } from '../../../benchmarks/latency/options.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Watches a part of a run in which a command completes every 50 ms: 10 s, unless said. */
function watch(runtime: string, isTTY: boolean, watchedMs = 10_000) {
  const written: string[] = []
  const display = new Display({ isTTY, write: (text) => written.push(text) }, undefined)
  const options = parseOptions(runtime.split(' ')) as CommandOptions
  const shared = shareRun(1)
  const startMs = performance.now()
  const watched = new RunWatch(shared, options, display, { depth: 1, run: 0, startMs })
  for (let passed = 0; passed < watchedMs; passed += 50) {
    measuredOf(shared, 0, 0).record(1000)
    vi.advanceTimersByTime(50)
  }
  return { written, ...watched.end() }
}

test.each([
  ['--runtime 10s', true, 40],
  ['--runtime 10h', true, 40],
  ['--runtime 10h', false, 10],
])('in ten seconds of %s, on a terminal %s, %i lines are shown', (runtime, isTTY, lines) => {
  expect(watch(runtime, isTTY).written).toHaveLength(lines)
})

test('slices are the runtime’s: many of a short one, and as many as fit of a long one', () => {
  expect(watch('--runtime 10s', true).intervals).toHaveLength(100)
  const { intervals } = watch('--runtime 10h', true)
  expect(intervals.map(({ commands }) => commands)).toEqual([200])
})

test('the rest behind the last slice is a part of it', () => {
  const { intervals } = watch('--runtime 40s', true, 1050)
  expect(intervals.map(({ commands }) => commands)).toEqual([4, 4, 4, 4, 5])
})

test('of a run over blocks, however long it is, there are at most 400 slices', () => {
  const { intervals } = watch('--outfile x', true, 100_000)
  expect(intervals.length).toBeLessThanOrEqual(400)
  expect(intervals.length).toBeGreaterThan(200)
  expect(intervals.reduce((sum, { commands }) => sum + commands, 0)).toBe(2000)
  expect(intervals.reduce((sum, { bins }) => sum + (bins[1] ?? 0), 0)).toBe(2000)
})

test('two slices are one: their times, counts and bins add up', () => {
  const slice = { startNs: 0, durationNs: 5, commands: 3, bytes: 30, bins: [10, 1, 2] }
  const later = { startNs: 5, durationNs: 6, commands: 4, bytes: 40, bins: [8, 1, 0, 0, 3] }
  const both = { startNs: 0, durationNs: 11, commands: 7, bytes: 70 }
  expect(merged(slice, later)).toEqual({ ...both, bins: [8, 1, 0, 1, 5] })
  const idle = { ...later, commands: 0, bytes: 0, bins: [] }
  expect(merged(idle, slice).bins).toEqual(slice.bins)
  const written = { commands: 1, bytes: 10 }
  const mixed = merged({ ...slice, written }, { ...later, written })
  expect(mixed.written).toEqual({ commands: 2, bytes: 20 })
})
