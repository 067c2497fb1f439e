// SPDX-License-Identifier: MIT
// One I/O command before it has an id, and the data that it moves.

import { isBytes } from '../checks.ts'
import { type DmaDescriptor, type DmaMemory, isDescriptor, memoryOf } from '../dma.ts'
import { createError } from '../errors.ts'
import { canPoint } from './data-pointer.ts'
import type { NamespaceLike } from './request.ts'

/**
 * Memory that the device reaches, or any bytes: those are copied on the way.
 * @category Memory
 */
export type DataTarget = DmaDescriptor | Uint8Array

/**
 * One buffer, or several that the data of one command is scattered to or gathered from.
 * @category Memory
 */
export type Data = DataTarget | readonly DataTarget[]

/** A stretch of memory that the device reaches. */
export interface Segment {
  readonly memory: DmaMemory
  readonly byteOffset: number
  readonly byteLength: number
}

/** Where the data of a command is. One of the two lists is empty. */
export interface DataPlan {
  readonly byteLength: number
  /** What the device reaches itself. */
  readonly segments: readonly Segment[]
  /** What is copied through memory of ours. */
  readonly bytes: readonly Uint8Array[]
}

/** Words that few commands use; those left out are 0. */
export interface ExtraWords {
  readonly cdw2?: number
  readonly cdw3?: number
  readonly cdw13?: number
  readonly cdw14?: number
  readonly cdw15?: number
  /** MPTR: metadata in one buffer. */
  readonly metadata?: Segment
}

export interface Command {
  readonly opcode: number
  readonly nsid: number
  /** Not sent once that changed. */
  readonly namespace?: NamespaceLike
  readonly cdw10: number
  readonly cdw11: number
  readonly cdw12: number
  readonly extra: ExtraWords | undefined
  readonly data: DataPlan
}

export const noData: DataPlan = { byteLength: 0, segments: [], bytes: [] }

// The direction of the data is part of every opcode (NVMe base 2.0, 3.3.3.1).
export const sendsData = (opcode: number): boolean => (opcode & 1) !== 0
export const receivesData = (opcode: number): boolean => (opcode & 2) !== 0

/** The bytes of a target, for the CPU. */
function bytesOf(target: DataTarget): Uint8Array | undefined {
  return isDescriptor(target) ? target.bytes : target
}

/** What a read resolves to: the filled bytes of one buffer, or of each. */
export function filledBytes(data: Data): Uint8Array | (Uint8Array | undefined)[] | undefined {
  return Array.isArray(data) ? data.map(bytesOf) : bytesOf(data as DataTarget)
}

/** What decides how data gets to a device. */
export interface Reach {
  /** Whose memory the device reaches: that of another controller is copied. */
  readonly controllerId: number
  readonly takesSgls: boolean
  /** Of one command. */
  readonly transferBytesMax: number
}

/** Decides whether the device reaches the buffers itself or the data is copied. */
export function planData(data: Data, reach: Reach): DataPlan {
  const targets = Array.isArray(data) ? (data as readonly DataTarget[]) : [data as DataTarget]
  const segments: Segment[] = []
  let byteLength = 0
  for (const target of targets) {
    if (!isDescriptor(target) && !isBytes(target)) {
      throw createError(
        'ERR_ARGUMENT',
        'data is a Uint8Array or a DmaDescriptor, or a list of them',
      )
    }
    const memory = isDescriptor(target) ? target.memory : memoryOf(target)
    if (memory?.disposed) throw createError('ERR_CLOSED', 'the descriptor was disposed')
    byteLength += target.byteLength
    if (target.byteLength === 0) continue
    if (memory?.controllerId !== reach.controllerId || memory.bounced) continue
    segments.push({ memory, byteOffset: target.byteOffset, byteLength: target.byteLength })
  }
  if (byteLength === 0) throw createError('ERR_ARGUMENT', 'the data has no bytes')
  const filled = targets.filter((target) => target.byteLength > 0)
  const plan = { byteLength, segments, bytes: [] }
  if (segments.length === filled.length && canPointEach(plan, reach)) return plan
  return { byteLength, segments: [], bytes: filled.map(copyableBytes) }
}

function copyableBytes(target: DataTarget): Uint8Array {
  const bytes = bytesOf(target)
  if (bytes === undefined) throw createError('ERR_UNSUPPORTED', 'memory that the CPU cannot copy')
  return canChangeLength(bytes) ? cutBytes(bytes, 0, bytes.byteLength) : bytes
}

/** In step with its buffer: what one array loses, another may gain. */
function canChangeLength({ buffer }: Uint8Array): boolean {
  return buffer instanceof ArrayBuffer ? buffer.resizable : buffer.growable
}

/** Whether every command of the plan can name its part of the data. */
function canPointEach(plan: DataPlan, { takesSgls, transferBytesMax }: Reach): boolean {
  for (const { segments } of cutPlan(plan, transferBytesMax)) {
    if (!canPoint(segments, takesSgls)) return false
  }
  return true
}

/** The parts of a plan in their order, of `partBytes` each but the last. */
export function* cutPlan(plan: DataPlan, partBytes: number): Generator<DataPlan> {
  if (plan.byteLength <= partBytes) {
    yield plan
    return
  }
  const segments = new Cutter(plan.segments, cutSegment)
  const bytes = new Cutter(plan.bytes, cutBytes)
  for (let left = plan.byteLength; left > 0; left -= partBytes) {
    const byteLength = Math.min(partBytes, left)
    yield { byteLength, segments: segments.take(byteLength), bytes: bytes.take(byteLength) }
  }
}

type Cut<T> = (piece: T, from: number, byteLength: number) => T

const cutSegment: Cut<Segment> = ({ memory, byteOffset }, from, byteLength) => ({
  memory,
  byteOffset: byteOffset + from,
  byteLength,
})
/** No bytes of an array that was detached or has shrunk. */
const cutBytes: Cut<Uint8Array> = (piece, from, byteLength) =>
  from + byteLength > piece.byteLength
    ? new Uint8Array(0)
    : new Uint8Array(piece.buffer, piece.byteOffset + from, byteLength)

/** Takes the pieces of a list from its beginning to its end. */
class Cutter<T extends { readonly byteLength: number }> {
  readonly #list: readonly T[]
  /** As they were asked for: an array that is detached or resized moves no other one. */
  readonly #byteLengths: readonly number[]
  readonly #cut: Cut<T>
  #index = 0
  #from = 0

  constructor(list: readonly T[], cut: Cut<T>) {
    this.#list = list
    this.#byteLengths = list.map(({ byteLength }) => byteLength)
    this.#cut = cut
  }

  take(byteLength: number): T[] {
    const parts: T[] = []
    for (let left = byteLength; left > 0 && this.#index < this.#list.length; ) {
      const piece = this.#list[this.#index] as T
      const pieceBytes = this.#byteLengths[this.#index] as number
      const length = Math.min(left, pieceBytes - this.#from)
      parts.push(this.#cut(piece, this.#from, length))
      left -= length
      this.#from += length
      if (this.#from < pieceBytes) continue
      this.#index++
      this.#from = 0
    }
    return parts
  }
}
