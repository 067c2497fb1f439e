// SPDX-License-Identifier: MIT
// In a steady state the library allocates nothing for a command but the promise that its caller
// gets, and what one turn of the pump takes, which serves all that completed meanwhile. Each turn
// of the event loop, a quarter of a millisecond or more, takes an Immediate of Node's.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'

/** Before it is compiled, code allocates numbers. */
const compilesAtOnce = '--no-concurrent-recompilation'
/** Fewer bytes a command than this are samples that were drawn by chance, or a look at the clock. */
const noiseBytes = 4

// The promise, its two functions and what they share are some 220 bytes.
const promiseBytesMax = 300
// A turn is a microtask: the engine's record of it and the promise that then() returns, 48 bytes
// each. Some compilers see that nobody wants the second.
const turnBytesMax = 96
const chance = 1.15
/** Whom both are charged to: that depends on what the compiler makes one of. */
const chargeable = [
  'namespace.js read',
  'await-engine.js move',
  'await-engine.js submitted',
  'job.js Job',
  'job.js GroupJob',
  'pump.js ',
  'allocations.mjs countedThen',
]

interface Allocations {
  readonly bytesByFunction: Readonly<Record<string, number>>
  readonly turnsPerCommand: number
}

test.each([
  { way: 'raw', bytesMax: 0 },
  { way: 'batch', bytesMax: 0 },
  { way: 'await', bytesMax: promiseBytesMax },
  { way: 'readMany', bytesMax: promiseBytesMax / 3 }, // one promise for eight commands
])('$way', async ({ way, bytesMax }) => {
  const program = join(root, 'test', 'system', 'programs', 'allocations.mjs')
  const { stdout, stderr } = await runProgram(process.execPath, [compilesAtOnce, program, way])
  expect(stderr).toBe('')
  const { bytesByFunction, turnsPerCommand } = JSON.parse(stdout) as Allocations
  let bytes = 0
  for (const [name, ofFunction] of Object.entries(bytesByFunction)) {
    if (chargeable.some((start) => name.startsWith(start))) bytes += ofFunction
    else expect.soft(ofFunction, name).toBeLessThan(noiseBytes)
  }
  const turnBytes = turnsPerCommand * turnBytesMax * chance
  expect(bytes).toBeLessThanOrEqual(bytesMax + turnBytes + noiseBytes)
})
