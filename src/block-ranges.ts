// SPDX-License-Identifier: MIT
// Commands on ranges of blocks that move no data of the caller's: cut so that each keeps within
// what the controller takes at once (NVM command set 1.0, 3.2 and 4.1.5).

import { namesOf, show } from './checks.ts'
import { createError } from './errors.ts'
import type { Command, DataPlan } from './queue/command.ts'
import { noData } from './queue/command.ts'
import { blockCommand, checkLba, type NamespaceLike } from './queue/request.ts'
import { encodeBits } from './spec/encode.ts'
import { nvme } from './spec/nvme.ts'

/**
 * Blocks of a namespace.
 * @category Requests
 */
export interface BlockRange {
  /** The first block, from 0. */
  readonly lba: number | bigint
  /** How many blocks, at least 1. */
  readonly blockCount: number
}

/** The most that one command takes, in blocks of one namespace and in ranges. */
export interface BlockLimits {
  readonly verifyBlocksMax: number
  readonly writeZeroesBlocksMax: number
  readonly writeUncorrectableBlocksMax: number
  readonly deallocateRangesMax: number
  readonly deallocateRangeBlocksMax: number
  readonly deallocateBlocksMax: number
  /** Of one source of Copy (MSSRL); 0 where there is no Copy. */
  readonly copyRangeBlocksMax: number
  readonly copyBlocksMax: number
  readonly copyRangesMax: number
}

/** NLB has 16 bits, zero-based; that of a range of Dataset Management has 32. */
export const nlbMax = 2 ** 16
export const rangeNlbMax = 2 ** 32 - 1
export const rangesMax = 256

const { nvm_opcode: opcode } = nvme.codes
const { structures } = nvme

interface CheckedRange {
  readonly lba: number
  readonly blockCount: number
}

export const rangeNames = namesOf<BlockRange>({ lba: true, blockCount: true })

/** @throws NvmError ERR_ARGUMENT */
export function checkRange(range: BlockRange): CheckedRange {
  const { lba, blockCount } = range
  const first = checkLba(lba)
  if (Number.isSafeInteger(blockCount) && blockCount > 0) return { lba: first, blockCount }
  throw createError('ERR_ARGUMENT', `blockCount ${show(blockCount)} is no number of blocks`)
}

/** Parts of `range` of at most `blocksMax` each. */
function* cutRange(range: CheckedRange, blocksMax: number): Generator<CheckedRange> {
  for (let done = 0; done < range.blockCount; done += blocksMax) {
    yield { lba: range.lba + done, blockCount: Math.min(blocksMax, range.blockCount - done) }
  }
}

/** Write Zeroes, Verify and Write Uncorrectable. */
export function* blockRangeCommands(
  commandOpcode: number,
  namespace: NamespaceLike,
  range: CheckedRange,
  blocksMax: number,
  flags: number,
): Generator<Command> {
  for (const { lba, blockCount } of cutRange(range, blocksMax)) {
    yield blockCommand(commandOpcode, namespace, lba, (blockCount - 1) | flags, noData)
  }
}

/** Groups of ranges, each of which one command can name. */
function* groupRanges(
  ranges: Iterable<CheckedRange>,
  countMax: number,
  blocksMax: number,
): Generator<CheckedRange[]> {
  let group: CheckedRange[] = []
  let blocks = 0
  for (const range of ranges) {
    if (group.length === countMax || (group.length > 0 && blocks + range.blockCount > blocksMax)) {
      yield group
      group = []
      blocks = 0
    }
    group.push(range)
    blocks += range.blockCount
  }
  if (group.length > 0) yield group
}

function* cutRanges(ranges: readonly CheckedRange[], blocksMax: number): Generator<CheckedRange> {
  for (const range of ranges) yield* cutRange(range, blocksMax)
}

function copied(bytes: Uint8Array): DataPlan {
  return { byteLength: bytes.byteLength, segments: [], bytes: [bytes] }
}

/** Dataset Management with the attribute Deallocate. */
export function* deallocateCommands(
  namespace: NamespaceLike,
  ranges: readonly CheckedRange[],
  limits: BlockLimits,
): Generator<Command> {
  const { size, fields } = structures.DatasetManagementRange
  const { deallocateRangeBlocksMax, deallocateRangesMax, deallocateBlocksMax } = limits
  const parts = cutRanges(ranges, Math.min(deallocateRangeBlocksMax, deallocateBlocksMax))
  for (const group of groupRanges(parts, deallocateRangesMax, deallocateBlocksMax)) {
    const bytes = new Uint8Array(group.length * size)
    const view = new DataView(bytes.buffer)
    group.forEach(({ lba, blockCount }, i) => {
      view.setUint32(i * size + fields.nlb[0], blockCount, true)
      view.setBigUint64(i * size + fields.slba[0], BigInt(lba), true)
    })
    yield {
      opcode: opcode.dataset_management[0],
      nsid: namespace.id,
      namespace,
      cdw10: encodeBits('dataset_management_cdw10', { nr: group.length - 1 }),
      cdw11: encodeBits('dataset_management_cdw11', { ad: 1 }),
      cdw12: 0,
      extra: undefined,
      data: copied(bytes),
    }
  }
}

/** Copy, with descriptors of format 0: what `ranges` have, one behind the other from `to` on. */
export function* copyCommands(
  namespace: NamespaceLike,
  ranges: readonly CheckedRange[],
  to: number,
  limits: BlockLimits,
): Generator<Command> {
  const { size, fields } = structures.CopyDescriptor
  const { copyRangeBlocksMax, copyRangesMax, copyBlocksMax } = limits
  const { prinfo = 0 } = namespace
  const parts = cutRanges(ranges, Math.min(copyRangeBlocksMax, copyBlocksMax))
  let destination = to
  for (const group of groupRanges(parts, copyRangesMax, copyBlocksMax)) {
    const bytes = new Uint8Array(group.length * size)
    const view = new DataView(bytes.buffer)
    group.forEach(({ lba, blockCount }, i) => {
      view.setBigUint64(i * size + fields.slba[0], BigInt(lba), true)
      view.setUint16(i * size + fields.nlb[0], blockCount - 1, true)
      if (prinfo !== 0) view.setUint32(i * size + fields.eilbrt[0], lba >>> 0, true)
    })
    // The protection of what is read is checked and taken off, and made anew for where it goes.
    const cdw12 = encodeBits('copy_cdw12', { nr: group.length - 1, prinfor: prinfo })
    yield blockCommand(opcode.copy[0], namespace, destination, cdw12, copied(bytes))
    destination += group.reduce((sum, { blockCount }) => sum + blockCount, 0)
  }
}

/** ERR_RANGE where a source of a copy overlaps what the copy writes. */
export function refuseOverlap(ranges: readonly CheckedRange[], to: number): void {
  const end = to + ranges.reduce((sum, { blockCount }) => sum + blockCount, 0)
  const source = ranges.find(({ lba, blockCount }) => lba < end && to < lba + blockCount)
  if (source === undefined) return
  const what = `blocks ${source.lba} to ${source.lba + source.blockCount - 1}`
  throw createError('ERR_RANGE', `${what} overlap the destination, ${to} to ${end - 1}`)
}
