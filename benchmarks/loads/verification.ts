// SPDX-License-Identifier: MIT
// Whether what is written arrives where it belongs, and what is read is what was written: a pass
// of its own, before or after the one that is timed, along the same path.
import { randomInt } from 'node:crypto'
import type { AwaitQueuePair, DataTarget, Namespace } from 'peernvm'
import { lbaBytes } from '../shared/filled-namespace.ts'

const wordBytes = 4

export interface Verification {
  namespace: Pick<Namespace, 'read' | 'write'>
  /** The namespace's own queue where there is none. */
  queue?: AwaitQueuePair
  /** All of one length; as many transfers are outstanding as there are buffers. */
  buffers: readonly DataTarget[]
  /** Where to write and read; places are the same or do not overlap. */
  lbas: readonly number[]
}

/**
 * Writes each place with words that say where in the namespace they belong and in which pass, and
 * reads them back. Resolves to the number of bytes compared; throws at the first wrong word.
 */
export async function verify({ namespace, queue, buffers, lbas }: Verification): Promise<number> {
  const salt = randomInt(2 ** 32) // what an earlier pass wrote is wrong
  const words = buffers.map(wordsOf)
  let bytes = 0
  for (let first = 0; first < lbas.length; first += buffers.length) {
    const group = lbas.slice(first, first + buffers.length)
    const each = <T>(act: (lba: number, buffer: DataTarget, view: Uint32Array) => T): T[] =>
      group.map((lba, i) => act(lba, buffers[i] as DataTarget, words[i] as Uint32Array))
    each((lba, _, view) => stamp(view, lba, salt))
    await Promise.all(each((lba, from) => namespace.write({ lba, from }, queue)))
    each((_lba, _, view) => view.fill(0))
    await Promise.all(each((lba, into) => namespace.read({ lba, into }, queue)))
    each((lba, _, view) => compare(view, lba, salt))
    bytes += each((_lba, _, view) => view.byteLength).reduce((sum, length) => sum + length, 0)
  }
  return bytes
}

function wordsOf(buffer: DataTarget): Uint32Array {
  const bytes = buffer instanceof Uint8Array ? buffer : buffer.bytes
  if (bytes === undefined) throw new Error('the CPU does not reach the memory')
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / wordBytes)
}

const firstWord = (lba: number): number => (lba * lbaBytes) / wordBytes

function stamp(view: Uint32Array, lba: number, salt: number): void {
  const first = firstWord(lba)
  for (let i = 0; i < view.length; i++) view[i] = (first + i) ^ salt
}

function compare(view: Uint32Array, lba: number, salt: number): void {
  const first = firstWord(lba)
  for (let i = 0; i < view.length; i++) {
    if (view[i] === ((first + i) ^ salt) >>> 0) continue
    throw new Error(`byte ${i * wordBytes} of what was read at LBA ${lba} is wrong`)
  }
}
