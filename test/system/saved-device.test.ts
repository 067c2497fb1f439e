// SPDX-License-Identifier: MIT
// A device that one process saved goes on in another one.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runProgram } from '../support/process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const program = fileURLToPath(new URL('./programs/saved-device.mjs', import.meta.url))

test.each([
  { where: 'in memory', image: undefined },
  { where: 'over an image', image: 'disk.img' },
])('a device $where goes on in another process', async ({ image }) => {
  using folder = temporaryFolder('saved-device')
  const run = async (task: string): Promise<unknown> => {
    const files = ['saved', ...(image === undefined ? [] : [image])]
    const paths = files.map((name) => join(folder.path, name))
    const outcome = await runProgram(process.execPath, [program, task, ...paths])
    expect(outcome, outcome.stderr).toMatchObject({ code: 0, signal: null })
    return JSON.parse(outcome.stdout)
  }
  const saved = await run('save')
  expect(saved).toMatchObject({ mn: 'M1', ids: [1, 2], blockSize: 4096, bytes: [77] })
  expect(await run('load')).toEqual(saved)
})
