// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest'
import { lbaBytes, namespaceBytes } from '../../../benchmarks/shared/filled-namespace.ts'
import { RandomBlocks } from '../../../benchmarks/shared/random-blocks.ts'

const draws = 20_000

function draw(blocks: RandomBlocks): { lbas: number[]; writes: number } {
  const lbas: number[] = []
  let writes = 0
  for (let i = 0; i < draws; i++) {
    lbas.push(blocks.nextLba())
    if (blocks.isWrite) writes++
  }
  return { lbas, writes }
}

describe('random blocks', () => {
  test.each([512, 4096, 1 << 20])(
    'of %i bytes are whole and inside the namespace',
    (byteLength) => {
      const { lbas } = draw(new RandomBlocks(byteLength))
      const step = byteLength / lbaBytes
      expect(lbas.every((lba) => lba % step === 0)).toBe(true)
      expect(Math.min(...lbas)).toBeGreaterThanOrEqual(0)
      expect(Math.max(...lbas)).toBeLessThanOrEqual(namespaceBytes / lbaBytes - step)
      expect(Math.max(...lbas)).toBeGreaterThan((namespaceBytes / lbaBytes) * 0.9)
    },
  )

  test('reads only and writes only are exact, a mix is close', () => {
    expect(draw(new RandomBlocks(4096, 0)).writes).toBe(0)
    expect(draw(new RandomBlocks(4096, 100)).writes).toBe(draws)
    const { writes } = draw(new RandomBlocks(4096, 50))
    expect(writes / draws).toBeGreaterThan(0.48)
    expect(writes / draws).toBeLessThan(0.52)
  })

  test('the share of writes does not move the commands', () => {
    expect(draw(new RandomBlocks(512, 50)).lbas).toEqual(draw(new RandomBlocks(512)).lbas)
  })

  test('every stream has its own places', () => {
    const streams = Array.from({ length: 8 }, (_, i) => draw(new RandomBlocks(512, 0, i)).lbas)
    const first = new Set(streams.map((lbas) => lbas.slice(0, 4).join()))
    expect(first.size).toBe(8)
  })
})
