// SPDX-License-Identifier: MIT
// 256 MiB through the whole of it: written through promises by one process, read by another through
// raw queues, by a C program written for libnvm, and as a plain file by this one. On all CPUs, and
// on one, where device and client take turns.
import { closeSync, ftruncateSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { buildCPrograms, buildTimeoutMs, cProgram } from '../support/c-programs.ts'
import { runProgram } from '../support/process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const program = fileURLToPath(new URL('./programs/write-image.mjs', import.meta.url))
const imageBytes = 256 << 20
const chunkBytes = 1 << 20

function makeImage(folder: string): string {
  const path = join(folder, 'disk.img')
  const fd = openSync(path, 'w')
  ftruncateSync(fd, imageBytes)
  closeSync(fd)
  return path
}

beforeAll(buildCPrograms, buildTimeoutMs)

/** Words of the file that are not what write-image.mjs writes there. */
function countDifferent(path: string): number {
  const file = readFileSync(path)
  const words = new Int32Array(file.buffer, file.byteOffset, file.byteLength / 4)
  const wordsPerChunk = chunkBytes / 4
  let different = 0
  for (let i = 0; i < words.length; i++) {
    const chunk = Math.floor(i / wordsPerChunk)
    const expected = (Math.imul(chunk + 1, 2654435761) + (i % wordsPerChunk)) | 0
    if (words[i] !== expected) different++
  }
  return different
}

describe('round trip of 256 MiB', () => {
  test.each([
    { cpus: 'all CPUs', prefix: [] },
    { cpus: 'one CPU', prefix: ['taskset', '-c', '0'] },
  ])('on $cpus', { timeout: 120_000 }, async ({ prefix }) => {
    using folder = temporaryFolder('round-trip')
    const image = makeImage(folder.path)
    for (const [task, printed] of [
      ['write', ''],
      ['compare', '0 different\n'],
    ] as const) {
      const [command = '', ...args] = [...prefix, process.execPath, program, task, image]
      const outcome = await runProgram(command, args)
      expect(outcome).toEqual({ code: 0, signal: null, stdout: printed, stderr: '' })
    }
    expect(countDifferent(image)).toBe(0)

    const copy = join(folder.path, 'copy')
    const [command = '', ...args] = [
      ...prefix,
      cProgram('read-blocks'),
      `--ctrl=${image}`,
      `--blocks=${imageBytes / 512}`,
      `--output=${copy}`,
    ]
    const outcome = await runProgram(command, args)
    expect(outcome, outcome.stderr).toMatchObject({ code: 0, signal: null })
    expect(await runProgram('cmp', [image, copy])).toMatchObject({ code: 0, stdout: '' })
  })
})
