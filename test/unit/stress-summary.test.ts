// SPDX-License-Identifier: MIT
// What the stress of sharing says of its kills: a run that lost something must never look clean.
import { expect, test } from 'vitest'
import type { Kill, StressResult } from '../stress/stress.ts'
import { progressLine, summarise, timesOf } from '../stress/summary.ts'

const holdings = { fds: 20, mappings: 2, mappedBytes: 8192, threads: 13, freeQueuePairs: 127 }
const kill: Kill = {
  ...{ class: 'submit', kind: 'native', inFlight: 32, verified: 20_000 },
  ...{ diedMs: 2, reclaimMs: 9 },
}
const clean: StressResult = {
  ...{ kills: 1, verified: 1_234_567, lost: 0, wrong: 0, leaked: 0, errors: [], seconds: 1 },
  killed: [kill],
  holdings: { before: holdings, after: holdings },
}

test('each class has its least; what was killed between two phases is a class of its own', () => {
  const killed: Kill[] = [
    kill,
    { ...kill, kind: 'node', inFlight: 1, verified: 30_000 },
    { ...kill, class: undefined, inFlight: 0 },
  ]
  const { classes, nodeKills } = summarise({ ...clean, killed })
  expect(classes).toMatchObject([
    { class: 'submit', kills: 2, inFlightMin: 1, verifiedMin: 20_000, reclaimMs: { max: 9 } },
    { class: 'changing', kills: 1, inFlightMin: 0, verifiedMin: 20_000 },
  ])
  expect(classes).toHaveLength(2)
  expect(nodeKills).toBe(1)
})

test('times are sorted as numbers, and those above 100 ms are counted', () => {
  const values = [101, 9, 20, 100]
  expect(timesOf(values)).toEqual({ min: 9, median: 20, p99: 101, max: 101, late: 1 })
})

test.each([{ lost: 1 }, { wrong: 1 }, { leaked: 1 }, { errors: ['client 3 ended with 1'] }])(
  'a run with $0 is not clean',
  (wrong) => {
    expect(summarise(clean).clean).toBe(true)
    expect(summarise({ ...clean, ...wrong }).clean).toBe(false)
  },
)

test('the line groups thousands', () => {
  expect(progressLine(clean)).toBe('kills 1, verified 1 234 567 blocks, lost 0, wrong 0, leaked 0')
})
