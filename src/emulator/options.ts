// SPDX-License-Identifier: MIT
// An emulated device, described; checked and made plain for the native side, which judges numbers.

import {
  checkArray,
  checkBoolean,
  checkInteger,
  checkNumber,
  checkOptions,
  checkText,
  isBytes,
  namesOf,
  show,
} from '../checks.ts'
import { createError } from '../errors.ts'
import { parseSize } from '../size.ts'

/**
 * A namespace of an emulated device. Of one that an image has already, what is given must be true.
 * @category Emulator
 */
export interface NamespaceOptions {
  /**
   * Bytes, or a number with KiB, MiB, GiB or TiB, as in `'64MiB'`. An image that does not exist is
   * created with it. Default of namespace 1: the image's size, in memory 1 GiB; others need one.
   */
  readonly size?: number | string
  /** Bytes of a block's data: 512 (default) or 4096. */
  readonly blockSize?: 512 | 4096
  /** Bytes of metadata that each block has beside its data: 0 (default) or 8. */
  readonly metadataSize?: 0 | 8
  /** The host's metadata follows each block's data instead of having a buffer; default false. */
  readonly extendedBlocks?: boolean
  /** 1: the metadata is protection information of type 1 (end-to-end); default 0: it is not. */
  readonly protection?: 0 | 1
}

/**
 * An emulated device: its first namespace, and all that the others and the controllers share.
 * @category Emulator
 */
export interface EmulatorOptions extends NamespaceOptions {
  /** A raw image file; without it the blocks live in memory. */
  readonly image?: string
  /**
   * The image, which must be given, is opened for reading; writes are refused as on a
   * write-protected drive; default false.
   */
  readonly readOnly?: boolean
  /** Further namespaces; their ids begin at 2. With an image they are files beside it. */
  readonly namespaces?: readonly NamespaceOptions[]
  /**
   * Bytes that namespaces may have in all, those of hosts and of `addNamespace()` too. Default: as
   * many as at first, and what `addNamespace()` adds.
   */
  readonly capacity?: number | string
  /** Controllers over the same namespaces: 1 (default) to 64. */
  readonly controllers?: number
  /** How long commands take; without it they are as fast as this machine. */
  readonly timing?: TimingOptions
  /**
   * Instead of `timing`: commands take as long as on a known drive. `p4800x`: Intel Optane, reads
   * in 12 µs and writes in 14 µs, at 2.4 and 2.0 GiB/s. `970pro`: a Samsung flash drive with its
   * write buffer, page map and garbage collection; it is empty at first, and takes 2 MiB of memory
   * for each GiB, of which there may be 1024.
   */
  readonly model?: TimingModelName
  /** What the device calls itself. */
  readonly identity?: IdentityOptions
  /** What each controller offers at most. */
  readonly limits?: LimitOptions
  /**
   * What `device.save()` gave: that device goes on, its controllers as after a reset. Only `image`,
   * `readOnly`, `timing` and `model` can be given with it; `image` must be when the device had one.
   */
  readonly load?: Uint8Array
}

const timingModelNames = ['p4800x', '970pro'] as const
/**
 * A drive whose timing is known.
 * @category Emulator
 */
export type TimingModelName = (typeof timingModelNames)[number]

/**
 * How long commands take.
 * @category Emulator
 */
export interface TimingOptions {
  /** Nanoseconds that a command takes at least; default 0. */
  readonly latencyNs?: number
  /** Bytes per second at most, of all commands together; 0, as by default: no limit. */
  readonly bandwidth?: number
}

/**
 * What the device is called.
 * @category Emulator
 */
export interface IdentityOptions {
  /** Serial number, at most 20 ASCII characters; by default made of the image's inode. */
  readonly serial?: string
  /** Model number, at most 40 ASCII characters; default `peernvm emulator`. */
  readonly model?: string
  /** Firmware revision, at most 8 ASCII characters; default `0.1`. */
  readonly firmware?: string
}

/**
 * What each controller of a device offers at most.
 * @category Emulator
 */
export interface LimitOptions {
  /** I/O queue pairs: 1 to 511, default 128. */
  readonly queuePairs?: number
  /** Entries of a queue: 2 to 65 536, default 4096. */
  readonly queueEntries?: number
  /** Transfers of at most 2^mdts pages of 4 KiB: 0 (no limit) to 16, default 5 (128 KiB). */
  readonly mdts?: number
  /** Namespaces, attached or not: 1 to 1024, default 256. */
  readonly namespaces?: number
}

export interface NativeNamespaceOptions {
  readonly byteLength: number
  readonly blockSize: number | undefined
  readonly metadataSize: number | undefined
  readonly extendedBlocks: boolean | undefined
  readonly protection: number | undefined
}

export interface NativeEmulatorOptions extends NativeNamespaceOptions {
  readonly image: string
  readonly readOnly: boolean
  readonly namespaces: readonly NativeNamespaceOptions[]
  readonly capacity: number
  readonly controllers: number
  readonly latencyNs: number
  readonly bandwidth: number
  readonly timingModel: string
  readonly serial: string
  readonly model: string
  readonly firmware: string
  readonly queuePairs?: number | undefined
  readonly queueEntries?: number | undefined
  readonly mdts?: number | undefined
  readonly namespacesMax?: number | undefined
  readonly load?: Uint8Array | undefined
}

const namespaceNames = namesOf<NamespaceOptions>({
  size: true,
  blockSize: true,
  metadataSize: true,
  extendedBlocks: true,
  protection: true,
})
const optionNames = [
  ...namespaceNames,
  ...namesOf<Omit<EmulatorOptions, keyof NamespaceOptions>>({
    image: true,
    readOnly: true,
    namespaces: true,
    capacity: true,
    controllers: true,
    timing: true,
    model: true,
    identity: true,
    limits: true,
    load: true,
  }),
]
const loadedOptionNames = ['load', 'image', 'readOnly', 'timing', 'model']
const timingNames = namesOf<TimingOptions>({ latencyNs: true, bandwidth: true })
const identityNames = namesOf<IdentityOptions>({ serial: true, model: true, firmware: true })
const controllersMax = 64
/** The native side's; it would name what its field holds, and not what was given. */
const limitRanges: Readonly<Record<keyof LimitOptions, readonly [min: number, max: number]>> = {
  queuePairs: [1, 511],
  queueEntries: [2, 65_536],
  mdts: [0, 16],
  namespaces: [1, 1024],
}
const limitNames = Object.keys(limitRanges)

/**
 * Makes an emulator's description plain for the native side.
 * @throws NvmError ERR_ARGUMENT for an option that does not exist or has a value of another type;
 * ERR_RANGE for a number beyond its limits.
 */
export function toNativeOptions(options: EmulatorOptions): NativeEmulatorOptions {
  checkOptions('the emulator', options, optionNames)
  const { load, image = '', readOnly = false, namespaces = [], controllers = 1 } = options
  if (load !== undefined) checkLoaded(options)
  checkText('image', image)
  checkBoolean('readOnly', readOnly)
  checkArray('namespaces', namespaces)
  checkInteger('controllers', controllers, 1, controllersMax)
  return {
    ...toNativeFormat(options),
    image,
    readOnly,
    namespaces: namespaces.map(toNativeNamespace),
    capacity: options.capacity === undefined ? 0 : parseSize(options.capacity),
    controllers,
    ...toNativeTiming(options),
    ...toNativeIdentity(options.identity),
    ...toNativeLimits(options.limits),
    load,
  }
}

function checkLoaded(options: EmulatorOptions): void {
  checkOptions('a device that is loaded', options, loadedOptionNames)
  if (isBytes(options.load)) return
  throw createError('ERR_ARGUMENT', 'load takes the Uint8Array that device.save() gave')
}

/** Makes a namespace's description plain. @throws NvmError ERR_ARGUMENT, ERR_RANGE */
export function toNativeNamespace(options: NamespaceOptions): NativeNamespaceOptions {
  checkOptions('a namespace', options, namespaceNames)
  return toNativeFormat(options)
}

function toNativeFormat(options: NamespaceOptions): NativeNamespaceOptions {
  const { size, blockSize, metadataSize, extendedBlocks, protection } = options
  checkCounts({ blockSize, metadataSize, protection })
  if (extendedBlocks !== undefined) checkBoolean('extendedBlocks', extendedBlocks)
  const byteLength = size === undefined ? 0 : parseSize(size)
  return { byteLength, blockSize, metadataSize, extendedBlocks, protection }
}

function toNativeTiming(options: EmulatorOptions) {
  const { timing = {} } = options
  checkOptions('timing', timing, timingNames)
  const { latencyNs = 0, bandwidth = 0 } = timing
  checkNumber('latencyNs', latencyNs)
  checkNumber('bandwidth', bandwidth)
  const timingModel = toTimingModel(options.model, timing)
  return { latencyNs: Math.round(latencyNs), bandwidth: Math.ceil(bandwidth), timingModel }
}

function toTimingModel(model: TimingModelName | undefined, timing: TimingOptions): string {
  if (model === undefined) return ''
  if (Object.keys(timing).length > 0) {
    throw createError(
      'ERR_ARGUMENT',
      'model and timing both say how long commands take; leave one out',
    )
  }
  if (timingModelNames.includes(model)) return model
  const names = timingModelNames.join(', ')
  throw createError(
    'ERR_ARGUMENT',
    `there is no timing model ${show(model)}, but ${names}; a model number goes into identity`,
  )
}

function toNativeIdentity(identity: IdentityOptions = {}) {
  checkOptions('identity', identity, identityNames)
  const { serial = '', model = '', firmware = '' } = identity
  for (const [name, text] of Object.entries({ serial, model, firmware })) checkText(name, text)
  return { serial, model, firmware }
}

function toNativeLimits(limits: LimitOptions = {}) {
  checkOptions('limits', limits, limitNames)
  const { queuePairs, queueEntries, mdts, namespaces: namespacesMax } = limits
  for (const [name, [min, max]] of Object.entries(limitRanges)) {
    const value = limits[name as keyof LimitOptions]
    if (value !== undefined) checkInteger(`limits.${name}`, value, min, max)
  }
  return { queuePairs, queueEntries, mdts, namespacesMax }
}

function checkCounts(counts: object): void {
  for (const [name, count] of Object.entries(counts)) {
    if (count !== undefined) checkCount(name, count)
  }
}

/** A count, whose limits the native side knows. */
function checkCount(name: string, value: unknown): void {
  checkInteger(name, value, 0, Number.MAX_SAFE_INTEGER)
}
