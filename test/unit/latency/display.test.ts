// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { Display, type Moment } from '../../../benchmarks/latency/commands/display.ts'
import { binsOf, Intervals } from '../../../benchmarks/latency/commands/intervals.ts'
import { measuredOf, shareRun } from '../../../benchmarks/latency/commands/setting.ts'
import { Histogram } from '../../../src/histogram.ts'

const moment: Moment = { depth: 32, run: 0, runs: 2, elapsedMs: 1000, remainingMs: 4000 }

function sliceOf(latenciesNs: readonly number[]) {
  const shared = shareRun(1)
  const intervals = new Intervals(shared, 1, 0)
  const reads = measuredOf(shared, 0, 0)
  for (const ns of latenciesNs) reads.record(ns)
  shared.bytes[0] = 4096 * latenciesNs.length
  return intervals.look(1000, 0)
}

function shown(isTTY: boolean, progress?: 'line' | 'json' | 'none', columns = 200): string {
  let text = ''
  const write = (more: string) => {
    text += more
  }
  const display = new Display({ isTTY, columns, write }, progress)
  display.show(sliceOf([10_000, 20_000]), moment)
  display.clear()
  return text
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
const controlCodes = /[\r\x1b]/

test('on a terminal it is one line, which is written over', () => {
  const text = shown(true)
  expect(text).toContain('qd=32 run 1/2  2 IOPS  0.0 MiB/s  p50 10.0 µs  p99 20.0 µs  4 s left')
  expect(text.startsWith('\r')).toBe(true)
  expect(text.endsWith('\r\x1b[K')).toBe(true)
  expect(text).not.toContain('\n')
})

test('a terminal that is narrow gets a line that is short', () => {
  expect(shown(true, undefined, 20).split('\x1b')[0]).toHaveLength(1 + 19)
})

test('elsewhere it is JSON lines, without a control code', () => {
  const text = shown(false)
  expect(text).not.toMatch(controlCodes)
  expect(JSON.parse(text)).toMatchObject({
    depth: 32,
    run: 0,
    commands: 2,
    iops: 2,
    elapsedMs: 1000,
    remainingMs: 4000,
  })
  expect(shown(false, 'line')).not.toMatch(controlCodes)
})

test('--progress chooses', () => {
  expect(shown(true, 'none')).toBe('')
  expect(JSON.parse(shown(true, 'json'))).toMatchObject({ iops: 2 })
})

test('each slice has what happened since the one before', () => {
  const shared = shareRun(2)
  const intervals = new Intervals(shared, 2, 100)
  measuredOf(shared, 0, 0).record(1000)
  measuredOf(shared, 1, 1).record(1000)
  shared.bytes.set([512, 0, 0, 4096])
  const first = intervals.look(200, 100)
  expect(first).toMatchObject({ startNs: 0, durationNs: 100e6, commands: 2, bytes: 4608 })
  measuredOf(shared, 1, 1).record(70_000)
  const second = intervals.look(250, 100)
  expect(second).toMatchObject({ startNs: 100e6, durationNs: 50e6, commands: 1, bytes: 0 })
  expect(second.latency.quantile(0.5)).toBeGreaterThan(69_900)
})

test('coarse bins are four for each doubling', () => {
  const latency = new Histogram()
  for (const ns of [1024, 1025, 1290, 4096]) latency.record(ns)
  expect(binsOf(latency)).toEqual([40, 2, 1, 0, 0, 0, 0, 0, 0, 1])
  expect(binsOf(new Histogram())).toEqual([])
})
