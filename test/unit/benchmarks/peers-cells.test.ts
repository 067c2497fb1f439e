// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { goalOf, loads, pathsUnder } from '../../../benchmarks/peers/cells.ts'

const names = loads.map((load) => `${load.blockSize} ${load.depth} ${load.writePercent}`)

test('reads at every depth, writes and mixes at depth 32, at both sizes, once each', () => {
  expect(new Set(names).size).toBe(names.length)
  expect(names).toHaveLength(2 * 3 + 2 * 2)
  expect(names).toEqual(expect.arrayContaining(['512 128 0', '512 32 50', '4096 32 100']))
})

test('the paths that only read are measured under loads that only read', () => {
  for (const load of loads) {
    const reading = pathsUnder(load).filter((path) => path === 'readMany' || path === 'pump')
    expect(reading).toHaveLength(load.writePercent === 0 ? 2 : 0)
  }
})

test('a bare promise is measured where one read follows the other', () => {
  const withPromise = loads.filter((load) => pathsUnder(load).includes('promise'))
  expect(withPromise.map(({ blockSize }) => blockSize)).toEqual([512, 4096])
  for (const load of withPromise) expect(load).toMatchObject({ depth: 1, writePercent: 0 })
})

test('writes have the goals of reads of their size and depth', () => {
  const load = { blockSize: 4096, depth: 32, writePercent: 100 }
  expect(goalOf('await', load)).toBe(goalOf('await', { ...load, writePercent: 0 }))
  expect(goalOf('bare', load)).toBeUndefined()
})
