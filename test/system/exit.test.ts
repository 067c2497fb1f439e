// SPDX-License-Identifier: MIT
// A program may end at any moment: no signal, its own exit code, and an image that the next one can
// open.
import { closeSync, ftruncateSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openController } from 'peernvm'
import { describe, expect, test } from 'vitest'
import { runProgram } from '../support/process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const program = fileURLToPath(new URL('./programs/exit-during-io.mjs', import.meta.url))

function makeImage(folder: string): string {
  const path = join(folder, 'disk.img')
  const fd = openSync(path, 'w')
  ftruncateSync(fd, 16 << 20)
  closeSync(fd)
  return path
}

describe('exit', () => {
  test.each([
    { way: 'await', end: 'exit', code: 7 },
    { way: 'raw', end: 'exit', code: 7 },
    { way: 'opening', end: 'exit', code: 7 },
    { way: 'recovery', end: 'exit', code: 7 },
    { way: 'recovery', end: 'throw', code: 1 },
    { way: 'await', end: 'throw', code: 1 },
    { way: 'raw', end: 'throw', code: 1 },
    { way: 'nothing', end: 'drain', code: 0 },
  ])('$end while busy with $way ends with code $code', async ({ way, end, code }) => {
    using folder = temporaryFolder('exit')
    const image = makeImage(folder.path)
    const outcome = await runProgram(process.execPath, [program, image, way, end])
    expect(outcome).toMatchObject({ code, signal: null })
    await using controller = await openController(image)
    expect(controller.info.writeProtected).toBe(false)
  })

  test('a second process is told who has the image', async () => {
    using folder = temporaryFolder('exit')
    const image = makeImage(folder.path)
    await using _controller = await openController(image)
    const outcome = await runProgram(process.execPath, [program, image, 'nothing', 'drain'])
    expect(outcome.code).toBe(1)
    expect(outcome.stderr).toContain('ERR_BUSY')
    expect(outcome.stderr).toContain(String(process.pid))
  })
})
