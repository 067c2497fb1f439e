// SPDX-License-Identifier: MIT
// Every symbol of the addon, with its type: lib/binding/calls.h is the other side. Native calls
// never throw; one that can fail returns a NativeFailure, which src/errors.ts turns into an
// NvmError. Handles are opaque.

import type { MemoryKind } from '../dma.ts'
import type { NativeFault } from '../emulator/faults.ts'
import type { NativeEmulatorOptions, NativeNamespaceOptions } from '../emulator/options.ts'

declare const brand: unique symbol
interface Handle<Name extends string> {
  readonly [brand]: Name
}
export type ControllerHandle = Handle<'controller'>
export type DescriptorHandle = Handle<'descriptor'>
export type QueueHandle = Handle<'queue'>
export type BatchHandle = Handle<'batch'>
export type ServerHandle = Handle<'server'>
export type SharingHandle = Handle<'sharing'>
export type EmulatorHandle = Handle<'emulator'>
export type ExchangeHandle = Handle<'exchange'>

/** A row of the error table by number, and what varies. */
export interface NativeFailure {
  readonly failureNumber: number
  readonly osError: number
  readonly nvmeStatus: number
  readonly detail: string
  /** Of a controller that was given up for it, as it was before. */
  readonly snapshot?: NativeSnapshot
}

/** Of the entries as lib/driver/snapshot.h has them: commands of 16 words, completions of 4. */
export interface NativeAdminQueue {
  readonly sqTail: number
  readonly sqHead: number
  readonly cqHead: number
  readonly cqPhase: number
  readonly commandMask: number
  readonly submissions: ArrayBuffer
  readonly completions: ArrayBuffer
  readonly outstanding: ArrayBuffer
  readonly givenUp: ArrayBuffer
  readonly eventRequests: number
}

/** What a controller looks like, for people. */
export interface NativeSnapshot {
  readonly address: string
  readonly transport: string
  readonly emulated: boolean
  /** Of a manager in another process, which has the admin queue. */
  readonly isClient: boolean
  readonly cap: bigint
  readonly vs: number
  readonly cc: number
  readonly csts: number
  readonly aqa: number
  readonly asq: bigint
  readonly acq: bigint
  /** Of the manager in this process. */
  readonly adminQueue: NativeAdminQueue | undefined
}

export type Outcome<T> = T | NativeFailure

/** Of the manager of a controller, for its clients. */
export interface NativeSharingOptions {
  readonly path: string
  readonly clients: number
  readonly queuePairs: number
  readonly memoryBytes: number
  /** All where there is none. */
  readonly opcodes: readonly { readonly opcode: number }[]
  readonly readOnly: boolean
  readonly administers: boolean
  readonly namespaces: readonly { readonly id: number }[]
}

export interface NativeSharingClient {
  readonly id: number
  readonly pid: number
  readonly uid: number
  readonly queuePairs: number
  readonly mappedBytes: number
  readonly mappings: number
  readonly leaving: boolean
  /** −1: nobody counts. */
  readonly ioCommands: number
  readonly adminCommands: number
  readonly connectedNs: number
}

export interface NativeSharing {
  readonly address: string
  readonly clients: readonly NativeSharingClient[]
}

export interface NativeController {
  readonly handle: ControllerHandle
  /** Never repeats in this process. */
  readonly id: number
  readonly cap: bigint
  readonly version: number
  readonly pageSize: number
  readonly doorbellStride: number
  readonly queueEntriesMax: number
  /** 0: no limit. */
  readonly transferBytesMax: number
  /** SGLs at the alignment of a dword. */
  readonly takesSgls: boolean
  readonly hasAdmin: boolean
  readonly emulated: boolean
  readonly foreignMemory: boolean
  readonly wakes: boolean
  /** Of all changes, by whomever, without being asked to watch events. */
  readonly hearsOfNamespaceChanges: boolean
  readonly writeProtected: boolean
  readonly transport: string
  readonly address: string
}

export interface NativeDescriptor {
  readonly handle: DescriptorHandle
  /** Never repeats in this process. */
  readonly id: number
  readonly byteLength: number
  readonly kind: MemoryKind
  /** Pairs of I/O address and byte length. */
  readonly runs: Float64Array
  /** Of foreign memory the caller's typed array, else an ArrayBuffer over it. */
  readonly memory: ArrayBuffer | Uint8Array | undefined
}

export interface NativeQueue {
  readonly handle: QueueHandle
  readonly id: number
  /** Words of src/spec/control-block.ts. */
  readonly block: ArrayBuffer
  readonly submissions: ArrayBuffer
  readonly completions: ArrayBuffer
  /** One page of PRP list per command id, and their I/O addresses. */
  readonly lists: ArrayBuffer
  readonly listAddresses: Float64Array
  /**
   * The stack of free command ids, then one word per id: 0 when it is free
   * (lib/binding/environment.h).
   */
  readonly commands: ArrayBuffer
  readonly doorbells: ArrayBuffer
  /** Index of the queue's doorbells in 32-bit words. */
  readonly submissionDoorbell: number
  readonly completionDoorbell: number
  /** Non-zero while the device sleeps; null for a device that never does. */
  readonly sleeping: ArrayBuffer | null
  /** The doorbells are device registers: ring through the native call. */
  readonly uncached: boolean
  /** The device shares the only CPU: step it from the poll loop. */
  readonly inlinePump: boolean
}

export interface NativeAdminAnswer {
  readonly dword0: number
  readonly dword1: number
  readonly status: number
  readonly data: ArrayBuffer
}

/** An admin command that was sent (`opcode`), or has ended. */
export interface NativeAdminRecord {
  readonly controller: string
  readonly commandId: number
  /** As process.hrtime() counts. */
  readonly timeNs: number
  readonly opcode?: number
  readonly nsid?: number
  readonly elapsedNs?: number
  readonly status?: number
  readonly failureNumber?: number
}

export interface NativeEvent {
  /** Of the completion: async_event_dw0. */
  readonly dword0: number
  /** What its log page said; empty when it has none. */
  readonly log: ArrayBuffer
  /** Why the log page could not be read. */
  readonly failure: NativeFailure | undefined
}

export interface NativeEvents {
  readonly events: readonly NativeEvent[]
  /** Since watchEvents. */
  readonly dropped: number
}

export interface NativeBatch {
  readonly handle: BatchHandle
  /** What exchangeBatch is asked and answers: Call in lib/binding/batch.cc. */
  readonly call: ArrayBuffer
}

/**
 * What a controller of an emulated device has done since the device was started.
 * @category Emulator
 */
export interface ControllerStats {
  /** I/O commands that succeeded. */
  readonly commands: number
  /** I/O commands that failed. */
  readonly errors: number
  /** Read, Compare and Verify commands that succeeded. */
  readonly readCommands: number
  /** Write commands that succeeded. */
  readonly writeCommands: number
  /** Bytes that Read and Compare moved. */
  readonly bytesRead: number
  /** Bytes that Write moved. */
  readonly bytesWritten: number
  /** Commands that ended with unrecovered data, or data that did not pass its check. */
  readonly mediaErrors: number
  /** Admin commands that succeeded. */
  readonly adminCommands: number
  /** Admin commands that failed. */
  readonly adminErrors: number
  /** New tails that the device found; several rings may be found at once. */
  readonly doorbells: number
  /** Rings that were ignored: a value that no doorbell may have, or no such queue. */
  readonly invalidDoorbells: number
  /** Interrupts that were raised. */
  readonly interrupts: number
}

/** A command of an emulated device that JavaScript executes, as it arrives. */
export interface NativeExchange {
  readonly opcode: number
  readonly nsid: number
  /** CDW10 to CDW15. */
  readonly dwords: readonly number[]
  readonly blockSize: number
  readonly data: ArrayBuffer
}

/** 0 auto, 1 manager, 2 reference. */
export type NativeRole = 0 | 1 | 2

export interface Binding {
  /**
   * `timeoutMs`, here and below, of each admin command that calls with the handle send by
   * themselves. `reconnectMs`: for how long the next manager is awaited when one has gone; 0: not
   * at all.
   */
  openTarget(
    target: string,
    role: NativeRole,
    timeoutMs: number,
    reconnectMs: number,
  ): Promise<Outcome<NativeController>>
  openEmulator(
    options: NativeEmulatorOptions,
    role: NativeRole,
    timeoutMs: number,
  ): Promise<Outcome<NativeController>>
  openEmulatedController(
    emulator: number,
    controller: number,
    role: NativeRole,
    timeoutMs: number,
  ): Promise<Outcome<NativeController>>
  attachController(id: number, timeoutMs: number): Outcome<NativeController>
  describeController(controller: ControllerHandle): Outcome<NativeController>
  claimAdmin(controller: ControllerHandle): Promise<Outcome<undefined>>
  submitAdmin(
    controller: ControllerHandle,
    dwords: Uint32Array,
    data: Uint8Array | undefined,
    timeoutMs: number,
  ): Promise<Outcome<NativeAdminAnswer>>
  /** Who hears of the admin commands of this process, or undefined. */
  traceAdmin(onRecords: ((records: readonly NativeAdminRecord[]) => void) | undefined): void
  readRegister(controller: ControllerHandle, offset: number): Outcome<number>
  /** Until closeController is called. */
  snapshotController(controller: ControllerHandle): Outcome<NativeSnapshot>
  resetController(controller: ControllerHandle): Promise<Outcome<undefined>>
  resetSubsystem(controller: ControllerHandle): Promise<Outcome<undefined>>
  closeController(controller: ControllerHandle): Promise<Outcome<undefined>>
  /** NamespaceChanges of src/spec/control-block.ts; to be detached before the controller is closed. */
  namespaceChanges(controller: ControllerHandle): ArrayBuffer
  /** To how many managers it has come after its first; each may serve other namespaces. */
  laterManagers(controller: ControllerHandle): number
  /** Before closing: nothing waits for another manager any more, unless others use the controller. */
  stopWaiting(controller: ControllerHandle): void

  /** Once per reference; whether the device wakes this environment when there are events. */
  watchEvents(controller: ControllerHandle): Promise<Outcome<boolean>>
  unwatchEvents(controller: ControllerHandle): void
  /** Whether takeEvents has something to say; false also while nobody watches. */
  hasEvents(controller: ControllerHandle): boolean
  takeEvents(controller: ControllerHandle): Promise<Outcome<NativeEvents>> | NativeFailure

  allocate(controller: ControllerHandle, byteLength: number): Promise<Outcome<NativeDescriptor>>
  allocateNow(controller: ControllerHandle, byteLength: number): Outcome<NativeDescriptor>
  map(controller: ControllerHandle, bytes: Uint8Array): Outcome<NativeDescriptor>
  mapPeer(
    controller: ControllerHandle,
    address: string,
    bar: number,
    byteOffset: number,
    byteLength: number,
  ): Promise<Outcome<NativeDescriptor>>
  attachDescriptor(id: number): Outcome<NativeDescriptor>
  releaseDescriptor(descriptor: DescriptorHandle): void
  /** Keeps the memory until the controller is closed, although its descriptor is released. */
  quarantineDescriptor(controller: ControllerHandle, descriptor: DescriptorHandle): void

  createQueuePair(
    controller: ControllerHandle,
    depth: number,
    wakes: boolean,
  ): Promise<Outcome<NativeQueue>>
  closeQueuePair(queue: QueueHandle): Promise<Outcome<undefined>>
  /** After it was closed and its views were detached: nothing of the controller is kept. */
  releaseQueuePair(queue: QueueHandle): void
  /** Whether the controller says that it aborted the command. */
  abortCommand(queue: QueueHandle, commandId: number, timeoutMs: number): Promise<Outcome<boolean>>
  /**
   * Ends every command of the queue pair: 0 when deleting the queues sufficed, else the number of
   * the error for which the controller was reset. A failure: the device may still reach everything.
   * `timeoutMs` bounds each of the two deletions; without it, what its controller was opened with.
   */
  dropQueuePair(queue: QueueHandle, timeoutMs: number | undefined): Promise<Outcome<number>>
  /** The queues again, empty, after a drop. */
  recreateQueuePair(queue: QueueHandle): Promise<Outcome<undefined>>
  /** Whether the manager has gone and another one is awaited. */
  awaitsManager(queue: QueueHandle): boolean
  detach(buffer: ArrayBuffer): void
  /** The tail is what the control block's `sq_doorbell` says. */
  ringSubmissions(queue: QueueHandle): void
  ringCompletions(queue: QueueHandle): void
  wakeDevice(queue: QueueHandle): void
  /**
   * Steps an emulator of this process; false where it gave other threads the CPU instead, unless
   * the device is at work. `rounds`, of one who only waits: how often it has been called in vain.
   * From the second on it yields in any case, then sleeps.
   */
  pump(queue: QueueHandle, rounds: number): boolean
  /** The readable end of this environment's socket pair; −1 when it was opened before. */
  openWakeSocket(): number

  createBatch(
    queue: QueueHandle,
    memory: DescriptorHandle,
    namespaceId: number,
    blockSize: number,
    transferBytesMax: number,
    timeoutMs: number,
    /** Four doubles per command: opcode, LBA, block count, byte offset in the memory. */
    commands: Float64Array<SharedArrayBuffer>,
    /** Two 32-bit words per completion of the last call: command index, status field. */
    outcomes: Int32Array<SharedArrayBuffer>,
  ): Outcome<NativeBatch>
  /**
   * Has the batch measure its commands: `submittedAt` has nanoseconds by command id, `histogram` a
   * Histogram's words. The caller keeps both.
   */
  measureBatch(
    batch: BatchHandle,
    submittedAt: Float64Array<SharedArrayBuffer>,
    histogram: Float64Array,
  ): undefined
  /**
   * What is asked and answered is in NativeBatch.call, and in the arrays of createBatch, which the
   * caller keeps.
   */
  exchangeBatch(batch: BatchHandle): NativeFailure | undefined

  /**
   * Runs a measured loop on each pair of queue and memory, which blocks the thread. `programs` and
   * `timing`: lib/binding/measure_calls.cc; `histograms` are two for each queue, `bytes` two sums.
   * `words[1]`, which another thread sets, ends it. Three numbers for each queue: the nanoseconds
   * that count, commands, doorbells.
   */
  runLoads(
    queues: readonly QueueHandle[],
    memories: readonly DescriptorHandle[],
    programs: readonly Float64Array[],
    histograms: readonly Float64Array[],
    bytes: readonly Float64Array[],
    timing: Float64Array,
    words: Int32Array,
  ): Outcome<Float64Array>

  startEmulator(options: NativeEmulatorOptions): Promise<
    Outcome<{
      readonly handle: EmulatorHandle
      readonly id: number
      readonly controllers: number
    }>
  >
  closeEmulator(emulator: EmulatorHandle): Promise<Outcome<undefined>>
  emulatorStats(emulator: EmulatorHandle): Outcome<ControllerStats[]>
  saveEmulator(
    emulator: EmulatorHandle,
    timeoutMs: number,
  ): Promise<Outcome<ArrayBuffer>> | NativeFailure
  injectFault(emulator: EmulatorHandle, fault: NativeFault): Outcome<number>
  faultHits(emulator: EmulatorHandle, id: number): Outcome<number>
  removeFault(emulator: EmulatorHandle, id: number): void
  addNamespace(
    emulator: EmulatorHandle,
    options: NativeNamespaceOptions,
  ): Promise<Outcome<number>> | NativeFailure
  removeNamespace(emulator: EmulatorHandle, id: number): Promise<Outcome<undefined>> | NativeFailure

  /** `onEvent` hears of each command, then with a status field of each range it asked for. */
  addCommand(
    emulator: EmulatorHandle,
    command: { opcode: number; name: string; unit: number; amount: number },
    writes: boolean,
    onEvent: (exchange: ExchangeHandle, id: number, event: NativeExchange | number) => void,
  ): Outcome<undefined>
  moveBlocks(
    exchange: ExchangeHandle,
    lba: number,
    bytes: Uint8Array,
    writes: boolean,
  ): Outcome<undefined>
  takeBlocks(exchange: ExchangeHandle, into: Uint8Array): void
  finishCommand(exchange: ExchangeHandle, status: number, dword0: number): void

  serveVfioUser(
    emulator: EmulatorHandle,
    controller: number,
    folder: string,
    pollDoorbells: boolean,
  ): Promise<Outcome<{ readonly handle: ServerHandle; readonly path: string }>>
  stopServing(server: ServerHandle): Promise<Outcome<undefined>>

  shareController(
    controller: ControllerHandle,
    options: NativeSharingOptions,
  ): Promise<Outcome<{ readonly handle: SharingHandle; readonly path: string }>> | NativeFailure
  stopSharing(sharing: SharingHandle): Promise<Outcome<undefined>>
  readSharing(path: string): Promise<Outcome<NativeSharing>>
}
