// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { parseOptions } from '../../../benchmarks/latency/options.ts'

test('the short letters mean what they mean in the classic spelling', () => {
  const options = parseOptions(
    '-c disk.img -n 10 -o 5 -q 2 -d 8 -i 3 -w 4 -r 6 -p seq -s'.split(' '),
  )
  expect(options).toMatchObject({
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
  ['--blocks 0', /--blocks/],
  ['--blocks 1.5', /--blocks/],
  ['--namespace 0', /--namespace/],
  ['--namespace 4294967295', /one namespace/],
  ['--verify f --write', /--verify/],
  ['--verify f --pattern random', /--verify/],
  ['--dpeth 3', /dpeth/],
])('%s is refused, naming the option', (line, message) => {
  expect(() => parseOptions(line.split(' '))).toThrow(message)
})
