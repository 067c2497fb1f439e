// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const program = join(root, 'test', 'system', 'programs', 'read-once.mjs')
const lines = [
  expect.stringMatching(/ ms memory queue 1 command 0: Read of 1 blocks at LBA 7 of namespace 1$/),
  expect.stringMatching(/ queue 1 command 0: Successful Completion after [\d.]+ us$/),
]
const threads = join(root, 'test', 'system', 'programs', 'trace-threads.mjs')
const linesOf = (text: string): string[] =>
  text.split('\n').filter((line) => line.includes(' queue 1 '))

describe('PEERNVM_TRACE', () => {
  test('1 writes each command to stderr', async () => {
    const { code, stderr } = await runProgram(process.execPath, [program], {
      env: { PEERNVM_TRACE: '1' },
    })
    expect(code).toBe(0)
    expect(linesOf(stderr)).toEqual(lines)
  })

  test('anything else is the file that they are appended to', async () => {
    using folder = temporaryFolder('trace')
    const file = join(folder.path, 'trace.txt')
    for (let i = 0; i < 2; i++) {
      await runProgram(process.execPath, [program], { env: { PEERNVM_TRACE: file } })
    }
    expect(linesOf(readFileSync(file, 'utf8'))).toEqual([...lines, ...lines])
  })

  test.each([
    ['/no/such/folder/trace.txt', /ENOENT.*Name a file/],
    ['/dev/full', /ENOSPC.*Name a file/],
  ])('a file that cannot be written (%s) is one line, and ends no program', async (file, why) => {
    const outcome = await runProgram(process.execPath, [program], { env: { PEERNVM_TRACE: file } })
    expect(outcome).toMatchObject({ code: 0, stderr: expect.stringMatching(why) })
    expect(outcome.stderr).toMatch(/^peernvm: PEERNVM_TRACE=.*\n$/)
  })

  test('nor does a stderr that nobody reads', async () => {
    const env = { ...process.env, PEERNVM_TRACE: '1' }
    const child = spawn(process.execPath, [program], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 20_000,
    })
    child.stderr?.destroy()
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  test.each([
    ['both', 2],
    ['only the other', 1],
  ])('threads: %s', async (who, count) => {
    using folder = temporaryFolder('trace')
    const file = join(folder.path, 'trace.txt')
    const { code, stderr } = await runProgram(process.execPath, [threads, file], {
      env: { PEERNVM_TRACE: who === 'both' ? file : '' },
    })
    expect(code, stderr).toBe(0)
    const lines = readFileSync(file, 'utf8').split('\n')
    const begun = lines.filter((line) => line.endsWith(': Keep Alive'))
    const ids = begun.map((line) => line.split(' ').at(6))
    expect(ids).toHaveLength(count)
    for (const id of ids) {
      const ends = lines.filter((line) => line.includes(` queue 0 command ${id} Successful`))
      expect(ends).toHaveLength(1)
    }
  })
})
