// SPDX-License-Identifier: MIT
// Get Log Page (NVMe base 2.0, 5.16): any page as bytes, in as many commands as it takes, and those
// of the table decoded.

import { checkBoolean, checkInteger, checkOptions, namesOf } from '../checks.ts'
import { createError } from '../errors.ts'
import { byteLengthOf, type Decoded, decode, decodeBits } from '../spec/decode.ts'
import { encodeBits } from '../spec/encode.ts'
import { nvme } from '../spec/nvme.ts'
import { type CodeName, numberOf } from './codes.ts'
import { type AdminPort, allNamespaces, submit } from './command.ts'
import { identifyAs, listedNamespaces } from './identify.ts'

/**
 * SMART / Health Information (log page 02h).
 * [Its fields](../../docs/fields.md#smartlog).
 * @category Admin commands
 */
export type SmartLog = Decoded<'SmartLog'>

/**
 * One entry of Error Information (log page 01h).
 * [Its fields](../../docs/fields.md#errorlogentry).
 * @category Admin commands
 */
export type ErrorLogEntry = Decoded<'ErrorLogEntry'>

/**
 * Firmware Slot Information (log page 03h).
 * [Its fields](../../docs/fields.md#firmwareslotlog).
 * @category Admin commands
 */
export type FirmwareSlotLog = Decoded<'FirmwareSlotLog'>

/**
 * Commands Supported and Effects (log page 05h).
 * [Its fields](../../docs/fields.md#commandeffectslog).
 * @category Admin commands
 */
export type CommandEffectsLog = Decoded<'CommandEffectsLog'>

/**
 * Device Self-test (log page 06h).
 * [Its fields](../../docs/fields.md#selftestlog).
 * @category Admin commands
 */
export type SelfTestLog = Decoded<'SelfTestLog'>

/**
 * Sanitize Status (log page 81h).
 * [Its fields](../../docs/fields.md#sanitizestatuslog).
 * @category Admin commands
 */
export type SanitizeStatusLog = Decoded<'SanitizeStatusLog'>

/**
 * How a log page is read.
 * @category Admin commands
 */
export interface LogPageOptions {
  /**
   * Default true: reading changes nothing. False lets the controller report the next asynchronous
   * event of the page's type and clears pages that list changes; `controller.events()` does so
   * itself.
   */
  readonly retainAsynchronousEvent?: boolean
}

/**
 * Which log page, and how much of it.
 * @category Admin commands
 */
export interface LogPageRequest extends LogPageOptions {
  /** Log page identifier: its number, or its name in the table. */
  readonly lid: CodeName<'log_page'> | number
  /** Bytes of it: a multiple of 4, at most 1 GiB. */
  readonly byteLength: number
  /** Byte to begin at, a multiple of 4; default 0. All else needs a controller with LPA bit 2. */
  readonly offset?: number
  /** Of this namespace; default FFFFFFFFh: of the whole controller. */
  readonly nsid?: number
  /** Log specific field; default 0. */
  readonly lsp?: number
  /** Log specific identifier; default 0. */
  readonly lsi?: number
  /** Command set: its identifier, or its name in the table; default `nvm`. */
  readonly csi?: CodeName<'csi'> | number
  /** UUID Index, for vendor specific pages; default 0: none. */
  readonly uuidIndex?: number
}

const requestNames = namesOf<LogPageRequest>({
  lid: true,
  byteLength: true,
  offset: true,
  nsid: true,
  lsp: true,
  lsi: true,
  csi: true,
  uuidIndex: true,
  retainAsynchronousEvent: true,
})
const pageNames = namesOf<LogPageOptions>({ retainAsynchronousEvent: true })
const dwordBytes = 4
const smallDwordsMax = 2 ** 12
const largeBytesMax = 2 ** 32 * dwordBytes
const readsBytesMax = 2 ** 30

/** `byteLength` bytes of a log page, which may be more than one command transfers. */
export async function getLogPage(port: AdminPort, request: LogPageRequest): Promise<Uint8Array> {
  checkOptions('getLogPage', request, requestNames)
  const { byteLength, offset = 0, retainAsynchronousEvent = true } = request
  checkBoolean('retainAsynchronousEvent', retainAsynchronousEvent)
  checkInteger('byteLength', byteLength, dwordBytes, readsBytesMax)
  checkInteger('offset', offset, 0, Number.MAX_SAFE_INTEGER - largeBytesMax)
  if (byteLength % dwordBytes !== 0 || offset % dwordBytes !== 0) {
    throw createError('ERR_ALIGNMENT', `byteLength ${byteLength}, offset ${offset}; multiples of 4`)
  }
  const step = Math.min(byteLength, transferBytes(port))
  if (offset > 0 || step < byteLength || byteLength > smallDwordsMax * dwordBytes) {
    await requireExtendedData(port)
  }
  const bytes = new Uint8Array(byteLength)
  for (let at = 0; at < byteLength; at += step) {
    const part = bytes.subarray(at, at + step)
    const isLast = at + step >= byteLength
    await readPart(port, request, offset + at, part, retainAsynchronousEvent || !isLast)
  }
  return bytes
}

function transferBytes(port: AdminPort): number {
  const defaultBytes = 2 ** 20
  return Math.min(port.transferBytesMax(), defaultBytes)
}

async function requireExtendedData(port: AdminPort): Promise<void> {
  const { lpa } = await identifyAs(port, 'IdentifyController', { cns: 'identify_controller' })
  if (decodeBits('lpa', lpa).extended_data === 1) return
  const fix = 'read at most 16 KiB, and no more than one command transfers, from offset 0'
  throw createError('ERR_UNSUPPORTED', `log pages in parts (LPA.extended_data); ${fix}`)
}

async function readPart(
  port: AdminPort,
  request: LogPageRequest,
  offset: number,
  data: Uint8Array,
  retains: boolean,
): Promise<void> {
  const { nsid = allNamespaces, lsp = 0, lsi = 0, csi = 0, uuidIndex = 0 } = request
  const dwords = data.byteLength / dwordBytes - 1
  await submit(port, {
    opcode: nvme.codes.admin_opcode.get_log_page[0],
    nsid,
    cdw10: encodeBits('get_log_page_cdw10', {
      lid: numberOf('log_page', request.lid),
      lsp,
      rae: retains ? 1 : 0,
      numdl: dwords & 0xffff,
    }),
    cdw11: encodeBits('get_log_page_cdw11', { numdu: Math.floor(dwords / 2 ** 16), lsi }),
    cdw12: offset % 2 ** 32,
    cdw13: Math.floor(offset / 2 ** 32),
    cdw14: encodeBits('get_log_page_cdw14', { uuid_index: uuidIndex, csi: numberOf('csi', csi) }),
    data,
  })
}

/** A page that is a structure of the table, read with the options that it takes. */
export async function readLog<Name extends Parameters<typeof decode>[0]>(
  port: AdminPort,
  name: Name,
  lid: CodeName<'log_page'>,
  options: Partial<LogPageRequest> = {},
  optionNames: readonly (keyof LogPageRequest)[] = [],
): Promise<Decoded<Name>> {
  checkOptions(lid, options, optionNames)
  return decode(name, await getLogPage(port, { ...options, lid, byteLength: byteLengthOf(name) }))
}

/** The entries in use, the newest first. */
export async function readErrors(
  port: AdminPort,
  options: LogPageOptions,
): Promise<ErrorLogEntry[]> {
  checkOptions('error_information', options, pageNames)
  const { elpe } = await identifyAs(port, 'IdentifyController', { cns: 'identify_controller' })
  const entryBytes = byteLengthOf('ErrorLogEntry')
  const byteLength = (elpe + 1) * entryBytes
  const bytes = await getLogPage(port, { lid: 'error_information', byteLength, ...options })
  const entries = Array.from({ length: elpe + 1 }, (_, index) =>
    decode('ErrorLogEntry', bytes.subarray(index * entryBytes)),
  )
  return entries.filter((entry) => entry.error_count !== 0n)
}

export async function readChangedNamespaces(
  port: AdminPort,
  options: LogPageOptions,
): Promise<number[]> {
  checkOptions('changed_namespace_list', options, pageNames)
  const byteLength = byteLengthOf('NamespaceList')
  return listedNamespaces(
    await getLogPage(port, { lid: 'changed_namespace_list', byteLength, ...options }),
  )
}

/** The identifiers whose word has bit 0, "supported", set. */
export function supportedIds(words: readonly number[]): number[] {
  return words.flatMap((word, id) => ((word & 1) === 1 ? [id] : []))
}
