// SPDX-License-Identifier: MIT
// One queue pair as typed arrays: what every engine is made of. No native call on the way but where
// the device needs one. Its indices live in the control block, which native code shares
// (spec/control-block.ts).

import { type DmaMemory, type MemoryUser, pageBytes } from '../dma.ts'
import type { NativeQueue, QueueHandle } from '../native/binding.ts'
import { binding } from '../native/load.ts'
import { word } from '../spec/control-block.ts'
import type { ExtraWords, Segment } from './command.ts'
import { counter } from './counters.ts'
import { DataPointers, listedBytesMax } from './data-pointer.ts'
import { QueueWatch } from './watch.ts'

// Constants of this module alone: the compiler folds them, but no property of another object, and
// nothing that modules import or export.
const { sqTail, sqDoorbell, sqEntries, cqHead, cqPhase } = word
const { outstanding: outstandingWord, armed: armedWord, state: stateWord } = word
const phaseBit = 0x10000
const idBits = 0xffff
const statusBit = 16
const pageMask = pageBytes - 1

/** Words of a submission queue entry. */
export const slotWords = 16
/** Completion words as `done` has them: command id in bits 15:0, status field in bits 30:16. */
export const statusShift = statusBit
export const idMask = idBits
/** What a raw queue stores of a command beside its id: no index of a batch is as high. */
const byHand = 1 << 21

const doorbellCount = counter.doorbells

const nothingSleeps = new Int32Array(1)

export interface RingOptions {
  /** Command ids change their upper bits with each use. */
  readonly tagged: boolean
  /** The controller takes SGLs. */
  readonly takesSgls: boolean
  /** Of one command, as the controller has it. */
  readonly transferBytesMax: number
  /** Whose memory the queue reaches. */
  readonly controllerId: number
  /** Latencies are wanted. */
  readonly measures: boolean
  /** What was opened. */
  readonly address: string
}

export class QueueRing implements MemoryUser {
  readonly handle: QueueHandle
  readonly id: number
  /** Commands that can be outstanding. */
  readonly depth: number
  readonly block: Int32Array
  /** The submission queue, 16 words a slot. */
  readonly words: Int32Array
  readonly completions: Int32Array
  /** Free command ids, then one word per id (lib/binding/environment.h). */
  readonly commands: Int32Array
  /** What the last poll() found. */
  readonly done: Int32Array
  /** What each outstanding command may reach. */
  readonly pins: (DmaMemory | undefined)[]
  readonly stats = new Float64Array(Object.keys(counter).length)
  /** Completions were taken of which the device was not told. */
  owesHead = false
  /** Completions that named a command which was not outstanding, or had the wrong phase tag. */
  strays = 0
  readonly inlinePump: boolean
  /** Names the controller as DmaMemory and Namespace do. */
  readonly controllerId: number
  /** Of one command. */
  readonly transferBytesMax: number
  readonly watch: QueueWatch
  /**
   * Bits of a command id that index tables. Those above, of `#tagMask`, change with each use, so
   * that a second completion of one command is not taken for that of the next.
   */
  readonly commandMask: number
  /** What `commands` has of an id that was taken, beside the id. */
  readonly inUse: number
  readonly #tagMask: number
  readonly #tagStep: number
  readonly #pointers: DataPointers
  /** Memory of commands that reach more than one. */
  readonly #morePins = new Map<number, Set<DmaMemory>>()
  /** Dwords 0 and 1 of the last completion of each id, where somebody asked for them. */
  #results: Int32Array | undefined
  #doorbells: Int32Array
  readonly #submissionDoorbell: number
  readonly #completionDoorbell: number
  readonly #sleeping: Int32Array
  #uncached: boolean
  readonly #buffers: readonly ArrayBuffer[]
  readonly #native = binding()
  #deferred: DmaMemory[] | undefined
  readonly #batched = new Set<DmaMemory>()

  constructor(native: NativeQueue, options: RingOptions) {
    const { tagged, takesSgls, measures, address, controllerId } = options
    this.controllerId = controllerId
    this.transferBytesMax = Math.min(options.transferBytesMax, listedBytesMax)
    this.handle = native.handle
    this.id = native.id
    this.block = new Int32Array(native.block)
    this.depth = (this.block[sqEntries] as number) - 1
    this.words = new Int32Array(native.submissions)
    this.completions = new Int32Array(native.completions)
    this.commands = new Int32Array(native.commands)
    this.done = new Int32Array(new SharedArrayBuffer(4 * this.depth)) // cannot be transferred
    this.pins = new Array<DmaMemory | undefined>(this.depth).fill(undefined)
    this.inlinePump = native.inlinePump
    // By shifts: what `**` gives stays a double for the compiler.
    this.commandMask = tagged ? (1 << Math.ceil(Math.log2(this.depth))) - 1 : idMask
    this.watch = new QueueWatch(address, this.depth, measures)
    this.#tagMask = idMask & ~this.commandMask
    this.#tagStep = this.commandMask + 1
    this.inUse = tagged ? idMask + 1 : byHand
    const lists = new Int32Array(native.lists)
    this.#pointers = new DataPointers(this.words, lists, native.listAddresses, takesSgls)
    this.#doorbells = new Int32Array(native.doorbells)
    this.#submissionDoorbell = native.submissionDoorbell
    this.#completionDoorbell = native.completionDoorbell
    this.#sleeping = native.sleeping === null ? nothingSleeps : new Int32Array(native.sleeping)
    this.#uncached = native.uncached
    this.#buffers = [
      native.block,
      native.submissions,
      native.completions,
      native.lists,
      native.commands,
      native.doorbells,
      ...(native.sleeping === null ? [] : [native.sleeping]),
    ]
  }

  get outstanding(): number {
    return this.block[outstandingWord] as number
  }

  /** Natively too: its views have no elements any more. */
  get isClosed(): boolean {
    return this.block[cqHead] === undefined
  }

  get takesSgls(): boolean {
    return this.#pointers.takesSgls
  }

  /** Slot that the device has consumed up to, as the last completion that was taken says. */
  get submissionHead(): number {
    const head = this.block[cqHead] as number
    const last = head === 0 ? this.depth : head - 1
    return (this.completions[(last << 2) | 2] as number) & 0xffff
  }

  /** From now on resultOf() knows what completions say. */
  keepResults(): void {
    this.#results ??= new Int32Array(2 * this.depth)
  }

  /** What the last completion of an id said in its dwords 0 and 1. */
  resultOf(id: number): { readonly dword0: number; readonly dword1: number } {
    const word = (index: number): number => (this.#results?.[index] ?? 0) >>> 0
    return { dword0: word(2 * id), dword1: word(2 * id + 1) }
  }

  /** False when the controller was reset under the queue. */
  get isLive(): boolean {
    return this.block[stateWord] === 0
  }

  /** Whether a command is outstanding, by its whole id. */
  isOutstanding(commandId: number): boolean {
    const command = this.commands[this.depth + (commandId & this.commandMask)] as number
    return command !== 0 && ((command ^ commandId) & this.#tagMask) === 0
  }

  /** A free command id, now taken, or −1 when as many as fit are outstanding. */
  take(): number {
    const { block, commands, depth } = this
    const outstanding = block[outstandingWord] as number
    if (!(outstanding < depth)) return -1 // also when it was closed, and there is no such word
    block[outstandingWord] = outstanding + 1
    const commandId = commands[depth - 1 - outstanding] as number
    commands[depth + (commandId & this.commandMask)] = commandId | this.inUse
    return commandId
  }

  /** The next slot. There is always one for an id that was taken: slots outnumber ids. */
  advance(): number {
    const block = this.block
    const slot = block[sqTail] as number
    const next = slot + 1
    block[sqTail] = next === (block[sqEntries] as number) ? 0 : next
    return slot
  }

  /** Fills a slot with a command. Words that neither it nor point() writes are 0. */
  write(
    slot: number,
    commandId: number,
    opcode: number,
    namespaceId: number,
    lba: number,
    cdw12: number,
  ): void {
    const { words } = this
    const at = slot << 4
    // `|` for `+`, which V8 would check for an overflow; `| 0` where it would expect a double.
    words[at] = opcode | (commandId << 16)
    words[at | 1] = namespaceId | 0
    words[at | 10] = lba | 0
    words[at | 11] = lba >>> 0 === lba ? 0 : lba / 4294967296
    words[at | 12] = cdw12 | 0
  }

  /** Points a slot's command at memory that it is to move data from or to. */
  point(slot: number, id: number, memory: DmaMemory, offset: number, byteLength: number): void {
    const { words } = this
    const at = slot << 4
    if (this.pins[id] !== memory) this.pins[id] = memory
    if ((offset & pageMask) + byteLength <= memory.plainBytesMax) {
      words[at | 6] = (memory.addressLow + offset) | 0
      words[at | 7] = memory.addressHigh + (offset < memory.carryOffset ? 0 : 1)
      return
    }
    this.#pointers.point(at, id, memory, offset, byteLength)
  }

  /** As point(), for several pieces or none. */
  pointAtAll(slot: number, id: number, segments: readonly Segment[]): void {
    this.pins[id] = segments[0]?.memory
    if (segments.length > 1) this.#pinAll(id, segments)
    this.#pointers.pointAtAll(slot << 4, id, segments)
  }

  /** Writes the words that others leave 0; clearExtra() before the slot is used again. */
  writeExtra(slot: number, id: number, extra: ExtraWords): void {
    const { words } = this
    const at = slot << 4
    words[at + 2] = extra.cdw2 ?? 0
    words[at + 3] = extra.cdw3 ?? 0
    words[at + 13] = extra.cdw13 ?? 0
    words[at + 14] = extra.cdw14 ?? 0
    words[at + 15] = extra.cdw15 ?? 0
    if (extra.metadata === undefined) return
    this.#pinAll(id, [extra.metadata])
    this.#pointers.pointAtMetadata(at, extra.metadata)
  }

  clearExtra(slot: number): void {
    const at = slot << 4
    this.words.fill(0, at + 2, at + 6)
    this.words.fill(0, at + 13, at + 16)
  }

  /** After the completion of a command that reached more than one memory. */
  unpinAll(id: number): void {
    this.#morePins.delete(id)
  }

  #pinAll(id: number, segments: readonly Segment[]): void {
    const pinned = this.#morePins.get(id) ?? new Set()
    this.#morePins.set(id, pinned)
    for (const { memory } of segments) pinned.add(memory)
  }

  /**
   * Shows the device everything written since the last call, and wakes it where it sleeps. The
   * completion doorbell goes first, if it is due: both are in one cache line, which the device
   * reads all the time, and so is fetched back from it only once.
   */
  ring(): void {
    this.ringUntold()
    if (this.watch.owesSubmissions) this.watch.tellSubmissions()
  }

  /** As ring(), for a caller that has to do something before subscribers may use the queue. */
  ringUntold(): void {
    const { block } = this
    const tail = block[sqTail] as number
    const told = block[sqDoorbell] as number
    if (tail === told) return
    block[sqDoorbell] = tail
    if (this.watch.isOn) this.watch.submitted(this, told, tail, block[sqEntries] as number)
    if (this.owesHead) this.ringCompletions()
    if (this.#uncached) {
      // An atomic store is an exchange, which reads the register: native code has a store for it.
      this.#native.ringSubmissions(this.handle)
    } else {
      // Sequentially consistent: entries before the doorbell, the doorbell before the look at
      // `sleeping`.
      Atomics.store(this.#doorbells, this.#submissionDoorbell, tail)
      if (this.#sleeping[0] !== 0 && !this.inlinePump) this.#native.wakeDevice(this.handle)
    }
    this.stats[doorbellCount] = (this.stats[doorbellCount] as number) + 1
  }

  /** Takes what has completed into `done` and frees its ids; returns how many. No doorbell. */
  poll(): number {
    const { block, completions } = this
    const at = ((block[cqHead] as number) << 2) | 3
    // A plain peek: nearly free where nothing is there yet.
    if (((completions[at] as number) & phaseBit) !== block[cqPhase]) return 0
    return this.#takeCompleted(false)
  }

  /** Whether poll() would find anything. */
  get hasCompletion(): boolean {
    const { block } = this
    const entry = Atomics.load(this.completions, ((block[cqHead] as number) << 2) | 3)
    return (entry & phaseBit) === block[cqPhase]
  }

  /** As poll(), after looking up to `looks` times, each some five nanoseconds long. */
  spin(looks: number): number {
    const { block, completions } = this
    const at = ((block[cqHead] as number) << 2) | 3
    const phase = block[cqPhase]
    if (phase === undefined) return 0 // it was closed
    for (let i = 0; i < looks; i++) {
      if ((Atomics.load(completions, at) & phaseBit) === phase) return this.#takeCompleted(true)
    }
    return 0
  }

  /** @param isAcquired the first was loaded atomically. Compared: V8 tests it sooner so */
  #takeCompleted(isAcquired: boolean): number {
    const { block, completions, commands, done, depth, commandMask } = this
    const tagMask = this.#tagMask
    const tagStep = this.#tagStep
    const first = block[cqHead] as number
    let head = first
    let last = first
    let phase = block[cqPhase] as number
    let freeCount = depth - (block[outstandingWord] as number)
    let count = 0
    const results = this.#results
    // One lap at most: a device that overwrites what it posted keeps nobody here.
    for (let left = depth; left >= 0; left--) {
      const at = (head << 2) | 3
      const entry = completions[at] as number
      if ((entry & phaseBit) !== phase) break
      last = head
      const id = entry & commandMask
      const command = id < depth ? (commands[depth + id] as number) : 0
      if (command !== 0 && ((command ^ entry) & tagMask) === 0) {
        commands[depth + id] = 0
        commands[freeCount++] = (entry + tagStep) & idBits
        done[count++] = id | ((entry >>> 17) << statusBit)
        if (results !== undefined) {
          Atomics.load(completions, at)
          results[2 * id] = completions[at - 3] as number
          results[2 * id + 1] = completions[at - 2] as number
        }
      } else {
        this.strays++
      }
      if (head++ === depth) {
        head = 0
        phase ^= phaseBit
      }
      if (freeCount === depth) break // nothing is outstanding
    }
    // Acquire, of the last for all: whatever data they announce is read after it.
    if (isAcquired !== true || last !== first) Atomics.load(completions, (last << 2) | 3)
    block[cqHead] = head
    block[cqPhase] = phase
    this.owesHead = true
    block[outstandingWord] = depth - freeCount
    if (this.watch.isOn) this.watch.completed(this, count)
    if (this.#deferred !== undefined) this.settleDeferred()
    if (count === 0) this.ringCompletions() // only strays: nobody else tells the device
    return count
  }

  /** After a drop: nothing is outstanding, and every id is free. Entries behind a gap are strays. */
  clear(): void {
    const { block, completions, commands, depth } = this
    for (let slot = (block[cqHead] as number) + 1; slot <= depth; slot++) {
      if (((completions[(slot << 2) | 3] as number) & phaseBit) === block[cqPhase]) this.strays++
    }
    let freeCount = depth - this.outstanding
    for (let id = 0; id < depth; id++) {
      const command = commands[depth + id] as number
      if (command === 0) continue
      commands[depth + id] = 0
      commands[freeCount++] = ((id | (command & this.#tagMask)) + this.#tagStep) & idMask
    }
    block[outstandingWord] = 0
    if (this.#deferred !== undefined) this.settleDeferred()
  }

  /** Tells the device how far completions were taken. Once per batch. */
  ringCompletions(): void {
    this.owesHead = false
    if (this.#uncached) {
      this.#native.ringCompletions(this.handle)
    } else {
      // A plain store, which x86-64 moves before no load: an atomic one is an exchange, which waits
      // for the cache line that the device reads.
      this.#doorbells[this.#completionDoorbell] = this.block[cqHead] as number
    }
  }

  /**
   * Asks for a wake-up at the next completion. The caller polls once more afterwards, then may
   * sleep.
   */
  arm(): void {
    Atomics.store(this.block, armedWord, 1)
  }

  /** False once the device has used the armed wake-up. */
  get isArmed(): boolean {
    return Atomics.load(this.block, armedWord) !== 0
  }

  disarm(): void {
    Atomics.store(this.block, armedWord, 0)
  }

  /**
   * Steps an emulator of this process; false where it gave other threads the CPU instead, unless
   * the device is at work. `rounds`, of one who only waits: how often it has been called in vain.
   * From the second on it yields in any case, then sleeps.
   */
  pump(rounds: number): boolean {
    return this.#native.pump(this.handle, rounds)
  }

  /** Lets the emulator's own thread go on, where the client stops polling. */
  wakeDevice(): void {
    this.#native.wakeDevice(this.handle)
  }

  /** Commands of a native batch reach `memory` until it is disposed and none is outstanding. */
  addBatchMemory(memory: DmaMemory): void {
    this.#batched.add(memory)
  }

  uses(memory: DmaMemory): boolean {
    if (this.block.length === 0 || this.outstanding === 0) {
      this.#batched.delete(memory)
      return false
    }
    const { commands, depth, pins } = this
    const more = this.#morePins
    const pinned = pins.some(
      (pin, id) => (pin === memory || more.get(id)?.has(memory)) && commands[depth + id] !== 0,
    )
    if (!pinned && !this.#batched.has(memory)) return false
    this.#deferred ??= []
    if (!this.#deferred.includes(memory)) this.#deferred.push(memory)
    return true
  }

  /** Lets disposed memory go that commands reached which have completed, those of a batch too. */
  settleDeferred(): void {
    const waiting = this.#deferred
    if (waiting === undefined) return
    this.#deferred = undefined
    for (const memory of waiting) memory.releaseIfUnused()
  }

  /** What outstanding commands may reach. */
  pinnedMemory(): Set<DmaMemory> {
    const { commands, depth, pins } = this
    const pinned = new Set<DmaMemory>(this.outstanding === 0 ? [] : this.#batched)
    pins.forEach((pin, id) => {
      if (commands[depth + id] === 0) return
      if (pin !== undefined) pinned.add(pin)
      for (const each of this.#morePins.get(id) ?? []) pinned.add(each)
    })
    return pinned
  }

  /** Before the queues are deleted, whose number is another's soon: doorbells reach nobody now. */
  silence(): void {
    this.#doorbells = new Int32Array(this.#doorbells.length)
    this.#uncached = false
  }

  /** After the queue was closed natively: views get length 0, and deferred memory goes. */
  release(): void {
    // A buffer that the caller has transferred is not detached so: its memory stays.
    const isReached = this.#buffers.some(({ byteLength }) => byteLength === 0)
    for (const buffer of this.#buffers) this.#native.detach(buffer)
    if (!isReached) this.#native.releaseQueuePair(this.handle)
    this.settleDeferred()
  }
}
