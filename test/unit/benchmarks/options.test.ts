// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { parseRunOptions } from '../../../benchmarks/shared/options.ts'

const defaults = { rounds: 5, milliseconds: 200 }
const parse = (line: string) => parseRunOptions(line.split(' ').filter(Boolean), defaults)

test('what is not given is the default', () => {
  expect(parse('')).toEqual({ ...defaults, save: undefined })
  expect(parse('--rounds 2 --save file.json')).toEqual({
    rounds: 2,
    milliseconds: 200,
    save: 'file.json',
  })
})

test.each(['--rounds 0', '--rounds 1.5', '--milliseconds fast', '--milliseconds=-3', '--round 2'])(
  '%s is refused by its name',
  (line) => {
    expect(() => parse(line)).toThrow(line.split(/[ =]/)[0])
  },
)
