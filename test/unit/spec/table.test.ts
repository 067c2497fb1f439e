// SPDX-License-Identifier: MIT
// The table is sound in itself: nothing overlaps, nothing has two names, nothing leaves its bounds.
import { describe, expect, test } from 'vitest'
import { controlBlock } from '../../../src/spec/control-block.ts'
import { elementBytes, parseType, type Structure } from '../../../src/spec/form.ts'
import { nvme } from '../../../src/spec/nvme.ts'

const structures: Record<string, Structure> = { ...nvme.structures, ...controlBlock }

function repeated(values: readonly unknown[]): unknown[] {
  return values.filter((value, index) => values.indexOf(value) !== index)
}

describe('the table', () => {
  test.each(Object.entries(structures))('%s: fields follow each other and fit', (_, structure) => {
    let end = 0
    for (const [field, [offset, type]] of Object.entries(structure.fields)) {
      const { base, count } = parseType(type)
      expect(offset, field).toBeGreaterThanOrEqual(end)
      end = offset + count * elementBytes(base, structures)
    }
    expect(end).toBeLessThanOrEqual(structure.size)
  })

  test.each(Object.entries(nvme.bitLayouts))('%s: bits ascend and fit', (_, layout) => {
    let next = 0
    for (const [bit, [high, low]] of Object.entries(layout.bits)) {
      expect(low, bit).toBeGreaterThanOrEqual(next)
      expect(high, bit).toBeGreaterThanOrEqual(low)
      next = high + 1
    }
    expect(next).toBeLessThanOrEqual(layout.width)
  })

  test('registers do not overlap', () => {
    let end = 0
    for (const [name, [offset, width]] of Object.entries(nvme.registers)) {
      expect(offset, name).toBeGreaterThanOrEqual(end)
      end = offset + width / 8
    }
  })

  test.each(Object.entries(nvme.codes))('%s: each value has one name and fits a byte', (_, set) => {
    const values = Object.values(set).map(([value]) => value)
    expect(repeated(values)).toEqual([])
    expect(values.every((value) => Number.isInteger(value) && value >= 0 && value <= 0xff)).toBe(
      true,
    )
  })

  test('each status has one name', () => {
    expect(repeated(Object.values(nvme.statuses).map(([sct, sc]) => (sct << 8) | sc))).toEqual([])
  })
})
