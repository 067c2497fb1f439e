// SPDX-License-Identifier: MIT
// Reads and writes as they are asked for, checked, with the decision whether the device reaches the
// memory itself or the data is copied through ours.

import { DmaDescriptor, type DmaMemory, memoryOf } from '../dma.ts'
import { createError, type NvmError } from '../errors.ts'
import type { Namespace } from '../namespace.ts'

/**
 * What is read into or written from: memory of the device's reach, or any bytes (copied on the
 * way).
 */
export type DataTarget = DmaDescriptor | Uint8Array

export type NamespaceLike = Pick<Namespace, 'id' | 'blockSize'>

export interface ReadRequest<T extends DataTarget = DataTarget> {
  readonly namespace: NamespaceLike
  readonly lba: number | bigint
  /** Its length says how many blocks. */
  readonly into: T
}

export interface WriteRequest {
  readonly namespace: NamespaceLike
  readonly lba: number | bigint
  /** Its length says how many blocks. Not to be changed before the promise settles. */
  readonly from: DataTarget
}

/** One read or write as asked for, checked. */
export interface Transfer {
  readonly namespaceId: number
  readonly blockSize: number
  readonly lba: number
  readonly byteLength: number
  /** Where the data is: memory that the device reaches, or bytes to bounce. */
  readonly memory: DmaMemory | undefined
  readonly byteOffset: number
  readonly bytes: Uint8Array | undefined
}

/** What a read resolves to. */
export function bytesOf(target: DataTarget): Uint8Array | undefined {
  return target instanceof DmaDescriptor ? target.bytes : target
}

/** Checks a request and decides whether the device reaches its memory or the data is bounced. */
export function planTransfer(
  namespace: NamespaceLike,
  lba: number | bigint,
  target: DataTarget,
): Transfer {
  const { id: namespaceId, blockSize } = namespace
  const first = Number(lba)
  if (!Number.isSafeInteger(first) || first < 0) {
    throw createError('ERR_ARGUMENT', `lba ${lba} is not a block address`)
  }
  if (!(target instanceof DmaDescriptor) && !(target instanceof Uint8Array)) {
    throw createError('ERR_ARGUMENT', 'data is a Uint8Array or a DmaDescriptor')
  }
  const { byteLength, byteOffset } = target
  const memory = target instanceof DmaDescriptor ? target.memory : memoryOf(target)
  if (memory?.disposed) throw createError('ERR_CLOSED', 'the descriptor was disposed')
  if (byteLength === 0) throw createError('ERR_ARGUMENT', 'the data has no bytes')
  if (byteLength % blockSize !== 0) {
    throw createError('ERR_ALIGNMENT', `${byteLength} bytes are no whole blocks of ${blockSize}`)
  }
  // The device takes addresses that are multiples of 4 (NVMe base 2.0, 4.1.1).
  if (memory !== undefined && !memory.bounced && byteOffset % 4 === 0) {
    return { namespaceId, blockSize, lba: first, byteLength, memory, byteOffset, bytes: undefined }
  }
  const bytes = bytesOf(target)
  if (bytes === undefined) throw createError('ERR_UNSUPPORTED', 'memory that the CPU cannot copy')
  return { namespaceId, blockSize, lba: first, byteLength, memory: undefined, byteOffset: 0, bytes }
}

/** Copies what was read to where it was asked for. */
export function copyBounced(
  slot: DmaDescriptor,
  to: Uint8Array,
  byteLength: number,
): NvmError | undefined {
  const from = slot.bytes
  if (from === undefined || to.byteLength !== byteLength) {
    return createError('ERR_CLOSED', 'the typed array was detached during the read')
  }
  to.set(from.subarray(0, byteLength))
  return undefined
}
