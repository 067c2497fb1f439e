// SPDX-License-Identifier: MIT
// What a program drops without closing it is kept where a device may reach it, and is told of.
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runProgram } from '../support/process.ts'

const program = fileURLToPath(new URL('./programs/dropped.mjs', import.meta.url))

test.each([
  { what: 'controller', told: [/^PEERNVM_DROPPED: A controller .* close\(\)/] },
  { what: 'client', told: [/^PEERNVM_DROPPED: A controller .* close\(\)/] },
  { what: 'memory', told: [/^PEERNVM_DROPPED: Memory of 8192 bytes .* disposed/] },
  { what: 'disposed', told: [] },
  { what: 'reading', told: [] },
  { what: 'device', told: [] },
])('$what', async ({ what, told }) => {
  const args = ['--expose-gc', '--no-warnings', program, what]
  const outcome = await runProgram(process.execPath, args)
  expect(outcome).toMatchObject({ code: 0, stderr: '' })
  const warnings = JSON.parse(outcome.stdout) as string[]
  if (what === 'reading') return // its memory is dropped at the end, or not yet
  expect(warnings).toEqual(told.map((text) => expect.stringMatching(text)))
})
