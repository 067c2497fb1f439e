// SPDX-License-Identifier: MIT
// bench:sharing from end to end, with next to no time for each cell: what it does, not how fast.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { buildTargets, buildTimeoutMs } from '../support/c-programs.ts'
import { runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

beforeAll(() => buildTargets('sharing-native'), buildTimeoutMs)

const above0 = expect.toSatisfy((value: unknown) => typeof value === 'number' && value > 0)
const spread = { min: above0, median: above0, max: above0 }

test('every cost of sharing is measured, printed and saved', async () => {
  using folder = temporaryFolder('bench-sharing')
  const file = join(folder.path, 'sharing.json')
  const { code, stderr, stdout } = await runProgram(process.execPath, [
    join(root, 'dist/benchmarks/sharing/main.js'),
    ...['--rounds', '1', '--milliseconds', '3', '--save', file],
  ])
  const shared = [1, 2, 4, 8].map((count) => `${count} clients for 0.15 s\n`)
  expect({ code, stderr }).toEqual({ code: 0, stderr: `round 1 of 1\n${shared.join('')}` })
  expect(stdout).toMatch(/^4096 B +128 +vfio-user /m)
  expect(stdout).toMatch(/^Taken back from a client killed while it read: .* \(5 kills\)$/m)
  const result = JSON.parse(readFileSync(file, 'utf8'))
  expect(result).toMatchObject({ rounds: 1, milliseconds: 3, facts: { cpus: above0 } })
  expect(result.reads).toHaveLength(2 * 3 * 2)
  for (const row of result.reads) {
    expect(row).toMatchObject({ millionIops: spread, ratioToOwner: spread })
  }
  expect(result.identify.map((row: { client: string }) => row.client)).toEqual([
    'C++',
    'TypeScript',
  ])
  for (const row of result.identify) expect(row).toMatchObject({ p50Us: spread, p99Us: spread })
  expect(result.shares.map((row: { clients: number }) => row.clients)).toEqual([1, 2, 4, 8])
  for (const row of result.shares) {
    expect(row).toMatchObject({ millionIops: above0, p99Us: spread, busyThreads: row.clients + 1 })
    expect(row.fairness).toBeGreaterThanOrEqual(1)
    expect(row.oversubscribed).toBe(row.busyThreads > row.cpus)
  }
  expect(result).toMatchObject({ attach: { startupMs: spread, attachMs: spread } })
  expect(result.reclaimMs).toMatchObject({ ...spread, p99: above0, count: 5 })
}, 60_000)
