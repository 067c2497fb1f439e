// SPDX-License-Identifier: MIT
// Large transfers with `await namespace.read` and `write`, into memory of the device's or bounced.
import type { DataTarget } from 'peernvm'
import type { Setting } from '../shared/filled-namespace.ts'
import { RandomBlocks } from '../shared/random-blocks.ts'
import { viewsOf } from '../shared/views.ts'
import type { Transfer } from './cells.ts'
import { verify } from './verification.ts'

/** Moved between two looks at the clock, as by the copy that it is compared with. */
const bytesPerLook = 4 * 2 ** 20

export interface TransferAnswer {
  transfers: number
  ns: number
  verifiedBytes: number
}

/** Verifies the path, which also warms it up, then keeps `depth` transfers outstanding. */
export async function measureTransfer(
  { controller, namespace }: Setting,
  { direction, memory, byteLength, depth }: Transfer,
  milliseconds: number,
): Promise<TransferAnswer> {
  using descriptor = memory === 'device' ? await controller.allocate(depth * byteLength) : undefined
  const buffers: readonly DataTarget[] =
    descriptor !== undefined
      ? viewsOf(descriptor, depth, byteLength)
      : Array.from({ length: depth }, () => new Uint8Array(byteLength))
  const random = new RandomBlocks(byteLength)
  const lbas = buffers.map(() => random.nextLba())
  const verifiedBytes = await verify({ namespace, buffers, lbas })
  const start = performance.now()
  let transfers = 0
  const transfersPerLook = bytesPerLook / byteLength / depth
  const move = async (buffer: DataTarget): Promise<void> => {
    do {
      for (let i = 0; i < transfersPerLook; i++, transfers++) {
        const lba = random.nextLba()
        if (direction === 'read') await namespace.read({ lba, into: buffer })
        else await namespace.write({ lba, from: buffer })
      }
    } while (performance.now() - start < milliseconds)
  }
  await Promise.all(buffers.map(move))
  return { transfers, ns: (performance.now() - start) * 1e6, verifiedBytes }
}
