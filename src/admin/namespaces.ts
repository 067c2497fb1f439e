// SPDX-License-Identifier: MIT
// Format NVM, Namespace Management and Namespace Attachment (NVMe base 2.0, 5.14, 5.23, 5.22).

import { checkArray, checkBoolean, checkInteger, checkOptions, namesOf, show } from '../checks.ts'
import { createError } from '../errors.ts'
import { type Decoded, decodeBits } from '../spec/decode.ts'
import { encode, encodeBits } from '../spec/encode.ts'
import { nvme } from '../spec/nvme.ts'
import { type CodeName, codeOf } from './codes.ts'
import { type AdminOptions, type AdminPort, allNamespaces, submit } from './command.ts'
import { identifyAs } from './identify.ts'

/**
 * How blocks are laid out: by `blockSize`, or by `lbaFormat`.
 * @category Admin commands
 */
export interface LayoutOptions {
  /** Bytes of a block without metadata: the format with this size that performs best is taken. */
  readonly blockSize?: number
  /** With `blockSize`: bytes of metadata of each block; default 0. */
  readonly metadataSize?: number
  /** Instead of `blockSize`: the index of the format in Identify Namespace's LBAF. */
  readonly lbaFormat?: number
  /** Metadata follows each block's data instead of having a buffer (MSET); default false. */
  readonly extended?: boolean
  /** Type of protection information in the metadata; default `none`. */
  readonly protection?: CodeName<'protection_information'>
  /** Protection information is the first bytes of metadata, not the last (PIL); default false. */
  readonly protectionFirst?: boolean
}

/**
 * What a namespace is formatted to.
 * @category Admin commands
 */
export interface FormatOptions extends LayoutOptions, AdminOptions {
  /** Secure Erase Settings; default `none`: old data may stay on the medium. */
  readonly secureErase?: CodeName<'secure_erase'>
}

/**
 * What a new namespace is like.
 * @category Admin commands
 */
export interface CreateNamespaceOptions extends LayoutOptions, AdminOptions {
  /** Size in blocks. */
  readonly blockCount: number | bigint
  /** Capacity in blocks; default `blockCount`. */
  readonly capacity?: number | bigint
  /** Several controllers may attach it at once; default false. */
  readonly shared?: boolean
}

const layoutNames = {
  blockSize: true,
  metadataSize: true,
  lbaFormat: true,
  extended: true,
  protection: true,
  protectionFirst: true,
} as const satisfies Record<keyof LayoutOptions, true>
const formatNames = namesOf<FormatOptions>({ ...layoutNames, timeoutMs: true, secureErase: true })
const createNames = namesOf<CreateNamespaceOptions>({
  ...layoutNames,
  timeoutMs: true,
  blockCount: true,
  capacity: true,
  shared: true,
})
const deleteNames = namesOf<AdminOptions>({ timeoutMs: true })
const blockSizeMax = 2 ** 31
const metadataSizeMax = 0xffff
const lbaFormatsMax = 64
const controllersMax = 2047
const controllerIdMax = 0xffff
const formatLowerBits = 4
const formatLowerMask = 0xf
const { admin_opcode: adminOpcode } = nvme.codes

/** A layout, checked as far as that goes without asking the controller. */
function checkLayout(options: LayoutOptions): { extended: boolean; protectionFirst: boolean } {
  const { blockSize, metadataSize, lbaFormat } = options
  const { extended = false, protectionFirst = false } = options
  checkBoolean('extended', extended)
  checkBoolean('protectionFirst', protectionFirst)
  if (blockSize !== undefined) checkInteger('blockSize', blockSize, 1, blockSizeMax)
  if (metadataSize !== undefined) checkInteger('metadataSize', metadataSize, 0, metadataSizeMax)
  if (lbaFormat !== undefined) {
    checkInteger('lbaFormat', lbaFormat, 0, lbaFormatsMax - 1)
    if (blockSize === undefined && metadataSize === undefined) return { extended, protectionFirst }
    const instead = 'lbaFormat says block size and metadata size; give it or those'
    throw createError('ERR_ARGUMENT', instead)
  }
  if (metadataSize === undefined || blockSize !== undefined) return { extended, protectionFirst }
  throw createError('ERR_ARGUMENT', 'metadataSize is given without blockSize')
}

/** The index of the LBA format that the options name. */
async function findFormat(port: AdminPort, nsid: number, options: LayoutOptions): Promise<number> {
  const { blockSize, metadataSize = 0, lbaFormat } = options
  if (lbaFormat !== undefined) return lbaFormat
  const identify = await identifyAs(port, 'IdentifyNamespace', { cns: 'identify_namespace', nsid })
  if (blockSize === undefined) return formatIndex(identify.flbas)
  const formats = identify.lbaf.slice(0, identify.nlbaf + 1)
  const usable = formats
    .map((format, index) => ({ ...format, index }))
    .filter(({ lbads, ms }) => lbads > 0 && 2 ** lbads === blockSize && ms === metadataSize)
    .sort((one, other) => one.rp - other.rp)
  if (usable[0] !== undefined) return usable[0].index
  const sizes = formats.filter(({ lbads }) => lbads > 0).map(describeFormat)
  const wanted = describeSizes(blockSize, metadataSize)
  throw createError('ERR_UNSUPPORTED', `blocks of ${wanted} bytes; there are ${sizes.join(', ')}`)
}

function describeFormat({ lbads, ms }: Decoded<'LbaFormat'>): string {
  return describeSizes(2 ** lbads, ms)
}

function describeSizes(blockSize: number, metadataSize: number): string {
  return metadataSize === 0 ? `${blockSize}` : `${blockSize}+${metadataSize}`
}

/** The index of the LBA format in use. */
export function formatIndex(flbas: number): number {
  const { format_lower: lower, format_upper: upper } = decodeBits('flbas', flbas)
  return lower | (upper << formatLowerBits)
}

function checkNamespace(nsid: number): void {
  checkInteger('nsid', nsid, 1, allNamespaces - 1)
}

function namespaceOrAll(nsid: number | 'all'): number {
  if (nsid === 'all') return allNamespaces
  checkNamespace(nsid)
  return nsid
}

export async function formatNamespace(
  port: AdminPort,
  nsid: number | 'all',
  options: FormatOptions,
): Promise<void> {
  const id = namespaceOrAll(nsid)
  checkOptions('formatNamespace', options, formatNames)
  const { protection = 'none', secureErase = 'none', timeoutMs = port.timeoutMs } = options
  const { extended, protectionFirst } = checkLayout(options)
  const format = await findFormat(port, id, options)
  const cdw10 = encodeBits('format_nvm_cdw10', {
    lbafl: format & formatLowerMask,
    lbafu: format >> formatLowerBits,
    mset: extended ? 1 : 0,
    pi: codeOf('protection_information', protection),
    pil: protectionFirst ? 1 : 0,
    ses: codeOf('secure_erase', secureErase),
  })
  await submit(port, { opcode: adminOpcode.format_nvm[0], nsid: id, cdw10 }, { timeoutMs })
}

export async function createNamespace(
  port: AdminPort,
  options: CreateNamespaceOptions,
): Promise<number> {
  checkOptions('createNamespace', options, createNames)
  const { blockCount, capacity = blockCount, shared = false } = options
  const { protection = 'none', timeoutMs = port.timeoutMs } = options
  checkBlocks('blockCount', blockCount)
  checkBlocks('capacity', capacity)
  checkBoolean('shared', shared)
  const { extended, protectionFirst } = checkLayout(options)
  const format = await findFormat(port, allNamespaces, options)
  const data = encode('NamespaceManagementData', {
    nsze: BigInt(blockCount),
    ncap: BigInt(capacity),
    flbas: encodeBits('flbas', {
      format_lower: format & formatLowerMask,
      format_upper: format >> formatLowerBits,
      extended: extended ? 1 : 0,
    }),
    dps: encodeBits('dps', {
      type: codeOf('protection_information', protection),
      first: protectionFirst ? 1 : 0,
    }),
    nmic: encodeBits('nmic', { shared: shared ? 1 : 0 }),
  })
  const cdw10 = selectBits('create')
  const command = { opcode: adminOpcode.namespace_management[0], cdw10, data }
  return (await submit(port, command, { timeoutMs })).dword0
}

/** A number of blocks, at least one. */
function checkBlocks(what: string, value: number | bigint): void {
  const isCount = typeof value === 'bigint' || Number.isSafeInteger(value)
  if (!isCount) throw createError('ERR_ARGUMENT', `${what} ${show(value)} is no number of blocks`)
  if (value >= 1) return
  throw createError('ERR_RANGE', `${what} is ${show(value)}; it is at least 1`)
}

function selectBits(name: CodeName<'namespace_management_select'>): number {
  const sel = codeOf('namespace_management_select', name)
  return encodeBits('namespace_management_cdw10', { sel })
}

export async function deleteNamespace(
  port: AdminPort,
  nsid: number | 'all',
  options: AdminOptions,
): Promise<void> {
  checkOptions('deleteNamespace', options, deleteNames)
  const command = {
    opcode: adminOpcode.namespace_management[0],
    nsid: namespaceOrAll(nsid),
    cdw10: selectBits('remove'),
  }
  await submit(port, command, options)
}

/** To or from `controllers`, or this one where none are given. */
export async function changeAttachment(
  port: AdminPort,
  select: CodeName<'namespace_attachment_select'>,
  nsid: number,
  controllers: readonly number[] | undefined,
): Promise<void> {
  checkNamespace(nsid)
  if (controllers !== undefined) checkArray('controllers', controllers)
  for (const id of controllers ?? []) checkInteger('a controller id', id, 0, controllerIdMax)
  const ids = controllers ?? [await ownId(port)]
  if (ids.length === 0 || ids.length > controllersMax) {
    throw createError('ERR_RANGE', `${ids.length} controllers; a list has 1 to ${controllersMax}`)
  }
  const identifier = [...ids].sort((one, other) => one - other)
  await submit(port, {
    opcode: adminOpcode.namespace_attachment[0],
    nsid,
    cdw10: encodeBits('namespace_attachment_cdw10', {
      sel: codeOf('namespace_attachment_select', select),
    }),
    data: encode('ControllerList', { num: ids.length, identifier }),
  })
}

async function ownId(port: AdminPort): Promise<number> {
  return (await identifyAs(port, 'IdentifyController', { cns: 'identify_controller' })).cntlid
}
