// SPDX-License-Identifier: MIT
// Reads and writes as they are asked for, checked, and cut into commands.

import { checkBoolean, checkOptions, show } from '../checks.ts'
import { type DmaDescriptor, isDescriptor } from '../dma.ts'
import { createError } from '../errors.ts'
import type { Namespace } from '../namespace.ts'
import { encodeBits } from '../spec/encode.ts'
import { type Command, cutPlan, type Data, type DataPlan, planData, type Reach } from './command.ts'

export type NamespaceLike = Pick<Namespace, 'id' | 'blockSize' | 'prinfo' | 'controllerId'>

/**
 * What every request may say.
 * @category Requests
 */
export interface RequestOptions {
  /**
   * Gives up: the promise rejects at once with ERR_ABORTED, Abort is sent for what is outstanding,
   * and memory stays in use until the controller has let go of it.
   */
  readonly signal?: AbortSignal
}

/**
 * What reads and writes of a range of blocks say.
 * @category Requests
 */
export interface BlockRequest extends RequestOptions {
  /** The first block, from 0. */
  readonly lba: number | bigint
  /** Force unit access: from or to the medium, past volatile caches; default false. */
  readonly fua?: boolean
}

/**
 * A read of whole blocks, of a namespace that it names.
 * @category Requests
 */
export interface ReadRequest<T extends Data = Data> extends BlockRequest {
  /** A namespace of the queue's controller. */
  readonly namespace: Namespace
  /** One buffer, or several that are filled in order; their length says how many blocks. */
  readonly into: T
}

/**
 * A write of whole blocks, of a namespace that it names.
 * @category Requests
 */
export interface WriteRequest<T extends Data = Data> extends BlockRequest {
  /** A namespace of the queue's controller. */
  readonly namespace: Namespace
  /**
   * One buffer, or several; their length says how many blocks. Not to be changed before the promise
   * settles.
   */
  readonly from: T
}

/**
 * A read of a group, which is settled, and given up, as a whole.
 * @category Requests
 */
export type GroupedRead<T extends Data = Data> = Omit<ReadRequest<T>, 'signal'>
/**
 * A write of a group, which is settled, and given up, as a whole.
 * @category Requests
 */
export type GroupedWrite = Omit<WriteRequest, 'signal'>

/** One of a group: what is left out of it is the group's. */
export interface GroupRequest {
  readonly namespace?: NamespaceLike
  readonly lba: number | bigint
  readonly into?: Data
  readonly from?: Data
  readonly fua?: boolean
}

/** A range of blocks and its data, checked. */
export interface Transfer {
  readonly opcode: number
  readonly namespace: NamespaceLike
  readonly lba: number
  /** Flags of CDW12 beside the number of blocks. */
  readonly flags: number
  readonly data: DataPlan
}

const fuaFlag = encodeBits('read_cdw12', { fua: 1 })
const prinfoShift = 26
const bouncedPartBytes = 2 ** 17

/** ERR_NAMESPACE for one that was formatted, deleted or detached since it was identified. */
export function refuseIfChanged({ id, blockSize }: NamespaceLike): void {
  if (blockSize !== 0) return
  const fix = `get it again with controller.namespace(${id})`
  throw createError('ERR_NAMESPACE', `${id} is not what it was; ${fix}`)
}

/** @throws NvmError ERR_ARGUMENT for what is no namespace of the controller, ERR_NAMESPACE */
export function checkNamespace(namespace: NamespaceLike, controllerId: number): void {
  if (typeof namespace?.controllerId !== 'number') {
    const wanted = 'one that controller.namespace() gave'
    throw createError('ERR_ARGUMENT', `namespace is ${show(namespace)}, and not ${wanted}`)
  }
  if (namespace.controllerId !== controllerId) {
    throw createError('ERR_ARGUMENT', `namespace ${namespace.id} is another controller's`)
  }
  refuseIfChanged(namespace)
}

/** Where a request has its data. */
export type DataName = 'into' | 'from' | 'with'

/**
 * Whether it is an object without other names than a request's, of which `namespace` is one where
 * `named`. For hot paths: names of properties are compared by address, and nothing is made.
 */
export function isRequest(request: unknown, data: DataName, named: boolean): boolean {
  if (typeof request !== 'object' || request === null) return false
  for (const name in request) {
    if (name === 'lba' || name === data || name === 'fua' || name === 'signal') continue
    if (name === 'namespace' && named) continue
    if (Object.hasOwn(request, name)) return false
  }
  return true
}

/** The names that isRequest() takes, but `signal`. */
const requestNames = (data: DataName, named: boolean): string[] =>
  named ? ['namespace', 'lba', data, 'fua'] : ['lba', data, 'fua']

/** Says what is wrong with what is no request. @throws NvmError ERR_ARGUMENT */
export async function refuseRequest(
  request: unknown,
  data: DataName,
  named: boolean,
): Promise<never> {
  checkOptions('a request', request, [...requestNames(data, named), 'signal'])
  throw createError('ERR_ARGUMENT', `a request is ${show(request)}, and not an object`)
}

/**
 * The buffers of a request of a group, which has a namespace of its own where the group has none.
 * @throws NvmError ERR_ARGUMENT, ERR_NAMESPACE
 */
export function checkGrouped(
  request: GroupRequest,
  isRead: boolean,
  namespace: NamespaceLike | undefined,
  { controllerId }: Reach,
): Data {
  const name = isRead ? 'into' : 'from'
  const isNamed = namespace === undefined
  if (!isRequest(request, name, isNamed) || 'signal' in request) {
    checkOptions('a request of a group', request, requestNames(name, isNamed))
  }
  checkNamespace(namespace ?? (request.namespace as NamespaceLike), controllerId)
  const data = isRead ? request.into : request.from
  if (data !== undefined) return data
  throw createError('ERR_ARGUMENT', `a request has its data in '${name}'`)
}

/** The LBA as a number. */
export function checkLba(lba: number | bigint): number {
  const first = typeof lba === 'bigint' || typeof lba === 'number' ? Number(lba) : Number.NaN
  if (Number.isSafeInteger(first) && first >= 0) return first
  throw createError('ERR_ARGUMENT', `lba ${show(lba)} is not a block address`)
}

/** Without force unit access, in the two ways to say so; what is no boolean is refused later. */
export const isWithoutFua = ({ fua }: { readonly fua?: boolean }): boolean =>
  fua === undefined || fua === false

/** Checks a request, and decides whether the device reaches its memory or the data is bounced. */
export function planTransfer(
  opcode: number,
  namespace: NamespaceLike,
  request: BlockRequest,
  data: Data,
  reach: Reach,
): Transfer {
  checkNamespace(namespace, reach.controllerId)
  const lba = checkLba(request.lba)
  const plan = planData(data, reach)
  if (plan.byteLength % namespace.blockSize !== 0) {
    const blocks = `whole blocks of ${namespace.blockSize}`
    throw createError('ERR_ALIGNMENT', `${plan.byteLength} bytes are no ${blocks}`)
  }
  const { fua = false } = request
  checkBoolean('fua', fua)
  const flags = fua ? fuaFlag : 0
  return { opcode, namespace, lba, flags, data: plan }
}

/**
 * The commands of a transfer, of at most `bytesMax` each. What is bounced is cut finer, so that one
 * part is copied here while the controller has the next.
 */
export function* cutTransfer(transfer: Transfer, bytesMax: number): Generator<Command> {
  const { opcode, namespace, flags, data } = transfer
  const bouncedBytes = Math.min(bytesMax, Math.max(bouncedPartBytes, namespace.blockSize))
  let { lba } = transfer
  for (const part of cutPlan(data, data.bytes.length === 0 ? bytesMax : bouncedBytes)) {
    refuseIfChanged(namespace)
    const blockCount = part.byteLength / namespace.blockSize
    yield blockCommand(opcode, namespace, lba, (blockCount - 1) | flags, part)
    lba += blockCount
  }
}

/** A command on the blocks from `lba` on; on protected blocks, with their tag. */
export function blockCommand(
  opcode: number,
  namespace: NamespaceLike,
  lba: number,
  cdw12: number,
  data: DataPlan,
): Command {
  const { id: nsid, prinfo } = namespace
  return {
    opcode,
    nsid,
    namespace,
    cdw10: lba >>> 0,
    cdw11: Math.floor(lba / 2 ** 32),
    cdw12: cdw12 | (prinfo << prinfoShift),
    extra: prinfo === 0 ? undefined : { cdw14: lba >>> 0 },
    data,
  }
}

/** Whether a number is that of a block. Two functions, as V8 always inlines the first. */
export const isLba = (lba: number): boolean => lba >>> 0 === lba || isLargeLba(lba)
const isLargeLba = (lba: number): boolean => Number.isSafeInteger(lba) && lba >= 0

/** Whether one command does it, to or from one buffer that the device reaches itself. */
export function isDirect(
  namespace: NamespaceLike,
  lba: number | bigint,
  data: Data,
  { transferBytesMax, controllerId }: Reach,
): data is DmaDescriptor {
  if (!isDescriptor(data) || typeof lba !== 'number' || namespace?.prinfo !== 0) {
    return false
  }
  const { byteLength, byteOffset, memory } = data
  return (
    byteLength > 0 &&
    byteLength <= transferBytesMax &&
    (byteLength & (namespace.blockSize - 1)) === 0 &&
    (byteOffset & 3) === 0 &&
    isLba(lba) &&
    memory.usableBy === controllerId &&
    namespace.controllerId === controllerId
  )
}
