// SPDX-License-Identifier: MIT
// nvm-latency-bench in the spelling of libnvm's master: its text, and that the right bytes move.
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const bench = (line: string) =>
  runProgram(process.execPath, [join(root, 'dist/benchmarks/latency/main.js'), ...line.split(' ')])

const numbers = (label: string) =>
  expect.stringMatching(new RegExp(`^ *${label}: {1,14}\\d+\\.\\d{3}(, +\\d+\\.\\d{3}){3}$`))
const percentiles = [
  '            bandwidth,       adj iops,    cmd latency,    prp latency',
  ...['max', '0.99', '0.97', '0.95', '0.90', '0.75', '0.50', '0.25', '0.10', '0.05'].map(numbers),
  ...['0.01', 'min'].map(numbers),
]

test('two queues print master’s lines', async () => {
  const line = '--queue no=1,depth=2 --queue no=2,prps=4,loc=remote --blocks=1000 -i 5 --info'
  const { code, stderr, stdout } = await bench(line)
  expect(stderr.split('\n')).toEqual([
    'Resetting controller... DONE',
    'Preparing queues... DONE',
    'Preparing buffers and transfer lists... DONE',
    '- QUEUE no=01 location=local cmds=2 prps=32',
    '- QUEUE no=02 location=remote cmds=64 prps=4',
    '- BUFFER location=local size=512000 prps=125 blocks=1000',
    '- CTRL fdid=0 namespace=1 total-blocks=2097152 total-prps=262144',
    '- TRANSFER queue=01 pattern=sequential total-cmds=2 total-blocks=500 total-prps=63 ' +
      'block-start=0 block-count=500 prp-start=0 prp-count=63',
    '- TRANSFER queue=02 pattern=sequential total-cmds=16 total-blocks=500 total-prps=63 ' +
      'block-start=500 block-count=500 prp-start=63 prp-count=63',
    'Running latency benchmark (reading, sequential, 5 iterations)... DONE',
    'Calculating percentiles...',
    'Queue #01 read percentiles (5 samples)',
    ...percentiles,
    'Queue #02 read percentiles (5 samples)',
    ...percentiles,
    'Aggregated read percentiles (5 samples)',
    ...percentiles,
    'End percentiles',
    'OK!',
    '',
  ])
  expect(stdout).toBe('')
  expect(code).toBe(0)
})

test('statistics have a row for each sample, and the sum of the queues', async () => {
  const { stdout } = await bench('--queue no=1 --queue no=2 --commands=4 -i 3 -P -p -B --stats')
  const [header, ...rows] = stdout.trimEnd().split('\n')
  expect(header).toBe(
    '#queue; rd/wr; commands;         time;       blocks;         prps;         size;' +
      '  cmd-latency;  blk-latency;  prp-latency;    bandwidth;         iops;' +
      ' blks-per-sec; prps-per-sec;',
  )
  expect(rows.map((row) => row.slice(0, 24).trim())).toEqual([
    ...['01', '01', '01', '02', '02', '02'].map((no) => `${no};  read;        4;`),
    ...['aggr', 'aggr', 'aggr'].map((no) => `${no};  read;        8;`),
  ])
  const [, , , time, blocks, prps, size, cmd, blk, prp, bandwidth, iops] = (rows[0] as string)
    .split(';')
    .map(Number) as [number, number, ...number[]]
  expect([blocks, prps, size]).toEqual([1024, 128, 524288])
  expect(cmd).toBeCloseTo((time as number) / 4, 2)
  expect(blk).toBeCloseTo((time as number) / 1024, 2)
  expect(prp).toBeCloseTo((time as number) / 128, 2)
  expect(bandwidth).toBeCloseTo((size as number) / (time as number), -2)
  expect(iops).toBeCloseTo(4e6 / (time as number), -2)
})

test('a file is written, verified and read again', async () => {
  using folder = temporaryFolder('master')
  const image = join(folder.path, 'disk.img')
  const bytes = randomBytes(300 * 512)
  writeFileSync(image, Buffer.alloc(1 << 20))
  writeFileSync(join(folder.path, 'in'), bytes)
  const place = `-d ${image} --queue no=1,d=3,p=2 -q no=2 --blocks=300 -o 9 -i 2`
  const written = await bench(`${place} --write --infile ${folder.path}/in --verify`)
  expect(written).toMatchObject({ code: 0 })
  expect(written.stderr).toMatch(
    /Reading input file\.\.\. DONE\n[\s\S]*\(writing, sequential[\s\S]*Verifying buffers\.\.\. DONE\n/,
  )
  const read = await bench(`${place} --outfile ${folder.path}/out --parallel`)
  expect(read.stderr).toContain('Writing to output file... DONE\n')
  expect(readFileSync(join(folder.path, 'out')).equals(bytes)).toBe(true)
  writeFileSync(join(folder.path, 'in'), randomBytes(300 * 512))
  const wrong = await bench(`${place} --infile ${folder.path}/in --verify`)
  expect(wrong.code).toBe(1)
  expect(wrong.stderr).toContain('Verifying buffers... FAIL')
})

test('a file that cannot be written is refused before anything runs', async () => {
  for (const option of ['--outfile /none/a', '--stats=/none/a']) {
    const { code, stderr } = await bench(`--queue no=1 --blocks=10 ${option}`)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^The operating system refused: ENOENT: .* name a file in a folder/)
  }
})

test('what is beyond the namespace is refused, at random too', async () => {
  const beyond = await bench('--queue no=1 --blocks=10 --offset 2097150')
  expect(beyond).toMatchObject({ code: 1, stderr: expect.stringContaining('2097152') })
  expect(await bench('--queue no=1 --prps=100 --random -i 3')).toMatchObject({ code: 0 })
  expect(await bench('--queue no=1 --bytes=100')).toMatchObject({ code: 2 })
})
