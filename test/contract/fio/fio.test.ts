// SPDX-License-Identifier: MIT
// Our --fio-json against the fio that is installed: the same keys, of the same types.

import { join } from 'node:path'
import { describe, expect, type TestContext, test } from 'vitest'
import { toFioJson } from '../../../src/report/fio.ts'
import { runProgram } from '../../support/process.ts'
import { skipVisibly } from '../../support/skip.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { makeResult } from '../../unit/report/made-result.ts'

/** What of fio's is not the same in ours, and why. */
const freeKeys = /^jobs\[\]\.job options\./ // each names what its user asked for

async function fio(context: TestContext, args: readonly string[]): Promise<string> {
  const outcome = await runProgram('fio', args).catch(() => undefined)
  if (outcome === undefined) skipVisibly(context, 'no fio', 'apt-get install fio')
  expect(outcome.code, outcome.stderr).toBe(0)
  return outcome.stdout
}

/** Every value below `value`, under a path in which an item of a list is `[]`. */
function* entriesOf(value: unknown, path = ''): Generator<readonly [string, unknown]> {
  if (Array.isArray(value)) {
    for (const item of value) yield* entriesOf(item, `${path}[]`)
    return
  }
  yield [path, value]
  if (typeof value !== 'object' || value === null) return
  for (const [key, item] of Object.entries(value)) {
    yield* entriesOf(item, path === '' ? key : `${path}.${key}`)
  }
}

/** Each path once, with its type. */
function typesOf(value: unknown): string[] {
  const types = [...entriesOf(value)].map(([path, item]) => `${path}: ${typeof item}`)
  return [...new Set(types)].filter((line) => !freeKeys.test(line)).sort()
}

/** Paths at which fio writes whole numbers: it writes others with a point, even 0. */
function wholeNumbers(text: string): Set<string> {
  const marked: unknown = JSON.parse(text.replace(/: -?\d+\.\d+(?=,?$)/gm, ': "not whole"'))
  const numbers = [...entriesOf(marked)].filter(([, value]) => typeof value === 'number')
  return new Set(numbers.map(([path]) => path))
}

describe.each([
  ['reads', 'randread', 0],
  ['writes', 'randwrite', 100],
  ['a mix', 'randrw', 30],
] as const)('%s', (_name, rw, writePercent) => {
  const ours = toFioJson(
    makeResult({ writePercent, commandCount: 2000, depths: [4, 128], runCount: 2 }),
  )

  test('have the keys and types of fio', async (context) => {
    using folder = temporaryFolder('fio')
    const job = ['--name=job', `--rw=${rw}`, '--size=1m', '--bs=4k', '--ioengine=psync']
    const file = `--filename=${join(folder.path, 'data')}`
    // Below our controllers there is no block device of the kernel to tell of.
    const text = await fio(context, [...job, file, '--disk_util=0', '--output-format=json'])
    expect(typesOf(ours)).toEqual(typesOf(JSON.parse(text)))
    const whole = wholeNumbers(text)
    expect(whole.size).toBeGreaterThan(50)
    const broken = [...entriesOf(ours)].filter(([path, value]) => {
      return whole.has(path) && !Number.isInteger(value)
    })
    expect(broken).toEqual([])
  })

  test('have job options that fio has, too', async (context) => {
    const known = await fio(context, ['--cmdhelp=all'])
    const names = new Set(known.match(/^ *\w+/gm)?.map((name) => name.trim()))
    const { jobs } = ours as { jobs: { 'job options': Record<string, unknown> }[] }
    for (const { 'job options': options } of jobs) {
      expect(Object.keys(options).filter((name) => !names.has(name))).toEqual([])
      expect(Object.values(options).every((value) => typeof value === 'string')).toBe(true)
      expect(options.rw).toBe(rw)
    }
  })
})
