// SPDX-License-Identifier: MIT
// What Identify says of a namespace: its format, and how much its commands take at once.

import type { Admin } from './admin/admin.ts'
import { allNamespaces } from './admin/command.ts'
import type { IdentifyControllerNvm } from './admin/identify.ts'
import { formatIndex } from './admin/namespaces.ts'
import { type BlockLimits, nlbMax, rangeNlbMax, rangesMax } from './block-ranges.ts'
import { show } from './checks.ts'
import { pageBytes } from './dma.ts'
import { createError, NvmError } from './errors.ts'
import type { NamespaceFormat } from './namespace.ts'
import { byteLengthOf, decode, decodeBits } from './spec/decode.ts'
import { encodeBits } from './spec/encode.ts'

// Protection information of a block, and what is asked of it by type: the controller makes it and
// takes it off (PRACT), and checks the guard and, but for type 3, the reference tag.
const protectionBytes = 8
const protectedWith = encodeBits('prinfo', { pract: 1, prchk_guard: 1, prchk_ref: 1 })
const prinfoOf = [
  0,
  protectedWith,
  protectedWith,
  encodeBits('prinfo', { pract: 1, prchk_guard: 1 }),
]

/** So that a block size is an Int32, with which hot paths reckon sooner than with a double. */
const lbadsMax = 30

export function checkNamespaceId(id: number): void {
  if (Number.isInteger(id) && id >= 1 && id < allNamespaces) return
  throw createError('ERR_NAMESPACE', `${show(id)} is not a namespace id`)
}

/** The format of the namespace `id`. ERR_NAMESPACE where there is none. */
export async function identifyFormat(admin: Admin, id: number): Promise<NamespaceFormat> {
  const identify = await admin.identifyNamespace(id).catch((error: unknown) => {
    const name = error instanceof NvmError ? error.status?.name : undefined
    if (name !== 'invalid_namespace_or_format') throw error
    throw createError('ERR_NAMESPACE', `${id}`, { cause: error })
  })
  const format = identify.lbaf[formatIndex(identify.flbas)]
  if (identify.nsze === 0n || format === undefined || format.lbads < 9) {
    throw createError('ERR_NAMESPACE', `${id} is not active`)
  }
  if (format.lbads > lbadsMax) {
    throw createError('ERR_UNSUPPORTED', `namespace ${id} has blocks of 2^${format.lbads} bytes`)
  }
  const { type } = decodeBits('dps', identify.dps)
  if (format.ms > 0 && (type === 0 || format.ms !== protectionBytes)) {
    const what = `namespace ${id} has ${format.ms} bytes of metadata a block`
    throw createError('ERR_UNSUPPORTED', `${what}; queue.submit() can name a buffer for them`)
  }
  const prinfo = (prinfoOf[type] ?? 0) | 0 // no double, as the block size
  return { id, blockSize: 1 << format.lbads, blockCount: Number(identify.nsze), prinfo }
}

/** The most that one command on blocks of a namespace takes. */
export async function identifyLimits(
  admin: Admin,
  { id, blockSize }: NamespaceFormat,
): Promise<BlockLimits> {
  const { vsl, wzsl, wusl, dmrl, dmrsl, dmsl } = await identifyNvmLimits(admin)
  const { mssrl, mcl, msrc } = await admin.identifyNamespace(id)
  const blocksOf = (pagesLog2: number): number =>
    pagesLog2 === 0 ? nlbMax : Math.min(nlbMax, (2 ** pagesLog2 * pageBytes) / blockSize)
  return {
    verifyBlocksMax: blocksOf(vsl),
    writeZeroesBlocksMax: blocksOf(wzsl),
    writeUncorrectableBlocksMax: blocksOf(wusl),
    deallocateRangesMax: dmrl === 0 ? rangesMax : dmrl,
    deallocateRangeBlocksMax: dmrsl === 0 ? rangeNlbMax : dmrsl,
    deallocateBlocksMax: dmsl === 0n ? Number.POSITIVE_INFINITY : Number(dmsl),
    copyRangeBlocksMax: mssrl,
    copyBlocksMax: mcl,
    copyRangesMax: msrc + 1,
  }
}

/** A controller that has no such page has no limits. */
async function identifyNvmLimits(admin: Admin): Promise<IdentifyControllerNvm> {
  return admin.identifyControllerNvm().catch((error: unknown) => {
    if (!(error instanceof NvmError) || error.code !== 'ERR_NVME_STATUS') throw error
    return decode('IdentifyControllerNvm', new Uint8Array(byteLengthOf('IdentifyControllerNvm')))
  })
}
