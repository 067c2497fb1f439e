// SPDX-License-Identifier: MIT
// How a command says where its data is (NVMe base 2.0, 4.1.1 and 4.1.2): PRPs for one or two pages,
// an SGL data block for more that is contiguous, else a PRP list, or an SGL where the pieces do not
// lie as PRPs want them. Lists are in the page that each command id has for them.

import { type DmaMemory, pageBytes } from '../dma.ts'
import { nvme } from '../spec/nvme.ts'
import type { Segment } from './command.ts'

const listWords = pageBytes / 4
const sglBytes = 16
const sglWords = sglBytes / 4
const sglDescriptorsMax = pageBytes / sglBytes
const { sgl_descriptor_type: sglType, data_pointer: psdt } = nvme.codes
const psdtSgl = psdt.sgl_metadata_buffer[0] << 14
const identifierOf = (type: number): number => type << 28
const dataBlock = identifierOf(sglType.data_block[0])
const lastSegment = identifierOf(sglType.last_segment[0])

/** The most that one command's PRP list page describes. */
export const listedBytesMax = (pageBytes / 8) * pageBytes

/** Whether PRPs, or SGLs where the controller takes them, can name all of it. */
export function canPoint(segments: readonly Segment[], takesSgls: boolean): boolean {
  if (segments.some((each) => each.byteOffset % 4 !== 0)) return false
  if (segments.length === 1 || liesAsPrps(segments)) return true
  if (!takesSgls || segments.some((each) => each.byteLength % 4 !== 0)) return false
  return segments.reduce((sum, each) => sum + runsMax(each), 0) <= sglDescriptorsMax
}

/** Every piece but the first begins with a page, every one but the last ends with one. */
function liesAsPrps(segments: readonly Segment[]): boolean {
  return segments.every(({ byteOffset, byteLength }, i) => {
    const begins = i === 0 || byteOffset % pageBytes === 0
    const ends = i === segments.length - 1 || (byteOffset + byteLength) % pageBytes === 0
    return begins && ends
  })
}

function pagesOf({ byteOffset, byteLength }: Segment): number {
  return Math.ceil(((byteOffset % pageBytes) + byteLength) / pageBytes)
}

const runsMax = (segment: Segment): number => (segment.memory.pages === null ? 1 : pagesOf(segment))

function pageLow(memory: DmaMemory, page: number): number {
  if (memory.pages !== null) return memory.pages[2 * page] as number
  return (memory.addressLow + page * pageBytes) | 0
}

function pageHigh(memory: DmaMemory, page: number): number {
  if (memory.pages !== null) return memory.pages[2 * page + 1] as number
  return memory.addressHigh + (page * pageBytes < memory.carryOffset ? 0 : 1)
}

export class DataPointers {
  readonly takesSgls: boolean
  readonly #words: Int32Array
  readonly #lists: Int32Array
  readonly #listLow: Int32Array
  readonly #listHigh: Int32Array

  /** `lists`: a page for each command id, at `listAddresses` for the device. */
  constructor(
    words: Int32Array,
    lists: Int32Array,
    listAddresses: Float64Array,
    takesSgls: boolean,
  ) {
    this.#words = words
    this.#lists = lists
    this.#listLow = Int32Array.from(listAddresses, (address) => (address % 2 ** 32) | 0)
    this.#listHigh = Int32Array.from(listAddresses, (address) => (address / 2 ** 32) | 0)
    this.takesSgls = takesSgls
  }

  /** Points the entry at word `at` at a part of one memory. */
  point(at: number, id: number, memory: DmaMemory, offset: number, length: number): void {
    const words = this.#words
    const inPage = offset % pageBytes
    const firstPage = (offset - inPage) / pageBytes
    const pageCount = Math.ceil((inPage + length) / pageBytes)
    words[at + 6] = pageLow(memory, firstPage) + inPage
    words[at + 7] = pageHigh(memory, firstPage)
    if (pageCount === 1) return
    if (pageCount === 2) {
      words[at + 8] = pageLow(memory, firstPage + 1)
      words[at + 9] = pageHigh(memory, firstPage + 1)
      return
    }
    if (this.takesSgls && memory.pages === null) {
      words[at] = (words[at] as number) | psdtSgl
      words[at + 8] = length
      words[at + 9] = dataBlock
      return
    }
    this.#listPages(id * listWords, memory, firstPage + 1, firstPage + pageCount)
    this.#pointAtList(at, id)
  }

  /** Points the entry at pieces for which canPoint() holds, or nowhere. */
  pointAtAll(at: number, id: number, segments: readonly Segment[]): void {
    const [first] = segments
    if (first === undefined) {
      this.#words.fill(0, at + 6, at + 10)
      return
    }
    if (segments.length === 1) this.point(at, id, first.memory, first.byteOffset, first.byteLength)
    else if (liesAsPrps(segments)) this.#pointByPrps(at, id, segments)
    else this.#pointBySgl(at, id, segments)
  }

  #pointByPrps(at: number, id: number, segments: readonly Segment[]): void {
    const words = this.#words
    const lists = this.#lists
    const start = id * listWords
    let entry = start
    segments.forEach((segment, i) => {
      const { memory, byteOffset } = segment
      const page = Math.floor(byteOffset / pageBytes)
      if (i === 0) {
        words[at + 6] = pageLow(memory, page) + (byteOffset % pageBytes)
        words[at + 7] = pageHigh(memory, page)
      }
      entry = this.#listPages(entry, memory, i === 0 ? page + 1 : page, page + pagesOf(segment))
    })
    if (entry > start + 2) {
      this.#pointAtList(at, id)
    } else {
      words[at + 8] = lists[start] as number
      words[at + 9] = lists[start + 1] as number
    }
  }

  #pointBySgl(at: number, id: number, segments: readonly Segment[]): void {
    const words = this.#words
    const start = id * listWords
    let entry = start
    for (const segment of segments) entry = this.#describe(entry, segment)
    words[at] = (words[at] as number) | psdtSgl
    words[at + 6] = this.#listLow[id] as number
    words[at + 7] = this.#listHigh[id] as number
    words[at + 8] = (entry - start) * 4
    words[at + 9] = lastSegment
  }

  /** Data block descriptors of one piece; returns where the next one goes. */
  #describe(start: number, { memory, byteOffset, byteLength }: Segment): number {
    const lists = this.#lists
    const end = byteOffset + byteLength
    let entry = start
    for (let from = byteOffset; from < end; entry += sglWords) {
      const page = Math.floor(from / pageBytes)
      const length = memory.pages === null ? end - from : (page + 1) * pageBytes - from
      lists[entry] = pageLow(memory, page) + (from % pageBytes)
      lists[entry + 1] = pageHigh(memory, page)
      lists[entry + 2] = Math.min(length, end - from)
      lists[entry + 3] = dataBlock
      from += length
    }
    return entry
  }

  #listPages(start: number, memory: DmaMemory, from: number, to: number): number {
    const lists = this.#lists
    let entry = start
    for (let page = from; page < to; page++) {
      lists[entry++] = pageLow(memory, page)
      lists[entry++] = pageHigh(memory, page)
    }
    return entry
  }

  #pointAtList(at: number, id: number): void {
    this.#words[at + 8] = this.#listLow[id] as number
    this.#words[at + 9] = this.#listHigh[id] as number
  }

  /** The one address of a metadata buffer, in two halves. */
  pointAtMetadata(at: number, { memory, byteOffset }: Segment): void {
    const page = Math.floor(byteOffset / pageBytes)
    this.#words[at + 4] = pageLow(memory, page) + (byteOffset % pageBytes)
    this.#words[at + 5] = pageHigh(memory, page)
  }
}
