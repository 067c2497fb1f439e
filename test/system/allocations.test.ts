// SPDX-License-Identifier: MIT
// In a steady state the library allocates nothing for a command but the promise that its caller
// gets, and what one turn of the pump takes, which serves all that completed meanwhile.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'

/** Before it is compiled, code allocates numbers. */
const compilesAtOnce = '--no-concurrent-recompilation'
/** Fewer bytes a command than this are samples that were drawn by chance, or a look at the clock. */
const noiseBytes = 4

// The promise, its two functions and what they share are some 220 bytes. Which function they are
// charged to depends on what the compiler makes one of.
const promiseBytesMax = 300
const promise = /^(namespace.js read|await.js move|job.js (Group)?Job)/
const turn = 'pump.js #run'

test.each([
  { way: 'raw', bytesMax: 0 },
  { way: 'batch', bytesMax: 0 },
  { way: 'await', bytesMax: promiseBytesMax },
  { way: 'readMany', bytesMax: promiseBytesMax / 3 }, // one promise for eight commands
])('$way', async ({ way, bytesMax }) => {
  const program = join(root, 'test', 'system', 'programs', 'allocations.mjs')
  const { stdout, stderr } = await runProgram(process.execPath, [compilesAtOnce, program, way])
  expect(stderr).toBe('')
  const bytesByFunction = JSON.parse(stdout) as Record<string, number>
  let promiseBytes = 0
  const others = Object.entries(bytesByFunction).filter(([name, bytes]) => {
    if (promise.test(name)) promiseBytes += bytes
    return bytes >= noiseBytes && !promise.test(name) && (name !== turn || bytesMax === 0)
  })
  expect(others).toEqual([])
  expect(promiseBytes).toBeLessThanOrEqual(bytesMax + noiseBytes)
})
