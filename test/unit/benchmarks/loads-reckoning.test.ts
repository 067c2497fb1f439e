// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest'
import { copies, transfersBeside } from '../../../benchmarks/loads/cells.ts'
import { fairness, mebibytesPerSecond } from '../../../benchmarks/loads/reckoning.ts'
import { latencyRow, readersRow, transferRow } from '../../../benchmarks/loads/rows.ts'

const mebibyte = 2 ** 20

describe('what is measured', () => {
  test('128 KiB to 1 MiB at depth 1 and 8, each once', () => {
    const transfers = copies.flatMap(transfersBeside)
    const names = transfers.map((transfer) => Object.values(transfer).join())
    expect(new Set(names).size).toBe(4 * 2 * 2 * 2)
    expect(names).toContain('read,device,131072,1')
    expect(names).toContain(`write,plain,${mebibyte},8`)
  })
})

describe('rows', () => {
  const answer = { transfers: 8, ns: 1e9, verifiedBytes: 3 }

  test('a transfer is compared with the copy of its own round', () => {
    const read = { direction: 'read', memory: 'device', byteLength: mebibyte, depth: 1 } as const
    const answers = [answer, { ...answer, transfers: 4 }]
    const row = transferRow(read, answers, [1e9 / 10, 1e9 / 8])
    expect(row.mebibytesPerSecond).toEqual({ min: 4, median: 6, max: 8 })
    expect(row.ratioToCopy.min).toBeCloseTo(0.5)
    expect(row.ratioToCopy.max).toBeCloseTo(0.8)
    expect(row).toMatchObject({ goal: 0.9, verifiedBytes: 6 })
    expect(transferRow({ ...read, memory: 'plain' }, answers, [1, 1]).goal).toBeUndefined()
    expect(transferRow({ ...read, direction: 'write' }, answers, [1, 1]).goal).toBeUndefined()
  })

  test('Workers and the device want a CPU each; queues of one thread share it', () => {
    const answers = [{ counts: [30, 10], ns: 1e4, verifiedBytes: 1 }]
    const workers = { threads: 'workers', queues: 2 } as const
    expect(readersRow(workers, answers, 3)).toMatchObject({
      busyThreads: 3,
      oversubscribed: false,
      millionIops: { median: 4 },
      fairness: { median: 3 },
    })
    expect(readersRow(workers, answers, 2).oversubscribed).toBe(true)
    const one = { threads: 'one', queues: 2 } as const
    expect(readersRow(one, answers, 2)).toMatchObject({ busyThreads: 2, oversubscribed: false })
  })

  test('a latency without a timer has no lateness', () => {
    const times = { p50: 1, p99: 2, p999: 3, max: 4 }
    const latency = { commands: 5e5, ns: 5e8, caller: times, queue: times, collections: 3 }
    const answers = [{ ...latency, garbageBytes: 1e6, verifiedBytes: 4096 }]
    expect(latencyRow('nothing', answers)).toMatchObject({
      millionIops: { median: 1 },
      callerUs: { p999: { median: 3 } },
      latenessUs: undefined,
      collectionsPerSecond: { median: 6 },
      garbageMegabytesPerSecond: { median: 2 },
    })
    const timed = [{ ...(answers[0] as (typeof answers)[0]), lateness: times }]
    expect(latencyRow('timer', timed).latenessUs?.max.median).toBe(4)
  })
})

test('the rate of a mebibyte in a millisecond', () => {
  expect(mebibytesPerSecond(mebibyte, 1e6)).toBeCloseTo(1000)
})

test('fairness is the luckiest to the unluckiest, also where one got nothing', () => {
  expect(fairness([7])).toBe(1)
  expect(fairness([10, 40, 20])).toBe(4)
  expect(fairness([50, 0])).toBe(50)
  expect(fairness([0, 0])).toBe(1)
})
