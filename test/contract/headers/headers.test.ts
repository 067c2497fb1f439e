// SPDX-License-Identifier: MIT
// The public C headers: each compiles alone, as C99, as C++11 and where promised as CUDA; and
// programs written as for libnvm's master compile unchanged.
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runProgram } from '../../support/process.ts'
import { root } from '../../support/repository.ts'
import { skipVisibly } from '../../support/skip.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const include = join(root, 'lib', 'include')
const programs = join(import.meta.dirname, 'programs')
const strict = ['-Wall', '-Wextra', '-Werror', `-I${include}`]

const libnvmHeaders = [
  ...['nvm_admin.h', 'nvm_aq.h', 'nvm_cmd.h', 'nvm_ctrl.h', 'nvm_dma.h'],
  ...['nvm_error.h', 'nvm_queue.h', 'nvm_rpc.h', 'nvm_types.h', 'nvm_util.h'],
]
const cudaHeaders = ['nvm_cmd.h', 'nvm_queue.h', 'nvm_types.h', 'nvm_util.h']
const headers = readdirSync(include).filter((name) => name.endsWith('.h'))

const nvcc = ['/usr/local/cuda/bin/nvcc', '/usr/bin/nvcc'].find((path) => existsSync(path))

/** What the compiler says about a file that includes `header`, and nothing else. */
async function compileAlone(header: string, extension: string, command: string[]): Promise<string> {
  using folder = temporaryFolder('header')
  const source = join(folder.path, `alone.${extension}`)
  writeFileSync(source, `#include <${header}>\nint main(void) { return 0; }\n`)
  const [compiler = '', ...flags] = command
  const outcome = await runProgram(compiler, [...flags, source], { cwd: folder.path })
  return outcome.code === 0 ? '' : `exit ${outcome.code}\n${outcome.stdout}${outcome.stderr}`
}

test("libnvm's ten headers are there", () => {
  expect(headers).toEqual(expect.arrayContaining(libnvmHeaders))
})

describe.each(headers)('%s compiles alone', (header) => {
  test('as C99', async () => {
    const command = ['gcc', '-std=c99', '-pedantic', ...strict, '-fsyntax-only']
    expect(await compileAlone(header, 'c', command)).toBe('')
  })

  test('as C++11', async () => {
    const command = ['g++', '-std=c++11', ...strict, '-fsyntax-only']
    expect(await compileAlone(header, 'cc', command)).toBe('')
  })
})

describe.each(cudaHeaders)('%s', (header) => {
  test('compiles alone as CUDA', { timeout: 120_000 }, async (context) => {
    if (nvcc === undefined) skipVisibly(context, 'no nvcc', 'install the CUDA toolkit')
    const command = [nvcc, '-std=c++17', `-I${include}`, '-c', '-o', 'alone.o']
    expect(await compileAlone(header, 'cu', command)).toBe('')
  })
})

describe('every name of libnvm has its type, and compiles', () => {
  test.each([
    ['C99', ['gcc', '-std=c99', '-pedantic']],
    ['C++11', ['g++', '-x', 'c++', '-std=c++11']],
  ])('as %s', async (_name, [compiler = '', ...flags]) => {
    const args = [...flags, ...strict, '-fsyntax-only', join(programs, 'every-name.c')]
    expect(await runProgram(compiler, args)).toMatchObject({ code: 0, stderr: '' })
  })
})

describe('a program for libnvm', () => {
  test.each(readdirSync(programs))('compiles unchanged: %s', async (name) => {
    const command = name.endsWith('.cc') ? ['g++', '-std=c++11'] : ['gcc', '-std=gnu99']
    const [compiler = '', ...flags] = command
    const args = [...flags, ...strict, '-fsyntax-only', join(programs, name)]
    expect(await runProgram(compiler, args)).toMatchObject({ code: 0, stderr: '' })
  })
})
