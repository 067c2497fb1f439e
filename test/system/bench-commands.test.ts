// SPDX-License-Identifier: MIT
// nvm-latency-bench per command, as its users run it: every engine moves the right bytes, a seed
// repeats what was drawn, results are whole, signals end it cleanly.
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readResult } from '../../src/report/json.ts'
import type { BenchResult, DirectionResult } from '../../src/report/result.ts'
import { runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

const program = join(root, 'dist/benchmarks/latency/main.js')
const bench = (...args: string[]) => runProgram(process.execPath, [program, ...args])
const small = ['--emulator-size', '16MiB', '--progress', 'none']

let folder: TemporaryFolder
beforeEach(() => {
  folder = temporaryFolder('bench')
})
afterEach(() => folder[Symbol.dispose]())
const at = (name: string) => join(folder.path, name)

/** The result of a run that has to succeed. */
async function resultOf(...args: string[]): Promise<BenchResult> {
  const { code, stderr } = await bench(...small, '--json', at('result.json'), ...args)
  expect(stderr).not.toMatch(/error|fail/i)
  expect(code).toBe(0)
  return readResult(at('result.json'))
}

/** A new image of 4 MiB. */
function newImage(): string {
  const image = at('disk.img')
  for (const name of [image, `${image}.peernvm`]) rmSync(name, { force: true })
  writeFileSync(image, Buffer.alloc(4 << 20))
  return image
}

const hashOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')

describe.each(['js', 'await', 'batch', 'native'])('engine %s', (engine) => {
  test('what it writes from a file it reads into another, and the rest is left alone', async () => {
    const image = newImage()
    const bytes = randomBytes(1 << 20)
    writeFileSync(at('in'), bytes)
    const place = ['-c', image, '--engine', engine, '--offset', '1MiB', '--size', '1MiB']
    const queues = ['--queues', '3', '--threads', '2', '--pattern', 'linear', '--bs', '4k,64k']
    const written = await bench(...place, ...queues, '--write', '--infile', at('in'))
    expect(written).toMatchObject({ code: 0 })
    const read = await bench(...place, '--bs', '12k', '--depth', '5', '--outfile', at('out'))
    expect(read).toMatchObject({ code: 0 })
    expect(readFileSync(at('out')).equals(bytes)).toBe(true)
    const whole = readFileSync(image)
    expect(whole.subarray(1 << 20, 2 << 20).equals(bytes)).toBe(true)
    expect(whole.subarray(0, 1 << 20).equals(Buffer.alloc(1 << 20))).toBe(true)
    expect(whole.subarray(2 << 20).equals(Buffer.alloc(2 << 20))).toBe(true)
  })

  test('its result adds up', async () => {
    const line = '--runtime 100ms --ramp 20ms --queues 2 --bs 512:1,4k:1 --write --write-percent 30'
    const result = await resultOf('--engine', engine, '--pattern', 'random', ...line.split(' '))
    expect(result).toMatchObject({ emulated: true, interrupted: false })
    expect(result.workload).toMatchObject({ engine, writePercent: 30, queues: 2, runtimeMs: 100 })
    const [run] = result.runs
    for (const direction of ['read', 'write'] as const) {
      const whole = run?.[direction] as DirectionResult
      const parts = run?.queues.map((queue) => queue[direction]?.commands ?? 0) ?? []
      expect(parts.reduce((sum, count) => sum + count, 0)).toBe(whole.commands)
      const counted = whole.latency.steps.reduce((sum, [, , count]) => sum + count, 0)
      expect(counted).toBe(whole.commands)
      expect(whole.bytes).toBeGreaterThanOrEqual(512 * whole.commands)
      expect(whole.bytes).toBeLessThanOrEqual(4096 * whole.commands)
      const { min, mean, max } = whole.latency
      expect(min).toBeLessThanOrEqual(mean)
      expect(mean).toBeLessThanOrEqual(max)
      for (const { ns } of whole.latency.percentiles) expect(ns).toBeLessThanOrEqual(max)
    }
    const inIntervals = run?.intervals.reduce((sum, { commands }) => sum + commands, 0)
    expect(inIntervals).toBe((run?.read?.commands ?? 0) + (run?.write?.commands ?? 0))
    const written = run?.intervals.reduce((sum, each) => sum + (each.written?.commands ?? 0), 0)
    expect(written).toBe(run?.write?.commands)
    expect(run?.process?.userNs).toBeGreaterThan(0)
    expect(run?.process?.wallNs).toBeGreaterThan(100e6)
  })

  test('at a rate it sends no more than that', async () => {
    const result = await resultOf('--engine', engine, '--rate', '2k', '--runtime', '200ms')
    const [run] = result.runs
    const due = (2000 * (run?.durationNs ?? 0)) / 1e9
    expect(run?.read?.commands).toBeLessThanOrEqual(due + 2)
    expect(run?.read?.commands).toBeGreaterThan(0)
  })
})

test.each([['--json'], ['--outfile'], ['--report']])(
  '%s does not overwrite the image that is measured',
  async (option) => {
    const image = newImage()
    const before = hashOf(image)
    const other = `${dirname(image)}/./${basename(image)}`
    const { code, stderr } = await bench('-c', image, '--size', '1MiB', option, other)
    expect(code).toBe(2)
    expect(stderr).toContain('is read or measured; name another file for results')
    expect(hashOf(image)).toBe(before)
  },
)

test('a seed writes the same blocks with every engine, and another seed others', async () => {
  writeFileSync(at('in'), randomBytes(1 << 20))
  const hashes: string[] = []
  for (const [engine, seed] of [
    ['js', 7],
    ['await', 7],
    ['batch', 7],
    ['native', 7],
    ['native', 8],
  ] as const) {
    const image = newImage()
    const what = ['-c', image, '--engine', engine, '--seed', String(seed), '--write']
    const how = ['--size', '1MiB', '--bs', '4k:2,8k:1', '--queues', '2', '--pattern', 'random']
    const { code, stderr } = await bench(...what, ...how, '--infile', at('in'))
    expect(code).toBe(0)
    expect(stderr).toContain(`seed ${seed}`)
    hashes.push(hashOf(image))
  }
  const [first, ...others] = hashes
  expect(others.slice(0, 3)).toEqual([first, first, first])
  expect(others[3]).not.toBe(first)
})

test('a sweep has every depth, each as often as --runs says, and random runs differ', async () => {
  const line = '--depth 1,2..8 --runs 2 --runtime 20ms --seed 5 --pattern random'
  const result = await resultOf(...line.split(' '))
  const order = result.runs.map(({ depth, run }) => [depth, run])
  expect(order).toEqual([1, 2, 4, 8].flatMap((depth) => [0, 1].map((run) => [depth, run])))
  expect(result.workload).toMatchObject({ depths: [1, 2, 4, 8], runCount: 2, seed: 5 })
  expect(result.command).toEqual([...small, '--json', at('result.json'), ...line.split(' ')])
})

test('--json - is a result on standard output, and a pipe has no control codes', async () => {
  const line = '--emulator-size 16MiB --runtime 1200ms --json -'
  const { code, stderr, stdout } = await bench(...line.split(' '))
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ format: 'nvm-latency-bench', version: 1 })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  expect(stderr).not.toMatch(/[\r\x1b]/)
  const lines = stderr.trim().split('\n').slice(1)
  expect(lines.map((text) => Object.keys(JSON.parse(text)))).toContainEqual(
    expect.arrayContaining(['iops', 'p50Ns', 'p99Ns', 'remainingMs']),
  )
})

test('a result goes into every form, and two are compared', async () => {
  const forms = ['--json', 'a.json', '--fio-json', 'fio.json', '--report', 'a.html', '--svg', 'svg']
  const paths = forms.map((word) => (word.startsWith('--') ? word : at(word)))
  const run = ['--runtime', '50ms', '--runs', '2', '--depth', '1,4', ...small]
  const { code, stdout } = await bench(...run, ...paths)
  expect(code).toBe(0)
  expect(stdout).toMatch(/^read, mean ± σ +depth 1 +depth 4$/m)
  expect(JSON.parse(readFileSync(at('fio.json'), 'utf8'))).toHaveProperty('jobs')
  expect(readFileSync(at('a.html'), 'utf8')).toContain('</html>')
  expect(readFileSync(at('svg/percentiles-read.svg'), 'utf8')).toContain('</svg>')
  await bench(...run, '--json', at('b.json'))
  const compared = await bench('compare', at('a.json'), at('b.json'), '--report', at('ab.html'))
  expect(compared.code).toBe(0)
  expect(compared.stdout).toMatch(/^depth 4 +read +IOPS .*(real|within the spread)/m)
  expect(readFileSync(at('ab.html'), 'utf8')).toContain('</html>')
})

test('results that could not be written are refused before anything is measured', async () => {
  const { code, stderr } = await bench('--runtime', '60s', '--report', at('none/a.html'))
  expect(code).toBe(1)
  expect(stderr).toContain('ENOENT')
  expect(await bench('compare', at('none.json'))).toMatchObject({ code: 2 })
})

test.each([
  ['SIGINT', 130, 'js'],
  ['SIGTERM', 143, 'native'],
] as const)(
  '%s ends it with %i and the results so far',
  async (signal, exitCode, engine) => {
    const line = `--emulator-size 16MiB --runtime 60s --runs 3 --engine ${engine}`
    const args = [program, ...line.split(' '), '--json', at('result.json')]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.on('data', (text: Buffer) => {
      stderr += text
      if (stderr.includes('"iops"')) child.kill(signal)
    })
    const [code] = await once(child, 'exit')
    expect(code).toBe(exitCode)
    const result = readResult(at('result.json'))
    expect(result.interrupted).toBe(true)
    expect(result.runs).toHaveLength(1)
    expect(result.runs[0]?.read?.commands).toBeGreaterThan(0)
    expect(result.runs[0]).toMatchObject({ interrupted: true })
    expect(result.runs[0]?.durationNs).toBeLessThan(50e9)
  },
  30_000,
)

test.each([
  ['libnvm’s way', '-r 1000000000 -n 8'],
  ['master’s way, in one of its passes', '--queue no=1 --blocks=8 -i 1 --repeat 1000000000'],
])(
  '%s ends cleanly too',
  async (_, line) => {
    const args = [program, ...line.split(' ')]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.on('data', (text: Buffer) => {
      const isRunning = /Running (latency )?benchmark/
      const wasRunning = isRunning.test(stderr)
      stderr += text
      if (!wasRunning && isRunning.test(stderr)) child.kill('SIGINT') // the second one ends it
    })
    const [code] = await once(child, 'close')
    expect(code).toBe(130)
    expect(stderr).toContain('Interrupted: results so far.')
  },
  30_000,
)

test('a dry run touches nothing, not even the image', async () => {
  const image = newImage()
  const before = statSync(image)
  for (const line of ['--runtime 1s --write', '-r 3 --write', '--queue no=1 --blocks=8 --write']) {
    const args = [...line.split(' '), '--dry-run', line.includes('no=1') ? '-d' : '-c', image]
    const { code, stdout, stderr } = await bench(...args)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain(`Would open ${image}`)
    expect(stdout).toContain('Would WRITE')
  }
  const after = statSync(image)
  expect([after.mtimeMs, after.size]).toEqual([before.mtimeMs, before.size])
  expect(existsSync(`${image}.peernvm`)).toBe(false)
})

test('what the controller cannot do is refused, and a failing thread ends the run', async () => {
  const refused = async (line: string) => {
    const { code, stderr } = await bench(...small, ...line.split(' '))
    expect(code).not.toBe(0)
    return stderr
  }
  expect(await refused('--bs 1MiB')).toContain('a command moves at most 131072 bytes')
  expect(await refused('--bs 100')).toContain('no whole number of blocks')
  expect(await refused('--offset 17MiB --bs 4k')).toContain('the namespace has 32768')
  expect(await refused('--queues 200 --threads 2 --runtime 1s')).toContain('grants 128 queue pairs')
  const deep = await refused('--depth 1,4096 --runtime 60s')
  expect(deep).toContain('a queue of this controller holds 4095 commands')
  expect(await refused('--runtime 1s --namespace 9')).toMatch(/namespace/i)
})

test('--verify finds one wrong byte', async () => {
  const image = newImage()
  const bytes = randomBytes(1 << 16)
  writeFileSync(image, Buffer.concat([bytes, Buffer.alloc((4 << 20) - bytes.length)]))
  writeFileSync(at('same'), bytes)
  bytes.writeUInt8(bytes.readUInt8(5000) ^ 1, 5000)
  writeFileSync(at('wrong'), bytes)
  const args = ['-c', image, '--size', '64k', '--bs', '4k', '--progress', 'none', '--verify']
  expect(await bench(...args, at('same'))).toMatchObject({ code: 0 })
  const wrong = await bench(...args, at('wrong'))
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('at byte 5000') })
  const long = bench('-c', image, '--bs', '4k', '--progress', 'none', '--verify', at('same'))
  const stderr = expect.stringContaining('has 65536 bytes, 4194304 are needed')
  expect(await long).toMatchObject({ code: 2, stderr })
})

test('of a file without end the range is read, and of one beyond 2 GiB as well', async () => {
  const image = newImage()
  const place = ['-c', image, '--size', '3MiB', '--bs', '64k', '--progress', 'none']
  writeFileSync(image, randomBytes(4 << 20))
  expect(await bench(...place, '--write', '--infile', '/dev/zero')).toMatchObject({ code: 0 })
  expect(
    readFileSync(image)
      .subarray(0, 3 << 20)
      .equals(Buffer.alloc(3 << 20)),
  ).toBe(true)
  writeFileSync(at('huge'), '')
  truncateSync(at('huge'), 5 * 2 ** 30)
  for (const file of ['/dev/zero', at('huge')]) {
    expect(await bench(...place, '--verify', file)).toMatchObject({ code: 0 })
  }
  const master = ['-d', image, '--queue', 'no=1', '--blocks=100', '-i', '1', '--verify']
  expect(await bench(...master, '--infile', at('huge'))).toMatchObject({ code: 0 })
})
