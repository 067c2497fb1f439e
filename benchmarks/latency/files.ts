// SPDX-License-Identifier: MIT
// Runs that move a file's bytes: memory that mirrors the range, filled from one file, written to
// another, or compared with one.

import { readFile, writeFile } from 'node:fs/promises'
import { createError, createSystemError } from '../../src/errors.ts'
import type { Controller, DmaDescriptor } from '../../src/index.ts'
import type { CommandOptions } from './options.ts'

const rangeBytesMax = 4 * 2 ** 30

/** Whether the options name a file whose bytes are moved. */
export const movesFile = ({ infile, outfile, verify }: CommandOptions): boolean =>
  infile !== undefined || outfile !== undefined || verify !== undefined

/**
 * Memory for all of a range, with the bytes of --infile.
 * @throws NvmError ERR_RANGE for a range of more than 4 GiB; ERR_ARGUMENT for a shorter file
 */
export async function mirrorRange(
  controller: Controller,
  { infile }: CommandOptions,
  byteLength: number,
): Promise<DmaDescriptor> {
  if (byteLength > rangeBytesMax) {
    const what = `the range has ${byteLength} bytes, which all have to be in memory`
    throw createError('ERR_RANGE', `${what}; --size 4GiB is the most`)
  }
  const memory = await controller.allocate(byteLength)
  if (infile === undefined) return memory
  const bytes = await readBytes(infile, byteLength, 'are to be written')
  memory.bytes?.set(bytes)
  return memory
}

/**
 * What is to be done with what was read.
 * @throws NvmError ERR_ARGUMENT when the file of --verify is shorter; Error naming the first byte
 *   that differs
 */
export async function takeOut(bytes: Uint8Array, options: CommandOptions): Promise<void> {
  const { outfile, verify } = options
  try {
    if (outfile !== undefined) await writeFile(outfile, bytes)
  } catch (error) {
    throw createSystemError(error)
  }
  if (verify !== undefined) await compareWithFile(verify, bytes)
}

/** @throws NvmError ERR_ARGUMENT for a shorter file; Error naming the first byte that differs */
export async function compareWithFile(path: string, bytes: Uint8Array): Promise<void> {
  const expected = await readBytes(path, bytes.length, 'were read')
  if (Buffer.compare(expected, bytes) === 0) return
  const at = bytes.findIndex((byte, i) => byte !== expected[i])
  throw new Error(`what was read differs from ${path} at byte ${at}`)
}

/**
 * The first `byteLength` bytes of a file; `what` says why so many.
 * @throws NvmError ERR_ARGUMENT for a shorter file
 */
export async function readBytes(
  path: string,
  byteLength: number,
  what: string,
): Promise<Uint8Array> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (error) {
    throw createSystemError(error)
  }
  if (bytes.length >= byteLength) return bytes.subarray(0, byteLength)
  throw createError('ERR_ARGUMENT', `${path} has ${bytes.length} bytes, ${byteLength} ${what}`)
}
