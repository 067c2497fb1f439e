// SPDX-License-Identifier: MIT
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decode, decodeBits } from '../../../src/spec/decode.ts'
import { encode, encodeBits } from '../../../src/spec/encode.ts'
import type { BitLayout } from '../../../src/spec/form.ts'
import { type BitLayoutName, nvme } from '../../../src/spec/nvme.ts'

const withCode = (code: string) => expect.objectContaining({ code })
const words = Object.entries<BitLayout>(nvme.bitLayouts).filter(([, { width }]) => width <= 32)

test.each(words.map(([name, layout]) => [name as BitLayoutName, layout] as const))(
  'decodeBits takes apart what encodeBits made of %s',
  (name, { bits }) => {
    const values = Object.entries(bits).map(([field, [high, low]]) =>
      fc.nat({ max: 2 ** (high - low + 1) - 1 }).map((value) => [field, value] as const),
    )
    const anyFields = fc.tuple(...values).map((entries) => Object.fromEntries(entries))
    fc.assert(
      fc.property(anyFields, (fields) => {
        expect(decodeBits(name, encodeBits(name, fields))).toEqual(fields)
      }),
      { numRuns: 20 },
    )
  },
)

test('bits by hand', () => {
  expect(encodeBits('get_log_page_cdw10', { lid: 2, rae: 1, numdl: 0xffff })).toBe(0xffff8002)
  expect(encodeBits('format_nvm_cdw10', {})).toBe(0)
})

test('a structure by hand, and back', () => {
  const bytes = encode('ControllerList', { num: 2, identifier: [3, 0x1234] })
  expect(bytes.byteLength).toBe(4096)
  expect(bytes.subarray(0, 8)).toEqual(Uint8Array.of(2, 0, 3, 0, 0x34, 0x12, 0, 0))
  const fields = { nsze: 2n ** 64n - 1n, ncap: 5n, flbas: 0x23, dps: 1, nmic: 1, anagrpid: 7 }
  expect(
    decode('NamespaceManagementData', encode('NamespaceManagementData', fields)),
  ).toMatchObject(fields)
})

test('what does not fit is refused', () => {
  expect(() => encodeBits('fna', { format_all: 2 })).toThrow(withCode('ERR_RANGE'))
  expect(() => encodeBits('fna', { format_all: 0.5 })).toThrow(withCode('ERR_RANGE'))
  expect(() => encodeBits('fna', { format: 1 } as never)).toThrow(withCode('ERR_ARGUMENT'))
  expect(() => encode('ControllerList', { num: 65536 })).toThrow(withCode('ERR_RANGE'))
  expect(() => encode('ControllerList', { count: 1 } as never)).toThrow(withCode('ERR_ARGUMENT'))
  const identifier = new Array<number>(2048).fill(0)
  expect(() => encode('ControllerList', { identifier })).toThrow(withCode('ERR_RANGE'))
  const nsze = 2n ** 64n
  expect(() => encode('NamespaceManagementData', { nsze })).toThrow(withCode('ERR_RANGE'))
  expect(() => encode('IdentifyController', { sn: 'X' })).toThrow(withCode('ERR_ARGUMENT'))
})
