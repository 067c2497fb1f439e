// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { describePlan } from '../../../benchmarks/latency/dry-run.ts'
import { parseMaster } from '../../../benchmarks/latency/master/options.ts'
import { parseOptions } from '../../../benchmarks/latency/options.ts'
import { explainReadings, isMaster } from '../../../benchmarks/latency/spelling.ts'

const parse = (line: string) => parseOptions(line.split(' ').filter(Boolean))

test('the short letters mean what they mean in the classic spelling', () => {
  const options = parse('-c disk.img -n 10 -o 5 -q 2 -d 8 -i 3 -w 4 -r 6 -p seq -s')
  expect(options).toMatchObject({
    way: 'windows',
    ctrl: 'disk.img',
    blocks: 10,
    offset: 5,
    queues: 2,
    depth: 8,
    namespace: 3,
    warmups: 4,
    repeat: 6,
    pattern: 'sequential',
    stats: true,
    write: false,
  })
})

test.each([
  ['--pattern zigzag', /sequential, linear or random/],
  ['--ctrl= --blocks 4', /--ctrl is empty; leave it out/],
  ['--ctrl= --runtime 1s', /--ctrl is empty/],
  ['--ctrl a.img --emulator-size 1GiB', /--emulator-size .* leave out --ctrl, or it/],
  ['--blocks 0', /--blocks/],
  ['--blocks 1.5', /--blocks/],
  ['--depth -1', /--depth/],
  ['--depth 1 --depth 2', /--depth was given twice/],
  ['--namespace 0', /--namespace/],
  ['--namespace 4294967295', /one namespace/],
  ['--verify f --write', /--verify/],
  ['--verify f --pattern random', /--verify/],
  ['--dpeth 3', /dpeth/],
  ['--runtime 1s --repeat 3', /--repeat belongs to libnvm's windows, --runtime/],
  ['--depth 1,2 -n 7', /--blocks belongs to libnvm's windows, --depth/],
  ['--engine js --threads 2', /--threads must not exceed --queues/],
  ['--engine rust', /engine/],
  ['--write-percent 10', /--write-percent needs --write/],
  ['--infile f', /--infile needs --write/],
  ['--infile f --write --write-percent 50', /--infile needs --write, without reads/],
  ['--outfile f --write', /--outfile goes with reading/],
  ['--outfile f --pattern random', /--outfile needs blocks in order/],
  ['--outfile f --ramp 1s', /--ramp needs --runtime/],
  ['--runtime 0', /--runtime/],
  ['--rate 0', /--rate/],
  ['--seed 4294967296', /--seed/],
])('%s is refused, naming the option', (line, message) => {
  expect(() => parse(line)).toThrow(message)
})

test('an empty target is refused in master’s spelling, too', () => {
  const line = ['--queue', 'no=1', '--blocks=8', '--ctrl', '']
  expect(() => parseMaster(line)).toThrow(/--ctrl is empty/)
})

test.each([
  '--runtime 1s',
  '--depth 1,2',
  '--depth 1..4',
  '--offset 1MiB',
  '--json -',
  '--engine js',
  '--timing p4800x',
])('%s chooses to measure each command', (line) => {
  expect(parse(line).way).toBe('commands')
})

test('without any of them it is libnvm’s way', () => {
  expect(parse('').way).toBe('windows')
  expect(parse('--depth 64 --offset 7 --yes --pattern random').way).toBe('windows')
})

test('options per command, and their defaults', () => {
  expect(parse('--json r.json')).toMatchObject({
    engine: 'js',
    sizes: { sizes: [{ byteLength: 4096, weight: 1 }] },
    runtimeMs: 5000,
    rampMs: 0,
    writePercent: 0,
    rate: null,
    seed: undefined,
    depths: [32],
    runs: 1,
  })
  const line = '--write --write-percent 30 --rate 50k --seed 7 --ramp 500ms --size 1GiB --runs 10'
  expect(parse(line)).toMatchObject({
    writePercent: 30,
    rate: 50_000,
    seed: 7,
    rampMs: 500,
    size: { bytes: 2 ** 30 },
    runs: 10,
  })
  expect(parse('--write --json -')).toMatchObject({ writePercent: 100 })
  expect(parse('--outfile f')).toMatchObject({ runtimeMs: null })
})

test('a queue with a specification chooses master’s spelling, as its name does', () => {
  const given = (line: string) => isMaster(line.split(' '))
  expect(given('--queue no=1 --blocks=8')).toBe(true)
  expect(given('--queue=no=1,depth=3')).toBe(true)
  expect(given('-q id=2')).toBe(true)
  expect(given('-qno=1')).toBe(true)
  expect(given('--spelling master')).toBe(true)
  expect(given('-q 2')).toBe(false)
  expect(given('--spelling=readme -q no=1')).toBe(false)
  expect(given('-c no=1')).toBe(false)
})

test('in master’s spelling the letters mean what they mean there', () => {
  const line = '-d disk.img -n 2 -q no=3,d=4,p=8,l=remote -c 10 -b -o 5 -i 7 -I 2 -r -P -B'
  expect(parseMaster(line.split(' '))).toMatchObject({
    ctrl: 'disk.img',
    namespace: 2,
    queues: [{ no: 3, depth: 4, prps: 8, location: 'remote' }],
    unit: 'blocks',
    count: 10,
    offset: 5,
    iterations: 7,
    repeat: 2,
    random: true,
    shared: true,
    bandwidth: true,
    parallel: false,
    write: false,
  })
  expect(parseMaster(['--queue', 'no=1', '--bytes=4096'])).toMatchObject({
    unit: 'bytes',
    count: 4096,
  })
})

test.each([
  ['--queue no=1', /how much is missing/],
  ['--queue no=1 --blocks=1 -c 2', /given twice/],
  ['--queue no=1 --blocks=1 --bytes=2', /two units/],
  ['--queue no=1 --queue no=1 --blocks=1', /Queue number 1 is already used!/],
  ['--queue no=1,depth=65 --blocks=1', /queue depth\) must be between 0 and 64/],
  ['--queue no=1,deep --blocks=1', /`no=1,deep' is a malformed .*`deep' is not key=value/],
  ['--queue no=0 --blocks=1', /malformed/],
  ['--queue depth=3 --blocks=1', /malformed/],
  ['--queue no=1,l=gpu0 --blocks=1', /location is local or remote/],
  ['--queue no=1 --blocks=1 --verify', /--verify compares with --infile/],
  ['--spelling master --blocks=1', /needs --queue/],
])('%s is refused', (line, message) => {
  expect(() => parseMaster(line.split(' '))).toThrow(message)
})

test('a word of the other spelling is explained in both', () => {
  const explain = (line: string) => () => {
    const args = line.split(' ')
    const inMaster = isMaster(args)
    return explainReadings<unknown>(args, inMaster, () =>
      inMaster ? parseMaster(args) : parseOptions(args),
    )
  }
  expect(explain('-w -c x')).toThrow(/-w is --warmups in the README's spelling/)
  expect(explain('-d disk.img')).toThrow(/-d is --depth in the README's .* --ctrl in master's/)
  expect(explain('--queue no=1 --blocks=1 --depth 3')).toThrow(/--depth is nothing in master's/)
  expect(explain('--iterations 3')).toThrow(/--iterations in master's/)
  expect(explain('--dpeth 3')).not.toThrow(/spelling/)
})

test('a dry run says what would be done', () => {
  const text = (line: string) => describePlan(parse(line)).join('\n')
  expect(text('-c disk.img --write')).toMatch(/disk\.img.*\n[\s\S]*Would WRITE/)
  expect(text('--runtime 10s --bs 4k:3,64k:1 --depth 1,8')).toMatch(
    /4096 bytes \(75 %\)[\s\S]*depth 1, 8[\s\S]*10 s[\s\S]*Would not write/,
  )
})
