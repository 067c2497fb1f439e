// SPDX-License-Identifier: MIT
// nvm-latency-bench as its users run it.
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const bench = (...args: string[]) =>
  runProgram(process.execPath, [join(root, 'dist/benchmarks/latency/main.js'), ...args])

test('without a controller it measures an emulator and prints libnvm’s lines', async () => {
  const { code, stderr, stdout } = await bench('--blocks=1000', '--pattern=sequential', '-r', '20')
  expect(stderr.split('\n')).toEqual([
    'Resetting controller...',
    'Queue #01 remote qd=32 blocks=1000 offset=0 pattern=sequential (4 commands)',
    'Creating buffer (125 pages)...',
    '(emulated controller: times are software overhead, not the latency of a drive)',
    'Running benchmark...',
    expect.stringMatching(
      /^Queue #01 total-blocks=20000 count=20 min=\d+\.\d{3} avg=\d+\.\d{3} max=\d+\.\d{3}$/,
    ),
    ...['0.99', '0.97', '0.95', '0.90', '0.75', '0.50', '0.25', '0.05', '0.01'].map((fraction) =>
      expect.stringMatching(new RegExp(`^\\t${fraction}: {1,14}\\d+\\.\\d{3}$`)),
    ),
    'OK!',
    '',
  ])
  expect(stdout).toBe('')
  expect(code).toBe(0)
})

test('linear queues split the blocks, and every window is a stats row', async () => {
  const { code, stderr, stdout } = await bench(
    ...'-n 300 -q 3 -d 2 -r 5 -w 2 -p linear -s --local-sq'.split(' '),
  )
  expect(stderr).toContain('Queue #02 local qd=2 blocks=100 offset=100 pattern=linear (1 commands)')
  expect(stdout.trim().split('\n')).toHaveLength(3 * 5)
  expect(stdout).toMatch(/^#0001 {8}1 {10}100 +\d+\.\d{3} +\d+\.\d{3}$/m)
  expect(code).toBe(0)
})

test('--verify finds what the image holds, and one wrong byte', async () => {
  using folder = temporaryFolder('latency')
  const image = join(folder.path, 'disk.img')
  const bytes = randomBytes(1 << 20)
  writeFileSync(image, bytes)
  writeFileSync(join(folder.path, 'same'), bytes)
  const wrong = Buffer.from(bytes)
  wrong.writeUInt8(bytes.readUInt8(5000) ^ 1, 5000)
  writeFileSync(join(folder.path, 'wrong'), wrong)
  const args = ['-c', image, '-n', '1000', '-r', '2', '--verify']
  expect(await bench(...args, join(folder.path, 'same'))).toMatchObject({ code: 0 })
  const refused = await bench(...args, join(folder.path, 'wrong'))
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain('at byte 5000')
})

test('blocks beyond the namespace are refused, and a misspelt option is named', async () => {
  using folder = temporaryFolder('latency')
  const image = join(folder.path, 'disk.img')
  writeFileSync(image, Buffer.alloc(1 << 20))
  const tooMany = await bench('-c', image, '-n', '2049')
  expect(tooMany.code).toBe(1)
  expect(tooMany.stderr).toContain('the namespace has 2048')
  const misspelt = await bench('--dpeth', '3')
  expect(misspelt.code).toBe(2)
  expect(misspelt.stderr).toContain('dpeth')
})
