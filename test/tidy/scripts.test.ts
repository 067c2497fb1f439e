// SPDX-License-Identifier: MIT
// How `npm test` counts: a run that went wrong must never look like a pass.
import { expect, test } from 'vitest'
import {
  countDoctest,
  countsLine,
  countVitest,
  failedDoctestCases,
} from '../../scripts/tiers/counts.mjs'

const doctest = (passed: number, failed: number, skipped: number): string =>
  `[doctest] test cases: ${passed + failed} | ${passed} passed | ${failed} failed | ${skipped} skipped`

test('a doctest program is counted from its summary', () => {
  expect(countDoctest('x_test', { ok: true, output: doctest(12, 0, 1) })).toEqual({
    passed: 12,
    failed: 0,
    skips: ['native/x_test: a skipped test case'],
  })
  expect(countDoctest('x_test', { ok: false, output: doctest(3, 2, 0) })).toMatchObject({
    failed: 2,
  })
})

test('a doctest program that crashed or leaked after its summary has failed', () => {
  expect(countDoctest('x_test', { ok: false, output: '' })).toMatchObject({ failed: 1 })
  expect(countDoctest('x_test', { ok: true, output: '' })).toMatchObject({ failed: 1 })
  expect(countDoctest('x_test', { ok: false, output: doctest(3, 0, 0) })).toMatchObject({
    failed: 1,
  })
})

test('the failed cases of a doctest program are named', () => {
  const heading = (name: string): string => `=====\nx_test.cc:1:\nTEST CASE:  ${name}\n`
  const output = [
    `${heading('one')}\nx_test.cc:2: ERROR: CHECK( a ) is NOT correct!\n`,
    `${heading('two')}\nx_test.cc:3: WARNING: WARN( b ) is NOT correct!\n`,
    `${heading('three')}\nx_test.cc:4: FATAL ERROR: REQUIRE( c ) is NOT correct!\n`,
  ].join('')
  expect(failedDoctestCases(output)).toEqual(['one', 'three'])
})

test('a vitest report is counted; a file that did not load is a failure; skips have names', () => {
  const report = {
    testResults: [
      {
        name: '/r/test/unit/a.test.ts',
        status: 'passed',
        assertionResults: [
          { status: 'passed', fullName: 'a works' },
          { status: 'skipped', fullName: 'a needs a GPU' },
        ],
      },
      { name: '/r/test/unit/b.test.ts', status: 'failed', assertionResults: [] },
      {
        name: '/r/test/unit/c.test.ts',
        status: 'failed',
        assertionResults: [{ status: 'failed', fullName: 'c works' }],
      },
    ],
  }
  expect(countVitest(report, '/r')).toEqual({
    passed: 1,
    failed: 2,
    skips: ['test/unit/a.test.ts: a needs a GPU'],
  })
})

test('the last line is the one that CI sums', () => {
  expect(countsLine(412, 0, 9)).toBe('412 passed, 0 failed, 9 skipped')
})
