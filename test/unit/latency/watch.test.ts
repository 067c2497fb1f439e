// SPDX-License-Identifier: MIT
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Display } from '../../../benchmarks/latency/commands/display.ts'
import { measuredOf, shareRun } from '../../../benchmarks/latency/commands/setting.ts'
import { RunWatch } from '../../../benchmarks/latency/commands/watch.ts'
import { type CommandOptions, parseOptions } from '../../../benchmarks/latency/options.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Watches 10 s of a run of `runtime`, in which a command completes every 50 ms. */
function watch(runtime: string, isTTY: boolean) {
  const written: string[] = []
  const display = new Display({ isTTY, write: (text) => written.push(text) }, undefined)
  const options = parseOptions(['--runtime', runtime]) as CommandOptions
  const shared = shareRun(1)
  const startMs = performance.now()
  const watched = new RunWatch(shared, options, display, { depth: 1, run: 0, startMs })
  for (let passed = 0; passed < 10_000; passed += 50) {
    measuredOf(shared, 0, 0).record(1000)
    vi.advanceTimersByTime(50)
  }
  return { written, ...watched.end() }
}

test.each([
  ['10s', true, 40],
  ['10h', true, 40],
  ['10h', false, 10],
])('in ten seconds of %s, on a terminal %s, %i lines are shown', (runtime, isTTY, lines) => {
  expect(watch(runtime, isTTY).written).toHaveLength(lines)
})

test('slices are the runtime’s: many of a short one, and as many as fit of a long one', () => {
  expect(watch('10s', true).intervals).toHaveLength(100)
  const { intervals } = watch('10h', true)
  expect(intervals.map(({ commands }) => commands)).toEqual([200])
})
