// SPDX-License-Identifier: MIT
// The verification of bench:loads notices what it is there for.
import { describe, expect, test } from 'vitest'
import { verify } from '../../../benchmarks/loads/verification.ts'
import type { Namespace } from '../../../src/index.ts'

const byteLength = 1024
const lbas = [6, 0, 2, 6, 8]

/** A namespace in an array; `lba` of a write is changed by `place`, what is read by `spoil`. */
function namespaceWith({
  place = (lba: number) => lba,
  spoil = (_bytes: Uint8Array, _lba: number) => {},
} = {}): Pick<Namespace, 'read' | 'write'> {
  const medium = new Uint8Array(16 * 512)
  type Request = { lba: number; from: Uint8Array; into: Uint8Array }
  return {
    write: async ({ lba, from }: Request) => medium.set(from, place(lba) * 512),
    read: async ({ lba, into }: Request) => {
      into.set(medium.subarray(lba * 512, lba * 512 + into.byteLength))
      spoil(into, lba)
    },
  } as unknown as Pick<Namespace, 'read' | 'write'>
}

const buffers = () => [new Uint8Array(byteLength), new Uint8Array(byteLength)]

describe('verification', () => {
  test('says how many bytes it compared', async () => {
    const namespace = namespaceWith()
    expect(await verify({ namespace, buffers: buffers(), lbas })).toBe(lbas.length * byteLength)
  })

  test('finds one wrong bit', async () => {
    const spoil = (bytes: Uint8Array, lba: number): void => {
      if (lba === 8) bytes[1021] = (bytes[1021] as number) ^ 1
    }
    const checked = verify({ namespace: namespaceWith({ spoil }), buffers: buffers(), lbas })
    await expect(checked).rejects.toThrow('byte 1020 of what was read at LBA 8')
  })

  test('finds a write to the wrong place', async () => {
    const namespace = namespaceWith({ place: (lba) => (lba === 2 ? 4 : lba) })
    await expect(verify({ namespace, buffers: buffers(), lbas })).rejects.toThrow('LBA 2')
  })

  test('finds a write that was lost, though the same place was written before', async () => {
    const buffer = [new Uint8Array(byteLength)]
    const kept = namespaceWith()
    await verify({ namespace: kept, buffers: buffer, lbas })
    const namespace = { ...kept, write: async () => {} }
    await expect(verify({ namespace, buffers: buffer, lbas })).rejects.toThrow('LBA 6')
  })

  test('finds a read that brought nothing', async () => {
    const namespace = { ...namespaceWith(), read: async () => {} } as never
    await expect(verify({ namespace, buffers: buffers(), lbas })).rejects.toThrow('is wrong')
  })
})
