// SPDX-License-Identifier: MIT
// Any I/O command, as a caller writes it: words of the submission queue entry, and data.

import { checkOptions, show } from '../checks.ts'
import { type CommandWords, checkWords, wordPositions } from '../command-words.ts'
import { type DmaDescriptor, isDescriptor, pageBytes, refuseIfBounced } from '../dma.ts'
import { createError } from '../errors.ts'
import {
  type Command,
  type Data,
  type ExtraWords,
  noData,
  planData,
  type Reach,
} from './command.ts'
import type { RequestOptions } from './request.ts'

/**
 * An I/O command; words that are left out are 0.
 * @category Commands
 */
export interface IoCommand extends CommandWords, RequestOptions {
  /**
   * What the controller reads or fills. It is the controller's until the promise settles. The
   * controller does not learn its length: it is as long as what the command moves, or else what
   * lies behind it is overwritten.
   */
  readonly data?: Data
  /** Metadata of blocks that have it in a buffer of its own (MPTR). */
  readonly metadata?: DmaDescriptor
}

const commandNames = ['opcode', 'data', 'metadata', 'signal', ...Object.keys(wordPositions)]

/** Checks a command and where its data is. Each member is read once: it may be an accessor. */
export function planCommand(command: IoCommand, reach: Reach): Command {
  checkOptions('a command', command, commandNames)
  const { opcode, nsid = 0, cdw10 = 0, cdw11 = 0, cdw12 = 0, data, metadata } = command
  const { cdw2 = 0, cdw3 = 0, cdw13 = 0, cdw14 = 0, cdw15 = 0 } = command
  const extra = { cdw2, cdw3, cdw13, cdw14, cdw15 }
  checkWords({ opcode, nsid, cdw10, cdw11, cdw12, ...extra })
  if (data !== undefined && (opcode & 3) === 0) {
    const fix = 'an opcode with bits 1:0 of 00b moves none'
    throw createError('ERR_ARGUMENT', `data for opcode ${opcode}; ${fix}`)
  }
  const words = { opcode, nsid, cdw10, cdw11, cdw12 }
  const plan = data === undefined ? noData : planData(data, reach)
  return { ...words, extra: extraWords(extra, metadata, reach), data: plan }
}

function extraWords(
  words: ExtraWords,
  metadata: DmaDescriptor | undefined,
  { controllerId }: Reach,
): ExtraWords | undefined {
  if (metadata === undefined) return Object.values(words).some(Boolean) ? words : undefined
  if (!isDescriptor(metadata)) {
    throw createError('ERR_ARGUMENT', `metadata is a DmaDescriptor, and not ${show(metadata)}`)
  }
  const { memory, byteOffset, byteLength } = metadata
  if (memory.disposed) throw createError('ERR_CLOSED', 'the descriptor was disposed')
  if (memory.controllerId !== controllerId) {
    throw createError('ERR_ARGUMENT', 'the metadata is memory of another controller')
  }
  refuseIfBounced(memory)
  if (byteOffset % 4 !== 0) {
    const why = `metadata begins at byte ${byteOffset}, which is no multiple of 4`
    throw createError('ERR_ALIGNMENT', why)
  }
  if (memory.pages !== null && (byteOffset % pageBytes) + byteLength > pageBytes) {
    const within = `a view within one page of ${pageBytes} bytes`
    const why = `the metadata is not contiguous for the device; take ${within}`
    throw createError('ERR_ARGUMENT', why)
  }
  return { ...words, metadata: { memory, byteOffset, byteLength } }
}
