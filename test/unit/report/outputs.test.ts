// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { NvmError } from '../../../src/errors.ts'
import {
  prepareFolder,
  refuseUnwritable,
  writeComparison,
  writeOutputs,
} from '../../../src/report/outputs.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { makeResult } from './made-result.ts'

const result = makeResult({ commandCount: 200, intervalCount: 4 })

test('what is asked for is written, and nothing else', () => {
  using folder = temporaryFolder('outputs')
  const at = (name: string) => join(folder.path, name)
  writeOutputs(result, {})
  expect(readdirSync(folder.path)).toEqual([])
  writeOutputs(result, { fioJson: at('fio.json'), report: at('out.html'), svg: at('new/figures') })
  expect(JSON.parse(readFileSync(at('fio.json'), 'utf8')).jobs).toHaveLength(1)
  expect(readFileSync(at('out.html'), 'utf8').startsWith('<!doctype html>')).toBe(true)
  expect(readdirSync(at('new/figures')).sort()).toEqual([
    ...['heat-map-depth32.svg', 'histogram-depth32.svg', 'iops-depth32.svg', 'percentiles.svg'],
  ])
})

test('a comparison is told, and written where asked for', () => {
  using folder = temporaryFolder('outputs')
  const at = (name: string) => join(folder.path, name)
  const second = makeResult({ commandCount: 200, intervalCount: 4, seed: 2 })
  const paths = { report: at('out.html'), svg: folder.path }
  expect(writeComparison(result, second, paths)).toContain('one run: not known')
  expect(readdirSync(folder.path).sort()).toEqual(['change-read.svg', 'out.html'])
  expect(readFileSync(at('out.html'), 'utf8').includes('The second against the first')).toBe(true)
})

test('a file that cannot be written is refused, before a run too', () => {
  using folder = temporaryFolder('outputs')
  const missing = join(folder.path, 'missing', 'out.html')
  expect(() => writeOutputs(result, { report: missing })).toThrow(NvmError)
  expect(() => refuseUnwritable([undefined, '-', missing])).toThrow(NvmError)
  expect(() => refuseUnwritable([undefined, '-', join(folder.path, 'out.html')])).not.toThrow()
  expect(readdirSync(folder.path)).toEqual([])
  expect(() => refuseUnwritable([folder.path])).toThrow(/EISDIR/)
})

test('what says that it is there, and takes no file, is refused at once', () => {
  const file = '/proc/out.html'
  expect(() => refuseUnwritable([file])).toThrow(/ENOENT.*name a file in a folder that is there/)
  expect(() => prepareFolder('/proc/figures')).toThrow(NvmError)
})
