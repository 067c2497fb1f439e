// SPDX-License-Identifier: MIT
// The stress of sharing in its short forms, and the demo that shows it; `npm run stress` has the
// long ones.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { killClasses } from '../stress/client.ts'
import { runManagersStress } from '../stress/managers.ts'
import { runStress } from '../stress/stress.ts'
import { summarise } from '../stress/summary.ts'
import { buildTargets, buildTimeoutMs } from '../support/c-programs.ts'
import { runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

beforeAll(() => buildTargets('sharing-client'), buildTimeoutMs)

test('clients in every phase are killed, and nothing is lost, wrong or leaked', async () => {
  const result = await runStress({
    kills: 15,
    killsOfClass: 2,
    killEveryMs: 0,
    verifiedBefore: 10_000,
    nativeClients: 6,
    nodeClients: 2,
  })
  const { lost, wrong, leaked, errors, classes, nodeKills } = summarise(result)
  expect({ lost, wrong, leaked, errors }).toEqual({ lost: 0, wrong: 0, leaked: 0, errors: [] })
  const commands = { idle: 0, submit: 1, midCopy: 1, midRpc: 1, queueCreate: 1 }
  for (const name of killClasses) {
    const row = classes.find((each) => each.class === name)
    expect(row?.kills).toBeGreaterThanOrEqual(2)
    expect(row?.verifiedMin).toBeGreaterThanOrEqual(10_000)
    expect(row?.inFlightMin).toBeGreaterThanOrEqual(commands[name])
  }
  expect(nodeKills).toBeGreaterThan(0)
  const { before, after } = result.holdings
  expect(before.freeQueuePairs).toBe(127)
  expect(after).toMatchObject({ freeQueuePairs: 127, mappedBytes: before.mappedBytes })
}, 60_000)

test('managers of an image are killed, and no completed write is lost', async () => {
  const result = await runManagersStress({
    kills: 5,
    verifiedBetween: 2000,
    nativeClients: 6,
    nodeClients: 2,
  })
  const { killed, lost, wrong, leaked, errors } = result
  expect({ lost, wrong, leaked, errors }).toEqual({ lost: 0, wrong: 0, leaked: 0, errors: [] })
  expect(killed.map((kill) => kill.class)).toEqual(killClasses)
  for (const kill of killed) {
    if (kill.class !== 'idle') expect(kill.inFlight).toBeGreaterThan(0)
  }
  expect(result.verified).toBeGreaterThan(8 * 5 * 2000)
}, 60_000)

test('a manager ends with whoever started it, however that ends', async () => {
  using folder = temporaryFolder('orphan')
  const socket = join(folder.path, 'nvm')
  const program = join(root, 'test', 'stress', 'programs', 'start-manager.ts')
  const parent = spawn(process.execPath, ['--import', 'tsx', program, socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(parent.stdout, 'data')
  expect(existsSync(socket)).toBe(true)
  parent.kill('SIGKILL')
  await expect.poll(() => existsSync(socket), { timeout: 20_000 }).toBe(false)
}, 60_000)

test('demo:kill', async () => {
  const program = join(root, 'examples', 'demo', 'kill.ts')
  const args = ['--import', 'tsx', program, '--kills', '10']
  const { code, stdout, stderr } = await runProgram(process.execPath, args)
  expect(stderr).toBe('')
  expect(code).toBe(0)
  expect(stdout.split('\n')).toEqual([
    '6 processes in C++ and 2 in Node share one controller; one is killed every 200 ms …',
    expect.stringMatching(/^kills 10, verified \d[\d ]+ blocks, lost 0, wrong 0, leaked 0$/),
    expect.stringMatching(
      /^what the dead had .* [\d.]+ ms, at most [\d.]+; 0 errors in the others$/,
    ),
    '',
  ])
}, 60_000)
