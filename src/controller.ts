// SPDX-License-Identifier: MIT
// Controller references, and what they give: admin commands, namespaces, memory, queue pairs.

import './disposable.ts'
import { Admin } from './admin/admin.ts'
import type { BlockLimits } from './block-ranges.ts'
import {
  checkBoolean,
  checkInteger,
  checkName,
  checkOptions,
  checkTimeoutMs,
  namesOf,
} from './checks.ts'
import { dumpController, unwrapGivenUp } from './controller-dump.ts'
import {
  attachNative,
  checkMappable,
  type DescriptorToken,
  DmaDescriptor,
  DmaMemory,
  type MemoryUser,
  mapPeerNative,
  type PeerRange,
} from './dma.ts'
import { forgetDropped, warnWhenDropped } from './dropped.ts'
import { createError, type NvmError, type NvmErrorDetails, unwrap } from './errors.ts'
import type { EventIterator, EventsOptions } from './events/iterator.ts'
import { EventSource } from './events/source.ts'
import { KnownNamespaces } from './known-namespaces.ts'
import type { Namespace, NamespaceFormat } from './namespace.ts'
import { NamespaceChanges } from './namespace-changes.ts'
import { identifyLimits } from './namespace-format.ts'
import type {
  ControllerHandle,
  DescriptorHandle,
  NativeController,
  NativeDescriptor,
} from './native/binding.ts'
import { binding } from './native/load.ts'
import { AwaitQueuePair } from './queue/await.ts'
import {
  defaultDepth,
  defaultTimeoutMs,
  type QueuePair,
  type QueuePairOptions,
} from './queue/pair.ts'
import { RawQueuePair } from './queue/raw.ts'
import { QueueRing } from './queue/ring.ts'
import { type ControllerServer, type SharingOptions, shareController } from './rpc/server.ts'
import type { ControllerToken } from './target.ts'
import { openWakeSocket } from './wake.ts'

const allocationBytesMax = 4 * 2 ** 30
const retryDelayUnitMs = 100
const queueNames = namesOf<QueuePairOptions>({
  mode: true,
  depth: true,
  timeoutMs: true,
  histogram: true,
})

/**
 * A reference to a controller, as `openController` gives it: its namespaces, memory, queue pairs
 * and admin commands. Several references to one controller may exist, in several Workers; the last
 * one that is closed closes the device. After close() every function fails with ERR_CLOSED.
 * @category Controllers
 */
export class Controller implements AsyncDisposable {
  /** @internal */
  readonly handle: ControllerHandle
  /** Never repeats in this process. @internal */
  readonly id: number
  /** Admin commands. */
  readonly admin: Admin
  /** Engines that may hold memory. @internal */
  readonly users = new Set<MemoryUser>()
  /** @internal */
  readonly namespaceChanges: NamespaceChanges
  readonly #details: NvmErrorDetails = { dump: () => this.dump() } // of errors
  #native: NativeController
  #info: ControllerInfo
  readonly #namespaces: KnownNamespaces
  readonly #events: EventSource
  readonly #queues = new Set<QueuePair>()
  readonly #servers = new Set<ControllerServer>()
  // Weak, so that a program can be told of memory that it dropped.
  readonly #memories = new Map<DescriptorHandle, WeakRef<DmaMemory>>()
  #laterManagers: number
  #ownQueue: Promise<AwaitQueuePair> | undefined
  #ownQueueId: number | undefined
  #retryDelays: readonly number[] | undefined
  #closing: Promise<void> | undefined

  /** OpenController makes them. @internal */
  constructor(native: NativeController, timeoutMs: number) {
    this.#native = native
    this.#info = makeInfo(native)
    this.handle = native.handle
    this.#laterManagers = binding().laterManagers(native.handle)
    this.id = native.id
    this.admin = new Admin({
      handle: native.handle,
      timeoutMs,
      dump: () => this.dump(),
      transferBytesMax: () => this.#info.transferBytesMax,
      namespacesChanged: (nsid) => this.#namespaces.forget(nsid),
    })
    this.namespaceChanges = new NamespaceChanges(binding().namespaceChanges(native.handle))
    this.#namespaces = new KnownNamespaces(this.admin, this, this.#queues, this.namespaceChanges)
    this.#events = new EventSource(native.handle, this)
    const left = 'was dropped without close(): it stays open until the thread ends'
    warnWhenDropped(this, `A controller (${this.#info.address}) ${left}`)
  }

  /** What is known of it without a command; some of it only once somebody is its manager. */
  get info(): ControllerInfo {
    return this.#info
  }

  /**
   * Becomes the manager, which resets the controller; of a controller that another process serves,
   * its client, which resets nothing. Nothing happens when it is one already.
   * @throws NvmError ERR_BUSY when this process has another manager for the device; ERR_TIMEOUT,
   * ERR_CONTROLLER_FATAL, ERR_CONTROLLER_GONE
   */
  async claimAdmin(): Promise<void> {
    this.#refuseIfClosed()
    if (this.#native.hasAdmin) return
    unwrapGivenUp(await binding().claimAdmin(this.handle), this.#info.address)
    this.#events.forgetRefusal()
    this.#native = unwrap(binding().describeController(this.handle))
    this.#info = makeInfo(this.#native)
  }

  /**
   * Resets the controller, for all who use it. Queue pairs with promises reject what is outstanding
   * and work again; raw ones must be closed.
   * @throws NvmError ERR_REFUSED for a client, ERR_NO_ADMIN, ERR_TIMEOUT, ERR_CONTROLLER_GONE
   */
  async reset(): Promise<void> {
    this.#refuseIfClosed()
    unwrap(await binding().resetController(this.handle), this.#details)
    this.#events.forgetRefusal()
  }

  /**
   * As `reset()`, and with it every controller of the NVM subsystem (NSSR): those are disabled
   * afterwards, until their owners reset them. A drive may lose its PCI configuration by it; then
   * it is gone for this reference (ERR_CONTROLLER_GONE). Not run on hardware.
   * @throws NvmError as reset(); ERR_UNSUPPORTED where the controller has none (CAP.NSSRS)
   */
  async resetSubsystem(): Promise<void> {
    this.#refuseIfClosed()
    unwrap(await binding().resetSubsystem(this.handle), this.#details)
  }

  /**
   * A token with which a Worker opens the same controller: `openController(token)`. It works as
   * long as some reference to the controller is open.
   * @throws NvmError ERR_CLOSED
   */
  ref(): ControllerToken {
    this.#refuseIfClosed()
    return { kind: 'peernvm-controller', id: this.id }
  }

  /**
   * The namespace `id`, identified. One object for as long as it stays what it is: when anybody
   * formats, deletes or detaches it, the object's reads and writes fail with ERR_NAMESPACE from
   * then on; ask for it again. What is on its way then: [limits](../docs/limits.md#not-there-yet).
   * @param id namespace identifier, from 1
   * @throws NvmError ERR_NAMESPACE when there is none, or it is not attached to this controller;
   * ERR_UNSUPPORTED for one whose blocks need a buffer for metadata; ERR_NO_ADMIN
   */
  async namespace(id: number): Promise<Namespace> {
    this.#refuseIfClosed()
    return this.#whileOneManages(() => this.#namespaces.get(id))
  }

  /**
   * Every active namespace, in the order of their ids.
   * @throws NvmError as namespace(), for any of them; `admin.activeNamespaces()` lists the ids
   */
  async namespaces(): Promise<Namespace[]> {
    this.#refuseIfClosed()
    return this.#whileOneManages(() => this.#namespaces.all())
  }

  /**
   * Asynchronous events: `for await (const event of controller.events())`. Every iterator gets all
   * of them, each with what its log page says; the page was read, so that the controller may report
   * the next one. Resets do not end it; closing the reference does. The process stays alive while
   * an event is waited for.
   * @param options how many events are kept, and a signal that ends the iteration
   * @throws NvmError ERR_ARGUMENT, ERR_RANGE, ERR_CLOSED; from the iteration as its next()
   */
  events(options: EventsOptions = {}): EventIterator {
    this.#refuseIfClosed()
    return this.#events.iterate(options)
  }

  /** What `identify` finds, of which it is heard from then on when somebody changes it. */
  async #whileOneManages<T>(identify: () => Promise<T>): Promise<T> {
    for (;;) {
      await this.meetManager()
      if (!this.#native.hearsOfNamespaceChanges) await this.#events.follow()
      const found = await identify()
      // A manager that came meanwhile counts changes anew.
      if (binding().laterManagers(this.handle) === this.#laterManagers) return found
    }
  }

  /** @internal */
  async meetManager(): Promise<void> {
    const managers = binding().laterManagers(this.handle)
    if (managers === this.#laterManagers) return
    await this.#namespaces.checkAll()
    this.#laterManagers = managers
  }

  /** @internal */
  knownNamespace(namespaceId: number): Namespace | undefined {
    return this.#namespaces.find(namespaceId)
  }

  /** @internal */
  noticeChanges(): void {
    // What another manager counts says nothing of changes: meetManager() looks, before queues work.
    if (binding().laterManagers(this.handle) === this.#laterManagers) this.#namespaces.notice()
  }

  /** @internal */
  openOwnQueue(): Promise<AwaitQueuePair> {
    this.#ownQueue ??= this.createQueuePair({ mode: 'await' }).then(
      (queue) => {
        this.#ownQueueId = queue.id
        return queue
      },
      (error: unknown) => {
        this.#ownQueue = undefined // the next use tries again
        throw error
      },
    )
    return this.#ownQueue
  }

  /** Commands that name no queue go to another one from now on. @internal */
  queueDied(queueId: number): void {
    if (queueId !== this.#ownQueueId) return
    this.#ownQueue?.then((queue) => queue.close()).catch(() => {}) // its own error says why it died
    this.#ownQueue = undefined
    this.#namespaces.forgetOwnQueue()
  }

  /** The most that one command on blocks of a namespace takes. @internal */
  blockLimits(format: NamespaceFormat): Promise<BlockLimits> {
    return identifyLimits(this.admin, format)
  }

  /** @internal */
  async retryDelayMs(crd: number): Promise<number> {
    if (this.#retryDelays === undefined) {
      const { crdt1, crdt2, crdt3 } = await this.admin.identifyController()
      this.#retryDelays = [0, crdt1, crdt2, crdt3]
    }
    return (this.#retryDelays[crd] ?? 0) * retryDelayUnitMs
  }

  /**
   * Memory that the device reaches, zeroed, page-aligned. It goes when the descriptor is disposed,
   * or with the controller, and never before the last command that may reach it has ended.
   * @param byteLength in bytes, 1 to 4 GiB; the device reaches whole pages
   * @throws NvmError ERR_MEMORY, ERR_MEMLOCK (without an IOMMU it must be locked), ERR_ARGUMENT,
   * ERR_RANGE; of a client ERR_MANAGER_GONE
   */
  async allocate(byteLength: number): Promise<DmaDescriptor> {
    this.#refuseIfClosed()
    checkInteger('byteLength', byteLength, 1, allocationBytesMax)
    return this.#describe(unwrap(await binding().allocate(this.handle, byteLength), this.#details))
  }

  /** As allocate(), at once. @internal */
  allocateNow(byteLength: number): DmaDescriptor {
    return this.#describe(unwrap(binding().allocateNow(this.handle, byteLength), this.#details))
  }

  /**
   * Makes memory of the caller's addressable for the device. It stays referenced until the
   * descriptor is disposed; till then it must not be transferred to another thread, nor a
   * WebAssembly memory grown. The controller of another process does not reach such memory: there
   * its `path` is `bounce`, and queues with promises copy its data.
   * @param bytes whole pages, page-aligned, of an ArrayBuffer of fixed size; 4 GiB at most
   * @throws NvmError ERR_ALIGNMENT, ERR_ARGUMENT, ERR_RANGE, ERR_MEMLOCK, ERR_MEMORY
   */
  async map(bytes: Uint8Array<ArrayBuffer>): Promise<DmaDescriptor> {
    this.#refuseIfClosed()
    checkMappable(bytes)
    return this.#describe(unwrap(binding().map(this.handle, bytes), this.#details))
  }

  /**
   * Makes memory of another PCI device addressable for this one: data then goes from device to
   * device, and through no memory of the host (`path: 'p2p'`). [What it takes, and how CPUs see
   * such memory](../docs/concepts.md#memory-of-other-devices). Needs root.
   * @param address of the other device: `0000:05:00.0`
   * @param range which BAR, and bytes of it
   * @throws NvmError ERR_TARGET, ERR_ARGUMENT, ERR_RANGE, ERR_ALIGNMENT, ERR_DRIVER,
   * ERR_PERMISSION; ERR_UNSUPPORTED: I/O ports, memory that is switched off, a controller of
   * another process
   */
  async mapPeer(address: string, range: PeerRange): Promise<DmaDescriptor> {
    this.#refuseIfClosed()
    return this.#describe(await mapPeerNative(this.handle, address, range))
  }

  /**
   * Attaches to memory that another thread allocated for this controller: nothing is copied.
   * @param token what `descriptor.ref()` gave there
   * @throws NvmError ERR_CLOSED when every descriptor of it was disposed; ERR_ARGUMENT
   */
  async attach(token: DescriptorToken): Promise<DmaDescriptor> {
    this.#refuseIfClosed()
    return this.#describe(attachNative(token, this.id))
  }

  #describe(native: NativeDescriptor): DmaDescriptor {
    const owner = { id: this.id, handle: this.handle, users: this.users }
    const memories = this.#memories
    const memory = new DmaMemory(native, owner, ({ handle }) => memories.delete(handle))
    memories.set(native.handle, new WeakRef(memory))
    if (this.#closing === undefined) return new DmaDescriptor(memory, 0, memory.byteLength, false)
    memory.dispose()
    throw closedError()
  }

  /**
   * A queue pair without promises: submission and completion queue by hand, and batches. It lives
   * until it, or the controller, is closed.
   * @param options its depth, timeout, and whether it measures
   * @throws NvmError ERR_ARGUMENT, ERR_RANGE, ERR_NO_QUEUES, ERR_NO_ADMIN, ERR_MEMORY, ERR_TIMEOUT
   */
  createQueuePair(options: QueuePairOptions & { readonly mode: 'raw' }): Promise<RawQueuePair>
  /**
   * A queue pair with promises. It lives until it, or the controller, is closed.
   * @param options its depth, timeout, and whether it measures
   * @throws NvmError ERR_ARGUMENT, ERR_RANGE, ERR_NO_QUEUES, ERR_NO_ADMIN, ERR_MEMORY, ERR_TIMEOUT
   */
  createQueuePair(options: QueuePairOptions & { readonly mode: 'await' }): Promise<AwaitQueuePair>
  async createQueuePair(options: QueuePairOptions): Promise<QueuePair> {
    this.#refuseIfClosed()
    checkOptions('a queue pair', options, queueNames)
    const { mode, depth = defaultDepth, timeoutMs = defaultTimeoutMs, histogram = false } = options
    checkName('mode', mode, ['raw', 'await'])
    checkInteger('depth', depth, 1, this.#info.queueEntriesMax - 1)
    checkTimeoutMs(timeoutMs)
    checkBoolean('histogram', histogram)
    const wakes = mode === 'await' && this.#native.wakes
    if (wakes) openWakeSocket()
    const outcome = await binding().createQueuePair(this.handle, depth, wakes)
    const ring = new QueueRing(unwrap(outcome, this.#details), {
      tagged: mode === 'await',
      takesSgls: this.#native.takesSgls,
      transferBytesMax: this.#info.transferBytesMax,
      controllerId: this.id,
      measures: histogram,
      address: this.#info.address,
    })
    const queue =
      mode === 'raw'
        ? new RawQueuePair(this, ring, timeoutMs)
        : new AwaitQueuePair(this, ring, timeoutMs, wakes)
    this.#queues.add(queue)
    const failure = await this.meetManager().then(undefined, (error: unknown) => error)
    if (this.#closing === undefined && failure === undefined) return queue
    await queue.close()
    throw failure ?? closedError()
  }

  /**
   * Serves the controller to other processes: each that opens `path` is a client with queues and
   * memory of its own, and the same functions as here. What a client has is taken back when it
   * closes or dies. Until the server, or this reference, is closed.
   * @param options where, and what each client may have and do
   * @throws NvmError ERR_NO_ADMIN when this process is not the manager; ERR_BUSY when another
   * serves at `path`, ERR_ARGUMENT when its folder is missing; ERR_PERMISSION; ERR_UNSUPPORTED for
   * a policy that only our own emulator keeps, and for a vfio-user device with `reconnect`
   */
  async serve(options: SharingOptions): Promise<ControllerServer> {
    this.#refuseIfClosed()
    const server = await shareController(this.handle, options, (closed) =>
      this.#servers.delete(closed),
    )
    this.#servers.add(server)
    if (this.#closing === undefined) return server
    await server.close()
    throw closedError()
  }

  /** A queue pair was closed. @internal */
  forget(queue: QueuePair): void {
    this.#queues.delete(queue)
  }

  /** @internal */
  readRegister(offset: number): number {
    return unwrap(binding().readRegister(this.handle, offset))
  }

  /** Its state as text: registers, admin queue, then each queue pair of this reference. */
  dump(): string {
    return dumpController(this.handle, this.#info.address, this.#queues)
  }

  /**
   * Closes its servers and queue pairs, settling every promise, disposes its descriptors, and gives
   * the reference back; the last one of the process closes the device. Idempotent.
   * @throws NvmError why a queue pair could not be deleted; all is closed nevertheless
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    binding().stopWaiting(this.handle)
    this.#events.close()
    await Promise.all(Array.from(this.#servers, (server) => server.close()))
    const closed = await Promise.allSettled(Array.from(this.#queues, (queue) => queue.close()))
    for (const [handle, memory] of this.#memories) {
      const left = memory.deref()
      if (left === undefined) binding().releaseDescriptor(handle)
      else left.dispose()
    }
    forgetDropped(this)
    this.namespaceChanges.release()
    const outcome = await binding().closeController(this.handle)
    const failed = closed.find((result) => result.status === 'rejected')
    unwrapGivenUp(outcome, this.#info.address)
    if (failed !== undefined) throw failed.reason
  }

  /** As close(), at the end of an `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #refuseIfClosed(): void {
    if (this.#closing !== undefined) throw closedError()
  }
}

/**
 * What is known of a controller without a command: its registers, and how it is reached.
 * @category Controllers
 */
export interface ControllerInfo {
  /** The register CAP: Controller Capabilities. */
  readonly cap: bigint
  /** The register VS: the version of NVMe that it implements. */
  readonly vs: number
  /** Bytes of a memory page (CC.MPS). */
  readonly pageSize: number
  /** Bytes from one doorbell to the next (CAP.DSTRD). */
  readonly doorbellStride: number
  /** Entries of a queue at most (CAP.MQES + 1); its depth is one less at most. */
  readonly queueEntriesMax: number
  /** Bytes of one command at most; Infinity where there is no limit or it is not known yet. */
  readonly transferBytesMax: number
  /** It is software: figures are overhead, not a drive's. */
  readonly emulated: boolean
  /** Writes are refused: the image was opened for reading only. */
  readonly writeProtected: boolean
  /** `emulator`, `vfio-user`, `vfio`, `sysfs`, or `rpc`: another process is the manager. */
  readonly transport: string
  /** What was opened: a path, a PCI address, or `memory`. */
  readonly address: string
}

function closedError(): NvmError {
  return createError('ERR_CLOSED', 'the controller reference')
}

function makeInfo(native: NativeController): ControllerInfo {
  const { cap, version, pageSize, doorbellStride, queueEntriesMax, transferBytesMax } = native
  const { emulated, writeProtected, transport, address } = native
  return {
    cap,
    vs: version,
    pageSize,
    doorbellStride,
    queueEntriesMax,
    transferBytesMax: transferBytesMax === 0 ? Number.POSITIVE_INFINITY : transferBytesMax,
    emulated,
    writeProtected,
    transport,
    address,
  }
}
