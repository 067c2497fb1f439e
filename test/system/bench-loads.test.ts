// SPDX-License-Identifier: MIT
// bench:loads from end to end, with next to no time for each cell: what it does, not how fast.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { buildTimeoutMs } from '../support/c-programs.ts'
import { runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

beforeAll(async () => {
  const args = [join(root, 'scripts', 'build-native.mjs'), 'peers-native']
  const { code, stderr } = await runProgram(process.execPath, args, { timeoutMs: buildTimeoutMs })
  if (code !== 0) throw new Error(stderr)
}, buildTimeoutMs)

const bench = (...args: string[]) =>
  runProgram(process.execPath, [join(root, 'dist/benchmarks/loads/main.js'), ...args])

const above0 = expect.toSatisfy((value: unknown) => typeof value === 'number' && value > 0)
const spread = { min: above0, median: above0, max: above0 }
const quantiles = { p50: spread, p99: spread, p999: spread, max: spread }

test('every load is measured, verified, printed and saved', async () => {
  using folder = temporaryFolder('loads')
  const file = join(folder.path, 'loads.json')
  const { code, stderr, stdout } = await bench(
    ...['--rounds', '1', '--milliseconds', '3', '--save', file],
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: 'round 1 of 1\n' })
  expect(stdout).toMatch(/^read, device memory {5}1024 KiB {2}8 /m)
  expect(stdout).toMatch(/^timer\+garbage /m)
  const result = JSON.parse(readFileSync(file, 'utf8'))
  expect(result).toMatchObject({ rounds: 1, milliseconds: 3, facts: { cpus: above0 } })
  expect(result.machine).toHaveLength(4 * 2)

  expect(result.transfers).toHaveLength(4 * 2 * 2 * 2)
  for (const row of result.transfers) {
    expect(row).toMatchObject({ mebibytesPerSecond: spread, ratioToCopy: spread })
    expect(row.verifiedBytes).toBe(row.depth * row.byteLength)
  }
  expect(result.queues).toHaveLength(2 * 4)
  for (const row of result.queues) {
    const threads = row.threads === 'one' ? 1 : row.queues
    expect(row).toMatchObject({ fairness: spread, busyThreads: threads + 1 })
    expect(row.oversubscribed).toBe(row.busyThreads > row.cpus)
    expect(row.verifiedBytes).toBe(row.queues * 128 * 4096)
  }
  const [alone, timer, garbage] = result.latency
  for (const row of [alone, timer, garbage]) {
    expect(row).toMatchObject({ callerUs: quantiles, queueUs: quantiles, verifiedBytes: 64 * 4096 })
  }
  expect(alone.latenessUs).toBeUndefined()
  expect(timer.latenessUs).toHaveProperty('p99')
  expect(garbage.garbageMegabytesPerSecond).toEqual(spread)
  expect(timer.garbageMegabytesPerSecond.max).toBe(0)
})

test.each(['library', 'bare'])(
  'the %s client in C++ refuses what takes more than PRP1',
  (client) => {
    const native = join(root, 'build', 'bin', 'peers-native')
    const ask = (byteLength: number) =>
      spawnSync(native, { input: `${client} ${byteLength} 1 0 1\n`, encoding: 'utf8' })
    const { status, stdout, stderr } = ask(8192)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain('512, 1024, 2048 or 4096 bytes a command, and not 8192')
    expect(ask(1536).status).toBe(2)
  },
)

test('a misspelt option is named before anything is measured', async () => {
  const { code, stderr } = await bench('--round', '2')
  expect(code).toBe(2)
  expect(stderr).toContain('--round')
})
