// SPDX-License-Identifier: MIT
// Memory that the device reaches: descriptors, their views, and when their memory may go.

import './disposable.ts'
import {
  checkInteger,
  checkName,
  checkObject,
  checkOptions,
  checkText,
  isBytes,
  namesOf,
  show,
} from './checks.ts'
import { forgetDropped, warnWhenDropped } from './dropped.ts'
import { createError, unwrap } from './errors.ts'
import type { ControllerHandle, DescriptorHandle, NativeDescriptor } from './native/binding.ts'
import { binding } from './native/load.ts'

/**
 * `owned`: allocated here. `foreign`: the caller's memory. `peer`: another PCI device's.
 * @category Memory
 */
export type MemoryKind = 'owned' | 'foreign' | 'peer'

/**
 * How data gets to and from memory. `direct`: the device moves it. `bounce`: it is copied through
 * memory that the device reaches. `p2p`: the device moves it from or to another device.
 * @category Memory
 */
export type DataPath = 'direct' | 'bounce' | 'p2p'

/** Who may still have commands on some memory: the queue engines of a controller reference. */
export interface MemoryUser {
  /** Commands of this user that the device has not completed may still reach `memory`. */
  uses(memory: DmaMemory): boolean
}

const peerNames = namesOf<PeerRange>({ bar: true, byteOffset: true, byteLength: true })
/** Of one memory: there is one carry into the upper half of its I/O addresses (carryOffset). */
const memoryBytesMax = 4 * 2 ** 30
const pageShift = 12
export const pageBytes = 1 << pageShift

/** One native buffer as one environment has it; every descriptor and view of it shares this. */
export class DmaMemory {
  readonly handle: DescriptorHandle
  readonly id: number
  readonly controllerId: number
  readonly byteLength: number
  readonly kind: MemoryKind
  /** The device does not reach it: queues with promises copy its data, others refuse it. */
  readonly bounced: boolean
  readonly runs: readonly IoRun[]
  /** I/O address of the first byte in two halves, each an Int32, where there is one run. */
  readonly addressLow: number
  readonly addressHigh: number
  /** The byte from which on the upper half is one more; never reached where that is byteLength. */
  readonly carryOffset: number
  /** Low and high halves of each page's I/O address, where there are several runs. */
  readonly pages: Uint32Array | null
  /**
   * Up to so many bytes that lie in one page need nothing but an address: 0 where it is not one run
   * of the host's memory.
   */
  readonly plainBytesMax: number
  /** Commands that reach it count as p2p. */
  readonly isPeer: boolean
  bytes: Uint8Array | undefined
  disposed = false
  /** As controllerId while a device reaches it, then of no controller: for a single look. */
  usableBy: number
  #released = false
  readonly #users: ReadonlySet<MemoryUser>
  readonly #controller: ControllerHandle
  readonly #onRelease: (memory: DmaMemory) => void

  constructor(
    native: NativeDescriptor,
    owner: {
      readonly id: number
      readonly handle: ControllerHandle
      readonly users: ReadonlySet<MemoryUser>
    },
    onRelease: (memory: DmaMemory) => void,
  ) {
    this.handle = native.handle
    this.id = native.id
    this.controllerId = owner.id
    this.byteLength = native.byteLength
    this.kind = native.kind
    this.bytes =
      native.memory instanceof ArrayBuffer ? new Uint8Array(native.memory) : native.memory
    this.runs = readRuns(native.runs)
    this.bounced = this.runs.length === 0
    this.usableBy = this.bounced ? 0 : owner.id
    const first = this.runs[0]?.ioAddress ?? 0
    const low = first % 2 ** 32
    this.addressLow = low | 0
    this.addressHigh = (first / 2 ** 32) | 0
    this.carryOffset = Math.min(2 ** 32 - low, this.byteLength)
    this.pages = this.runs.length === 1 ? null : readPages(this.runs)
    this.isPeer = this.kind === 'peer'
    this.plainBytesMax = this.pages === null && !this.isPeer ? pageBytes : 0
    this.#users = owner.users
    this.#controller = owner.handle
    this.#onRelease = onRelease
    if (this.bytes !== undefined && this.hasOwnBuffer) {
      descriptorsByBuffer.set(this.bytes.buffer, this)
    }
    const left = 'was dropped without being disposed: it stays until its controller is closed'
    warnWhenDropped(this, `Memory of ${this.byteLength} bytes ${left}`)
  }

  /** The ArrayBuffer was made for it, and is not the caller's. */
  get hasOwnBuffer(): boolean {
    return this.kind !== 'foreign'
  }

  /** Where the byte is that the device knows by this I/O address. */
  offsetOf(addressLow: number, addressHigh: number): number | undefined {
    const address = addressLow + addressHigh * 2 ** 32
    let offset = 0
    for (const { ioAddress, byteLength } of this.runs) {
      if (address >= ioAddress && address < ioAddress + byteLength) {
        return offset + address - ioAddress
      }
      offset += byteLength
    }
    return undefined
  }

  /** Detaches now; lets go natively now, or when no command can reach it any more. */
  dispose(): void {
    if (this.disposed) return
    this.disposed = true
    forgetDropped(this)
    this.usableBy = 0
    if (this.bytes !== undefined && this.hasOwnBuffer) {
      binding().detach(this.bytes.buffer as ArrayBuffer)
    }
    this.bytes = undefined
    this.releaseIfUnused()
  }

  /** Called again by a queue whose commands completed. */
  releaseIfUnused(): void {
    if (!this.disposed || this.#released) return
    for (const user of this.#users) {
      if (user.uses(this)) return
    }
    this.release()
  }

  /** A device that answers no more may still reach it: kept until the controller is closed. */
  quarantine(): void {
    if (!this.#released) binding().quarantineDescriptor(this.#controller, this.handle)
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    binding().releaseDescriptor(this.handle)
    this.#onRelease(this)
  }
}

// So that `descriptor.bytes.subarray(…)` is recognised as the descriptor's memory.
const descriptorsByBuffer = new WeakMap<ArrayBufferLike, DmaMemory>()

/** The memory that a typed array is a part of, if it belongs to a descriptor. */
export function memoryOf(bytes: Uint8Array): DmaMemory | undefined {
  return descriptorsByBuffer.get(bytes.buffer)
}

function readRuns(pairs: Float64Array): readonly IoRun[] {
  const runs: IoRun[] = []
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    runs.push({ ioAddress: pairs[i] as number, byteLength: pairs[i + 1] as number })
  }
  return runs
}

function readPages(runs: readonly IoRun[]): Uint32Array {
  const pageCount = runs.reduce((sum, run) => sum + Math.ceil(run.byteLength / pageBytes), 0)
  const pages = new Uint32Array(2 * pageCount)
  let at = 0
  for (const run of runs) {
    for (let offset = 0; offset < run.byteLength; offset += pageBytes) {
      pages[at++] = (run.ioAddress + offset) % 2 ** 32
      pages[at++] = Math.floor((run.ioAddress + offset) / 2 ** 32)
    }
  }
  return pages
}

/** Not what merely looks like one: a Proxy, or what has its prototype. */
export let isDescriptor: (value: unknown) => value is DmaDescriptor

/**
 * A buffer made addressable for one controller, or a part of one (`view`). Disposing the whole
 * detaches its ArrayBuffer: stale typed arrays have length 0, and nothing can fault.
 * @category Memory
 */
export class DmaDescriptor implements Disposable {
  static {
    isDescriptor = (value): value is DmaDescriptor =>
      typeof value === 'object' && value !== null && #isView in value
  }

  /** What the hot paths use. @internal */
  readonly memory: DmaMemory
  /** Byte of the whole memory at which it begins. */
  readonly byteOffset: number
  /** Bytes of it, or of the part that the view is; as many as were asked for. */
  readonly byteLength: number
  readonly #isView: boolean
  #bytes: Uint8Array | undefined

  /** Controller.allocate, controller.map and view make descriptors. @internal */
  constructor(memory: DmaMemory, byteOffset: number, byteLength: number, isView: boolean) {
    this.memory = memory
    this.byteOffset = byteOffset
    this.byteLength = byteLength
    this.#isView = isView
    const { bytes } = memory
    this.#bytes = isView ? bytes?.subarray(byteOffset, byteOffset + byteLength) : bytes
    if (this.#bytes !== undefined && memory.hasOwnBuffer) shortenThenLookup(this.#bytes)
  }

  /** Whose memory it is. */
  get kind(): MemoryKind {
    return this.memory.kind
  }

  /** Whether the device reaches this memory itself, or data is copied on the way. */
  get path(): DataPath {
    if (this.memory.bounced) return 'bounce'
    return this.memory.isPeer ? 'p2p' : 'direct'
  }

  /**
   * The memory, to read and write; of length 0 once disposed, undefined where the CPU cannot reach
   * it. A part of it (`bytes.subarray()`) is taken for a view wherever data is given.
   */
  get bytes(): Uint8Array | undefined {
    return this.#bytes
  }

  /** Where the device finds the whole memory, in order, also for a view; none where it does not. */
  get runs(): readonly IoRun[] {
    return this.memory.runs
  }

  /**
   * A part of it: an alias, nothing is copied. It ends with the whole.
   * @param byteOffset in bytes, from the beginning of this one
   * @param byteLength in bytes
   * @throws NvmError ERR_ARGUMENT, ERR_RANGE, ERR_CLOSED
   */
  view(byteOffset: number, byteLength: number): DmaDescriptor {
    if (!Number.isInteger(byteOffset) || !Number.isInteger(byteLength)) {
      const asked = `view(${show(byteOffset)}, ${show(byteLength)})`
      throw createError('ERR_ARGUMENT', `${asked}, which takes whole numbers`)
    }
    if (byteOffset < 0 || byteLength < 0 || byteOffset + byteLength > this.byteLength) {
      const asked = `view(${byteOffset}, ${byteLength})`
      throw createError('ERR_RANGE', `${asked} of a descriptor of ${this.byteLength} bytes`)
    }
    if (this.memory.disposed) throw createError('ERR_CLOSED', 'the descriptor was disposed')
    return new DmaDescriptor(this.memory, this.byteOffset + byteOffset, byteLength, true)
  }

  /**
   * A token with which a Worker attaches: `controller.attach(token)`. It works as long as some
   * descriptor of the memory is there.
   * @throws NvmError ERR_CLOSED
   */
  ref(): DescriptorToken {
    if (this.memory.disposed) throw createError('ERR_CLOSED', 'the descriptor was disposed')
    const { id, controllerId } = this.memory
    return { kind: 'peernvm-descriptor', id, controllerId }
  }

  /**
   * Detaches `bytes` in this thread, so that every view of it has length 0. The memory goes when
   * the last thread and the last command have let go of it. Disposing a view does nothing.
   */
  [Symbol.dispose](): void {
    if (!this.#isView) this.memory.dispose()
  }
}

/**
 * A stretch of memory that is contiguous for the device.
 * @category Memory
 */
export interface IoRun {
  /** I/O address of its first byte. */
  readonly ioAddress: number
  /** How many bytes it has. */
  readonly byteLength: number
}

/**
 * Names a descriptor for another Worker, as `descriptor.ref()` gives it; can be sent with
 * postMessage. It keeps nothing alive.
 * @category Memory
 */
export interface DescriptorToken {
  /** By which attach() knows it. */
  readonly kind: 'peernvm-descriptor'
  /** Number of the memory in this process. */
  readonly id: number
  /** Number of the controller whose memory it is. */
  readonly controllerId: number
}

/**
 * A part of the memory of a PCI device: whole pages of 4096 bytes of one of its BARs.
 * @category Memory
 */
export interface PeerRange {
  /** Base Address Register 0 to 5, as `lspci -v` numbers its regions. */
  readonly bar: number
  /** Byte of the BAR at which it begins; default 0. */
  readonly byteOffset?: number
  /** Bytes of it, at most 4 GiB. */
  readonly byteLength: number
}

/**
 * Resolving a promise with an object looks for its method `then` through all prototypes, 40 ns for
 * a typed array. Found on the array itself it costs 10.
 */
function shortenThenLookup(bytes: Uint8Array): void {
  if (!Object.hasOwn(bytes, 'then')) Object.defineProperty(bytes, 'then', { value: undefined })
}

/**
 * Refuses what cannot be mapped: memory that may shrink, move or be somebody else's under a device.
 * @throws NvmError ERR_ARGUMENT, ERR_RANGE
 */
export function checkMappable(bytes: unknown): void {
  if (!isBytes(bytes)) {
    throw createError('ERR_ARGUMENT', `map() takes a Uint8Array, and not ${show(bytes)}`)
  }
  if (memoryOf(bytes) !== undefined) {
    throw createError('ERR_ARGUMENT', 'the memory has a descriptor already: use it, or its view()')
  }
  const { buffer } = bytes
  if (!(buffer instanceof ArrayBuffer)) {
    const instead = 'allocate() memory, which Workers attach to by its ref()'
    throw createError('ERR_ARGUMENT', `a SharedArrayBuffer cannot be mapped; ${instead}`)
  }
  if (bytes.byteLength > memoryBytesMax) {
    const why = `map() takes 4 GiB at most, and not ${bytes.byteLength} bytes; map parts of it`
    throw createError('ERR_RANGE', why)
  }
  if ((buffer as { readonly resizable?: boolean }).resizable) {
    throw createError('ERR_ARGUMENT', 'an ArrayBuffer that can be resized cannot be mapped')
  }
}

/** ERR_UNSUPPORTED for memory that would have to be copied, where nobody copies. */
export function refuseIfBounced({ bounced }: DmaMemory): void {
  if (!bounced) return
  const instead = 'use allocate(), or a queue with promises, which copies it'
  throw createError('ERR_UNSUPPORTED', `the device does not reach this memory; ${instead}`)
}

/** Maps a part of another device's memory for a controller. */
export async function mapPeerNative(
  controller: ControllerHandle,
  address: string,
  range: PeerRange,
): Promise<NativeDescriptor> {
  checkText('the address', address)
  checkOptions('a peer range', range, peerNames)
  const { bar, byteOffset = 0, byteLength } = range
  checkInteger('bar', bar, 0, 5)
  checkInteger('byteOffset', byteOffset, 0, Number.MAX_SAFE_INTEGER)
  checkInteger('byteLength', byteLength, 1, memoryBytesMax)
  return unwrap(await binding().mapPeer(controller, address, bar, byteOffset, byteLength))
}

/** Attaches to the memory of a token of another thread. */
export function attachNative(token: DescriptorToken, controllerId: number): NativeDescriptor {
  checkObject('a descriptor token', token)
  checkName("the token's kind", token.kind, ['peernvm-descriptor'])
  checkInteger("the token's id", token.id, 0, Number.MAX_SAFE_INTEGER)
  if (token.controllerId !== controllerId) {
    throw createError('ERR_ARGUMENT', 'the descriptor belongs to another controller')
  }
  return unwrap(binding().attachDescriptor(token.id))
}
