// SPDX-License-Identifier: MIT
// The figures of --fio-json; its keys and types are compared with fio's in test/contract/fio.
import { describe, expect, test } from 'vitest'
import { toFioJson } from '../../../src/report/fio.ts'
import type { BenchResult } from '../../../src/report/result.ts'
import { makeResult } from './made-result.ts'

interface Direction {
  readonly io_bytes: number
  readonly bw_bytes: number
  readonly bw_samples: number
  readonly iops: number
  readonly iops_mean: number
  readonly total_ios: number
  readonly clat_ns: { readonly N: number; readonly percentile?: Record<string, number> }
}

interface Job {
  readonly jobname: string
  readonly groupid: number
  readonly read: Direction
  readonly write: Direction
  readonly 'job options': Record<string, string>
  readonly iodepth_level: Record<string, number>
  readonly latency_ns: Record<string, number>
  readonly latency_us: Record<string, number>
  readonly latency_ms: Record<string, number>
}

const jobsOf = (result: BenchResult): Job[] => (toFioJson(result) as { jobs: Job[] }).jobs
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

describe('a job', () => {
  test('is a run at a depth, in the order in which they ran', () => {
    const jobs = jobsOf(makeResult({ commandCount: 50, depths: [8, 1], runCount: 2 }))
    expect(jobs.map(({ jobname }) => jobname)).toEqual([
      ...['depth8-run0', 'depth8-run1', 'depth1-run0', 'depth1-run1'],
    ])
    expect(jobs.map(({ groupid }) => groupid)).toEqual([0, 1, 2, 3])
    const [only] = jobsOf(makeResult({ commandCount: 50 }))
    expect(only?.jobname).toBe('depth32')
  })

  test('has the figures of its run', () => {
    const result = makeResult({ commandCount: 3000, writePercent: 25 })
    const [job] = jobsOf(result)
    const [run] = result.runs
    for (const direction of ['read', 'write'] as const) {
      const theirs = job?.[direction]
      const ours = run?.[direction]
      expect(theirs?.total_ios).toBe(ours?.commands)
      expect(theirs?.io_bytes).toBe(ours?.bytes)
      expect(theirs?.iops).toBe(ours?.iops)
      expect(theirs?.clat_ns.N).toBe(ours?.commands)
      expect(theirs?.bw_bytes).toBeCloseTo((ours?.mibPerSecond ?? 0) * 2 ** 20, -1)
      const p99 = ours?.latency.percentiles.find(({ percent }) => percent === 99)?.ns
      expect(theirs?.clat_ns.percentile?.['99.000000']).toBe(p99)
      expect(theirs?.bw_samples).toBe(100)
      // Equal numbers of commands in slices that differ a little in length.
      expect((theirs?.iops_mean ?? 0) / (ours?.iops ?? 1)).toBeCloseTo(1, 1)
    }
  })

  test('has what the process took, and its samples are those of their direction', () => {
    const made = makeResult({ commandCount: 3000, writePercent: 25 })
    const [job] = jobsOf(made)
    const used = { usr_cpu: 150, sys_cpu: 25, ctx: 12, majf: 3, minf: 45 }
    expect(job).toMatchObject(used)
    const runs = made.runs.map((run) => ({
      ...run,
      intervals: run.intervals.map((interval, i) => ({
        ...interval,
        durationNs: 1e9,
        commands: 50,
        written: { commands: i === 0 ? 40 : 0, bytes: 4096 },
      })),
    }))
    const [changed] = jobsOf({ ...made, runs })
    expect(changed).toMatchObject({ read: { iops_min: 10, iops_max: 50 } })
    expect(changed).toMatchObject({ write: { iops_min: 0, iops_max: 40, bw_max: 4 } })
  })

  test('of a direction that did not happen has zeroes, and no percentiles', () => {
    const [job] = jobsOf(makeResult({ commandCount: 100 }))
    expect(job?.write.clat_ns).toEqual({ min: 0, max: 0, mean: 0, stddev: 0, N: 0 })
    expect(job?.write.total_ios).toBe(0)
  })

  test('of a run without any command or interval has zeroes only', () => {
    const [run] = makeResult({ commandCount: 0, intervalCount: 0 }).runs
    if (run === undefined) throw new Error('a run')
    const [job] = jobsOf({ ...makeResult({ commandCount: 1 }), runs: [run] })
    expect(JSON.stringify(job).match(/null|NaN/)).toBeNull()
    expect(sum(Object.values(job?.iodepth_level ?? {}))).toBe(0)
  })
})

test('rows of latencies add up to all commands, each where fio would count it', () => {
  const made = makeResult({ commandCount: 100, intervalCount: 0 })
  const [run] = made.runs
  if (run?.read === undefined) throw new Error('a run that reads')
  const steps = [
    [1, 1, 1],
    [2, 2, 1],
    [999, 999, 2],
    [1000, 1000, 3],
    [1999, 1999, 3],
    [750_000, 750_500, 10],
    [1_000_000, 1_000_500, 20],
    [2_500_000_000, 2_500_500_000, 60],
  ] as const
  const read = { ...run.read, latency: { ...run.read.latency, steps } }
  const [job] = jobsOf({ ...made, runs: [{ ...run, read }] })
  expect(job?.latency_ns).toMatchObject({ '2': 1, '4': 1, '750': 0, '1000': 2 })
  expect(job?.latency_us).toMatchObject({ '2': 6, '750': 0, '1000': 10 })
  expect(job?.latency_ms).toMatchObject({ '2': 20, '2000': 0, '>=2000': 60 })
  const rows = [job?.latency_ns, job?.latency_us, job?.latency_ms]
  expect(sum(rows.flatMap((row) => Object.values(row ?? {})))).toBe(100)
})

test('a depth is in the row of the power of two below it', () => {
  const rowOf = (depth: number) => {
    const [job] = jobsOf(makeResult({ commandCount: 10, depths: [depth] }))
    return Object.entries(job?.iodepth_level ?? {}).find(([, share]) => share === 100)?.[0]
  }
  expect([1, 3, 32, 63, 64, 1024].map(rowOf)).toEqual(['1', '2', '32', '32', '>=64', '>=64'])
})

test('job options are what one would ask fio for', () => {
  const made = makeResult({ commandCount: 10, writePercent: 30, target: 'disk.img' })
  const sizes = [
    { byteLength: 4096, weight: 0.7 },
    { byteLength: 65536, weight: 0.3 },
  ]
  const workload = { ...made.workload, sizes, offset: 8, rate: 1000, pattern: 'linear' } as const
  const [job] = jobsOf({ ...made, workload })
  expect(job?.['job options']).toMatchObject({
    rw: 'rw',
    rwmixwrite: '30',
    bssplit: '4096/70:65536/30',
    filename: 'disk.img',
    offset: '4096',
    runtime: '5000ms',
    ramp_time: '1000ms',
    rate_iops: '1000',
    description: expect.stringContaining('software overhead'),
  })
  expect(job?.['job options'].bs).toBeUndefined()
})
