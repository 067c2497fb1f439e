// SPDX-License-Identifier: MIT
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readResult, writeJson } from '../../../src/report/json.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'
import { makeResult } from './made-result.ts'

let folder: TemporaryFolder
let path: string
beforeEach(() => {
  folder = temporaryFolder('json')
  path = join(folder.path, 'result.json')
})
afterEach(() => folder[Symbol.dispose]())

const result = makeResult({ commandCount: 200, writePercent: 30, runCount: 2 })

test('what is written is read again', () => {
  writeJson(path, result)
  expect(readResult(path)).toEqual(JSON.parse(JSON.stringify(result)))
})

type Loose = Record<string, Record<string, unknown>>
type Change = (value: Loose) => unknown

const runOf = (value: Loose) => value.runs?.[0] as Loose
const latencyOf = (value: Loose) => runOf(value).read?.latency as object
const intervalOf = (value: Loose) => runOf(value).intervals?.[0] as object

test.each<[string, Change, RegExp]>([
  ['another format', (r) => Object.assign(r, { format: 'fio' }), /its format is not/],
  ['a later version', (r) => Object.assign(r, { version: 2 }), /of version 2, .* reads 1/],
  ['no controller', (r) => Object.assign(r, { controller: null }), /controller is no object/],
  [
    'text for a number',
    (r) => Object.assign(r.workload ?? {}, { seed: '1' }),
    /workload.seed is no number/,
  ],
  [
    'an engine of its own',
    (r) => Object.assign(r.workload ?? {}, { engine: 'x' }),
    /engine is no one of js, await/,
  ],
  ['no runs', (r) => Object.assign(r, { runs: {} }), /runs is no list/],
  [
    'a rate that is text',
    (r) => Object.assign(r.workload ?? {}, { rate: 'x' }),
    /workload.rate is no/,
  ],
  [
    'a step that is none',
    (r) => Object.assign(r.runs?.[1] ?? {}, { read: { latency: {} } }),
    /runs\[1\]\.read\.commands is no number/,
  ],
  [
    'a date that is none',
    (r) => Object.assign(r, { started: 'soon' }),
    /result\.json .*: started is no date/,
  ],
  ['no size', (r) => Object.assign(r.workload ?? {}, { sizes: [] }), /workload\.sizes is empty/],
  [
    'a size of 0',
    (r) => Object.assign(r.workload ?? {}, { sizes: [{ byteLength: 0, weight: 1 }] }),
    /sizes\[0\]\.byteLength is no whole number from 1/,
  ],
  [
    'a time before its start',
    (r) => Object.assign(r.runs?.[0] ?? {}, { durationNs: -1 }),
    /runs\[0\]\.durationNs is no number from 0 on/,
  ],
  ...[
    [[5, 4, 1]],
    [[1, 2]],
    [
      [1, 5, 1],
      [5, 6, 1],
    ],
    7,
  ].map((steps): [string, Change, RegExp] => [
    `steps ${JSON.stringify(steps)}`,
    (r) => Object.assign(latencyOf(r), { steps }),
    /runs\[0\]\.read\.latency\.steps is no list of \[from, to, count\] in ascending order/,
  ]),
  ...[[1e9, 1], [1.5, 1], [250, 1, 1, 1, 1, 1, 1, 1], [0, -1], 'x'].map(
    (bins): [string, Change, RegExp] => [
      `bins ${JSON.stringify(bins)}`,
      (r) => Object.assign(intervalOf(r), { bins }),
      /runs\[0\]\.intervals\[0\]\.bins is no list of a first bin and counts, up to bin 255/,
    ],
  ),
])('%s is refused, and where it is', (_name, change, message) => {
  const copy = structuredClone(result)
  change(copy as unknown as Loose)
  writeJson(path, copy)
  expect(() => readResult(path)).toThrow(message)
})

test('what is no JSON is refused, and so is a file that is not there', () => {
  writeFileSync(path, '{')
  expect(() => readResult(path)).toThrow(/it is no JSON/)
  expect(() => readResult(`${path}.x`)).toThrow(/ENOENT/)
})
