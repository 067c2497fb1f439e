// SPDX-License-Identifier: MIT
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeFolder } from '../../src/make-folder.ts'
import { runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('makes what is missing, and takes what is there', () => {
  using folder = temporaryFolder('folders')
  const path = join(folder.path, 'a', 'b', 'c')
  for (let i = 0; i < 2; i++) makeFolder(path)
  expect(statSync(path).isDirectory()).toBe(true)
})

test('refuses a file, what is below one, and no name', () => {
  using folder = temporaryFolder('folders')
  const file = join(folder.path, 'file')
  writeFileSync(file, '')
  for (const path of [file, join(file, 'x', 'y'), '']) {
    expect(() => makeFolder(path)).toThrow(expect.objectContaining({ code: 'ERR_OS' }))
  }
})

// In a process of its own: what never ends would hold up all tests.
test('ends below /proc, where no folder can be made', async () => {
  const program = join(root, 'dist', 'src', 'cli', 'peernvm.js')
  const args = [program, 'serve', '--size', '1MiB', '--vfio-user', '/proc/peernvm/device']
  const { code, stderr } = await runProgram(process.execPath, args, { timeoutMs: 10_000 })
  expect(stderr).toMatch(/ENOENT.*\/proc\/peernvm/)
  expect(code).toBe(1)
})
