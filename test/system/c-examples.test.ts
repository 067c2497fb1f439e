// SPDX-License-Identifier: MIT
// The C programs on an image file: ours in examples/c, and those written as for libnvm's master. On
// all CPUs, and on one.
import { randomBytes } from 'node:crypto'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { buildCPrograms, buildTimeoutMs, cProgram } from '../support/c-programs.ts'
import { type Outcome, runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

const build = join(root, 'build')
const bin = cProgram
const libnvmPrograms = join(root, 'test', 'contract', 'headers', 'programs')
const imageBytes = 64 << 20

beforeAll(buildCPrograms, buildTimeoutMs)

function makeImage(folder: TemporaryFolder): string {
  const path = join(folder.path, 'disk.img')
  writeFileSync(path, '')
  truncateSync(path, imageBytes)
  return path
}

async function runWell(command: string, args: readonly string[]): Promise<Outcome> {
  const outcome = await runProgram(command, args)
  expect(outcome, outcome.stderr).toMatchObject({ code: 0, signal: null })
  return outcome
}

test("identify prints libnvm's block", async () => {
  using folder = temporaryFolder('identify')
  const outcome = await runWell(bin('identify-userspace'), [`--ctrl=${makeImage(folder)}`])
  expect(outcome.stderr).toBe('Resetting controller and setting up admin queues...\n')
  const lines = outcome.stdout.split('\n')
  expect(lines[0]).toBe('------------- Controller information -------------')
  expect(lines.slice(1, -2).map((line) => line.slice(0, 26))).toEqual([
    'PCI Vendor ID           : ',
    'PCI Subsystem Vendor ID : ',
    'NVM Express version     : ',
    'Controller page size    : ',
    'Max queue entries       : ',
    'Serial Number           : ',
    'Model Number            : ',
    'Firmware revision       : ',
    'Max data transfer size  : ',
    'Max outstanding commands: ',
    'Max number of namespaces: ',
  ])
  expect(lines[1]).toMatch(/: [0-9a-f]{1,2} [0-9a-f]{1,2}$/)
  expect(lines[3]).toMatch(/: \d+\.\d+\.\d+$/)
  expect(lines[4]).toMatch(/: 4096$/)
  expect(lines[7]).toMatch(/: peernvm emulator$/)
  expect(lines.at(-2)).toBe('--------------------------------------------------')
  const both = await runWell(bin('identify-userspace'), ['-c', makeImage(folder), '-n', '1'])
  expect(both.stdout).toMatch(/\nNamespace size {10}: 131072 blocks\n/)
})

describe.each([
  { cpus: 'all CPUs', prefix: [] as string[] },
  { cpus: 'one CPU', prefix: ['taskset', '-c', '0'] },
])('on $cpus', ({ prefix }) => {
  const run = (program: string, ...args: string[]) => {
    const [command = '', ...rest] = [...prefix, bin(program), ...args]
    return runWell(command, rest)
  }

  test('integrity brings a file to the disk and back, through several queues', async () => {
    using folder = temporaryFolder('integrity')
    const image = makeImage(folder)
    const from = join(folder.path, 'from.bin')
    const to = join(folder.path, 'to.bin')
    const bytes = randomBytes((24 << 20) + 7)
    writeFileSync(from, bytes)
    await run('integrity', `--ctrl=${image}`, '--queues=4', from)
    expect(readFileSync(image).subarray(0, bytes.length).equals(bytes)).toBe(true)
    await run('integrity', `--ctrl=${image}`, `--read=${bytes.length}`, '--queues=3', to)
    expect(readFileSync(to).equals(bytes)).toBe(true)
  })

  test('read-blocks stores what read-blocks wrote', async () => {
    using folder = temporaryFolder('read-blocks')
    const image = makeImage(folder)
    const from = join(folder.path, 'from.bin')
    const to = join(folder.path, 'to.bin')
    const bytes = randomBytes(1000 * 512)
    writeFileSync(from, bytes)
    const target = ['--ctrl', image, '--offset', '77']
    await run('read-blocks', ...target, '--write', from, '--output', to, '--chunk', '33')
    expect(readFileSync(to).equals(bytes)).toBe(true)
    await run('read-blocks', ...target, '--blocks', '1000', '--ns', '1', '--output', to)
    expect(readFileSync(to).equals(bytes)).toBe(true)
    expect(
      readFileSync(image)
        .subarray(77 * 512, 1077 * 512)
        .equals(bytes),
    ).toBe(true)
  })
})

test('read-blocks shows blocks as numbers and as text', async () => {
  using folder = temporaryFolder('read-blocks')
  const image = makeImage(folder)
  const from = join(folder.path, 'from.txt')
  writeFileSync(from, 'sixteen letters.and more')
  const target = [`--ctrl=${image}`, '--blocks=1']
  const numbers = await runWell(bin('read-blocks'), [...target, `--write=${from}`])
  expect(numbers.stdout.split('\n')[1]).toMatch(/^0000000010 {2}61 6e 64 20 6d 6f 72 65 00 /)
  const text = await runWell(bin('read-blocks'), [...target, '--ascii', '--identify'])
  expect(text.stdout).toContain('Model Number            : peernvm emulator\n')
  expect(text.stdout).toContain('\n0000000000 sixteen letters.\n0000000010 and more........\n')
})

test('wrong arguments and blocks that do not exist are told', async () => {
  using folder = temporaryFolder('read-blocks')
  const image = makeImage(folder)
  const beyond = await runProgram(bin('read-blocks'), ['-c', image, '-b', '8', '-o', '131068'])
  expect(beyond).toMatchObject({ code: 1, stdout: '' })
  expect(beyond.stderr).toMatch(/^Block 131068: .*range/i)
  const none = await runProgram(bin('identify-userspace'), [])
  expect(none.code).toBe(1)
  expect(none.stderr).toMatch(/^Usage: /)
  const missing = await runProgram(bin('identify-userspace'), ['--ctrl=/nowhere/disk.img'])
  expect(missing.code).toBe(1)
  expect(missing.stderr).toContain('/nowhere/disk.img')
  const word = await runProgram(bin('integrity'), ['-c', image, '--queues=many', image])
  expect(word).toMatchObject({ code: 1, stderr: expect.stringMatching(/^--queues=many: /) })
})

test('a fault of an emulated controller befalls the one block that it names', async () => {
  expect(await runWell(bin('emulator-faults'), [])).toMatchObject({
    stdout: '2 blocks read, 1 not\n',
    stderr: 'Block 100: unrecovered_read_error\n',
  })
})

test('in C++ what is opened closes itself', async () => {
  expect(await runWell(bin('hello'), [])).toMatchObject({ stdout: 'Hello, NVMe.\n', stderr: '' })
})

describe('a program for libnvm runs unchanged', () => {
  async function compile(folder: TemporaryFolder, name: string): Promise<string> {
    const program = join(folder.path, 'program')
    const [compiler, standard] = name.endsWith('.cc') ? ['g++', 'c++11'] : ['gcc', 'gnu99']
    const object = join(folder.path, 'program.o')
    const include = `-I${join(root, 'lib', 'include')}`
    const source = join(libnvmPrograms, name)
    await runWell(compiler, [`-std=${standard}`, '-O2', include, '-c', source, '-o', object])
    const library = join(build, 'lib', 'libnvm.a')
    await runWell('g++', ['-o', program, object, library, '-pthread'])
    return program
  }

  test('identify', async () => {
    using folder = temporaryFolder('libnvm')
    const program = await compile(folder, 'identify.c')
    const outcome = await runWell(program, [makeImage(folder)])
    expect(outcome.stdout).toMatch(new RegExp(`^4096 \\d+ 1 ${imageBytes}\n$`))
  })

  test('every-name', async () => {
    using folder = temporaryFolder('libnvm')
    expect((await runWell(await compile(folder, 'every-name.c'), [])).stderr).toBe('')
  })

  test('write-pattern', async () => {
    using folder = temporaryFolder('libnvm')
    const image = makeImage(folder)
    const program = await compile(folder, 'write-pattern.c')
    for (const prefix of [[], ['taskset', '-c', '0']]) {
      truncateSync(image, 0)
      truncateSync(image, imageBytes)
      const [command = '', ...args] = [...prefix, program, image, '300']
      await runWell(command, args)
      const bytes = readFileSync(image)
      const wrong = Array.from({ length: 300 }, (_, page) => page).filter(
        (page) => !bytes.subarray(page * 4096, (page + 1) * 4096).every((b) => b === (page & 0xff)),
      )
      expect(wrong).toEqual([])
    }
  })

  test('shared-cq', async () => {
    using folder = temporaryFolder('libnvm')
    const program = await compile(folder, 'shared-cq.cc')
    const outcome = await runWell(program, [makeImage(folder)])
    expect(outcome.stdout).toBe('500\n500\n500\n')
  })
})

test('demo:file: what TypeScript wrote, C reads', async () => {
  const program = join(root, 'examples/demo/file.ts')
  const args = ['--import', 'tsx', program, join(root, 'package-lock.json')]
  const { stdout } = await runWell(process.execPath, args)
  expect(stdout.split('\n').map((line) => line.split(' ')[0])).toEqual([
    'TypeScript',
    'C',
    'cmp',
    '',
  ])
})
