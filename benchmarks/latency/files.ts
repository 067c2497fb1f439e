// SPDX-License-Identifier: MIT
// Runs that move a file's bytes: memory that mirrors the range, filled from one file, written to
// another, or compared with one.

import { open, stat, writeFile } from 'node:fs/promises'
import { createError, createSystemError } from '../../src/errors.ts'
import type { Controller, DmaDescriptor } from '../../src/index.ts'
import type { CommandOptions } from './options.ts'

const rangeBytesMax = 4 * 2 ** 30
/** What is read of a file at a time. */
const pieceBytes = 2 ** 20

/** Whether the options name a file whose bytes are moved. */
export const movesFile = ({ infile, outfile, verify }: CommandOptions): boolean =>
  infile !== undefined || outfile !== undefined || verify !== undefined

/**
 * Memory for all of a range, with the bytes of --infile.
 * @throws NvmError ERR_RANGE for a range of more than 4 GiB; ERR_ARGUMENT for a shorter file, that
 *   of --verify too; what the file system refuses
 */
export async function mirrorRange(
  controller: Controller,
  { infile, verify }: CommandOptions,
  byteLength: number,
): Promise<DmaDescriptor> {
  if (byteLength > rangeBytesMax) {
    const what = `the range has ${byteLength} bytes, which all have to be in memory`
    throw createError('ERR_RANGE', `${what}; --size 4GiB is the most`)
  }
  if (verify !== undefined) await refuseShortFile(verify, byteLength)
  if (infile !== undefined) await refuseShortFile(infile, byteLength)
  const memory = await controller.allocate(byteLength)
  if (infile !== undefined) await readInto(infile, bytesOf(memory, byteLength))
  return memory
}

/** The memory's bytes, which are ours. */
export const bytesOf = (memory: DmaDescriptor, byteLength: number): Uint8Array =>
  (memory.bytes as Uint8Array).subarray(0, byteLength)

/**
 * What is to be done with what was read.
 * @throws NvmError ERR_ARGUMENT when the file of --verify is shorter; Error naming the first byte
 *   that differs
 */
export async function takeOut(bytes: Uint8Array, options: CommandOptions): Promise<void> {
  const { outfile, verify } = options
  if (outfile !== undefined) await writeFile(outfile, bytes).catch(refuseSystem)
  if (verify !== undefined) await compareWithFile(verify, bytes)
}

/** @throws NvmError ERR_ARGUMENT for a shorter file; Error naming the first byte that differs */
export async function compareWithFile(path: string, bytes: Uint8Array): Promise<void> {
  const buffer = new Uint8Array(Math.min(pieceBytes, bytes.length))
  const pieceAt = (from: number, to: number) => buffer.subarray(0, to - from)
  await readPieces(path, bytes.length, pieceAt, (expected, from) => {
    const found = bytes.subarray(from, from + expected.length)
    if (Buffer.compare(expected, found) === 0) return
    const at = from + found.findIndex((byte, i) => byte !== expected[i])
    throw new Error(`what was read differs from ${path} at byte ${at}`)
  })
}

/** Fills all of `bytes` from a file, which may have more. @throws NvmError ERR_ARGUMENT … */
export function readInto(path: string, bytes: Uint8Array): Promise<void> {
  return readPieces(path, bytes.length, (from, to) => bytes.subarray(from, to))
}

/**
 * Looks at the length of a file before it is needed, where the file has one.
 * @throws NvmError ERR_ARGUMENT when that is less; what the file system refuses
 */
export async function refuseShortFile(path: string, byteLength: number): Promise<void> {
  const status = await stat(path).catch(refuseSystem)
  if (status.isFile() && status.size < byteLength) throw shorter(path, status.size, byteLength)
}

/** Reads the first bytes of a file, and no more, each piece into the place that it is given. */
async function readPieces(
  path: string,
  byteLength: number,
  pieceAt: (from: number, to: number) => Uint8Array,
  done: (piece: Uint8Array, from: number) => void = () => {},
): Promise<void> {
  await using file = await open(path).catch(refuseSystem)
  for (let from = 0; from < byteLength; from += pieceBytes) {
    const piece = pieceAt(from, Math.min(from + pieceBytes, byteLength))
    for (let filled = 0; filled < piece.length; ) {
      const rest = piece.length - filled
      const { bytesRead } = await file.read(piece, filled, rest, null).catch(refuseSystem)
      if (bytesRead === 0) throw shorter(path, from + filled, byteLength)
      filled += bytesRead
    }
    done(piece, from)
  }
}

const refuseSystem = (error: unknown): never => {
  throw createSystemError(error)
}

const shorter = (path: string, has: number, needed: number) =>
  createError(
    'ERR_ARGUMENT',
    `${path} has ${has} bytes, ${needed} are needed; name a longer file or fewer blocks`,
  )
