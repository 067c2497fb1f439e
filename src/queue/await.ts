// SPDX-License-Identifier: MIT
// Queue pairs with promises. One shared executor and arrays by command id instead of a closure per
// I/O; the pump (pump.ts) settles what has completed. What is not one direct command is a Job
// (job.ts).

import { DmaDescriptor, type DmaMemory } from '../dma.ts'
import { createError, createStatusError, type NvmError } from '../errors.ts'
import { nvme } from '../spec/nvme.ts'
import { BouncePool } from './bounce.ts'
import { Entries, flushOf } from './entries.ts'
import { finishPart, Job, type Part } from './job.ts'
import { type QueueOwner, QueuePair, refuseMembers } from './pair.ts'
import { Pump, type Pumped, ticksMax } from './pump.ts'
import { type Recoverable, Recovery } from './recovery.ts'
import { Delayed, mayRetry } from './retry.ts'
import { counter, idMask, listedBytesMax, type QueueRing, statusShift } from './ring.ts'
import {
  bytesOf,
  type DataTarget,
  type NamespaceLike,
  planTransfer,
  type ReadRequest,
  type Transfer,
  type WriteRequest,
} from './transfer.ts'

const opcodeRead = nvme.codes.nvm_opcode.read[0]
const opcodeWrite = nvme.codes.nvm_opcode.write[0]
const opcodeFlush = nvme.codes.nvm_opcode.flush[0]

type Resolve = (value: unknown) => void
type Reject = (error: Error) => void

let newResolve: Resolve
let newReject: Reject
const executor = (resolve: Resolve, reject: Reject): void => {
  newResolve = resolve
  newReject = reject
}

const graceMsMax = 1000

export class AwaitQueuePair extends QueuePair implements Pumped, Recoverable {
  readonly mode = 'await'
  /** Internal. */
  readonly entries: Entries
  readonly #pump: Pump
  readonly #bounce: BouncePool
  readonly #transferBytesMax: number
  // By command id.
  readonly #resolves: (Resolve | undefined)[]
  readonly #rejects: (Reject | undefined)[]
  readonly #values: unknown[]
  readonly #parts: (Part | undefined)[]
  readonly #slots: Int32Array
  readonly #bornAt: Int32Array
  readonly #recovery: Recovery
  readonly #delayed: Delayed
  #ticks = 0
  #jobs: Job[] = []
  /** Commands can be submitted: not while the queue is closed, or being deleted and created. */
  #isLive = true
  /** Nothing completes any more. */
  #isDead = false
  #refusal: NvmError | undefined
  #drained: (() => void) | undefined

  constructor(owner: QueueOwner, ring: QueueRing, timeoutMs: number, wakes: boolean) {
    super(owner, ring, timeoutMs)
    const { depth } = ring
    this.#transferBytesMax = Math.min(owner.info.transferBytesMax, listedBytesMax)
    this.#resolves = new Array<Resolve | undefined>(depth).fill(undefined)
    this.#rejects = new Array<Reject | undefined>(depth).fill(undefined)
    this.#values = new Array<unknown>(depth).fill(undefined)
    this.#parts = new Array<Part | undefined>(depth).fill(undefined)
    this.entries = new Entries(ring)
    this.#slots = this.entries.slots
    this.#bornAt = new Int32Array(depth)
    this.#bounce = new BouncePool((byteLength) => owner.allocateNow(byteLength))
    this.#pump = new Pump(this, wakes, timeoutMs)
    this.#recovery = new Recovery(this)
    this.#delayed = new Delayed(
      (crd) => owner.retryDelayMs(crd),
      timeoutMs,
      (job) => this.#enter(job),
    )
  }

  /** Reads whole blocks; resolves to the filled bytes. */
  read<T extends DataTarget>(request: ReadRequest<T>): Promise<Uint8Array> {
    return this.#submit(
      opcodeRead,
      request.namespace,
      request.lba,
      request.into,
    ) as Promise<Uint8Array>
  }

  /** Writes whole blocks; resolves when the controller has taken them. */
  write(request: WriteRequest): Promise<void> {
    return this.#submit(opcodeWrite, request.namespace, request.lba, request.from) as Promise<void>
  }

  /** Resolves when everything written before is durable. */
  flush(request: { readonly namespace: NamespaceLike }): Promise<void> {
    const transfer = flushOf(request.namespace.id)
    return this.#runJob(opcodeFlush, [transfer], undefined) as Promise<void>
  }

  /**
   * Reads a group with one promise for all of it; resolves to the filled bytes in the same order.
   */
  readMany(requests: readonly ReadRequest[]): Promise<Uint8Array[]> {
    return this.#submitMany(
      opcodeRead,
      requests.map(({ namespace, lba, into }) => ({ namespace, lba, target: into })),
    ) as Promise<Uint8Array[]>
  }

  /** Writes a group with one promise for all of it. */
  async writeMany(requests: readonly WriteRequest[]): Promise<void> {
    await this.#submitMany(
      opcodeWrite,
      requests.map(({ namespace, lba, from }) => ({ namespace, lba, target: from })),
    )
  }

  #submit(
    opcode: number,
    namespace: NamespaceLike,
    lba: number | bigint,
    target: DataTarget,
  ): Promise<unknown> {
    if (
      target instanceof DmaDescriptor &&
      typeof lba === 'number' &&
      this.#jobs.length === 0 &&
      this.#isLive &&
      (this.#pump.isPolling || this.ring.isLive)
    ) {
      const { byteLength, byteOffset, memory } = target
      const { blockSize } = namespace
      if (
        byteLength > 0 &&
        byteLength <= this.#transferBytesMax &&
        (byteLength & (blockSize - 1)) === 0 &&
        (byteOffset & 3) === 0 &&
        lba >= 0 &&
        lba <= Number.MAX_SAFE_INTEGER &&
        lba === Math.floor(lba) &&
        !memory.disposed &&
        !memory.bounced
      ) {
        const commandId = this.ring.take()
        if (commandId >= 0) {
          const id = commandId & this.ring.commandMask
          this.#send(
            commandId,
            opcode,
            namespace.id,
            lba,
            byteLength / blockSize,
            memory,
            byteOffset,
            byteLength,
          )
          const promise = new Promise<unknown>(executor)
          this.#resolves[id] = newResolve
          this.#rejects[id] = newReject
          this.#values[id] = opcode === opcodeRead ? target.bytes : undefined
          return promise
        }
      }
    }
    return this.#submitSlowly(opcode, namespace, lba, target)
  }

  /** Writes the command and sees to it that it is rung and polled for. */
  #send(
    commandId: number,
    opcode: number,
    namespaceId: number,
    lba: number,
    blockCount: number,
    memory: DmaMemory | undefined,
    byteOffset: number,
    byteLength: number,
  ): void {
    const { ring } = this
    const id = commandId & ring.commandMask
    const slot = ring.advance()
    // Rarely true: the slot's last command is still outstanding.
    const before = ((ring.words[slot << 4] as number) >>> 16) & ring.commandMask
    if (this.#slots[before] === slot && before !== id) this.entries.keep(before)
    ring.write(slot, commandId, opcode, namespaceId, lba, blockCount)
    if (memory !== undefined) ring.point(slot, id, memory, byteOffset, byteLength)
    this.#slots[id] = slot
    this.#bornAt[id] = this.#ticks
    const { stats } = ring
    stats[counter.commands] = (stats[counter.commands] as number) + 1
    stats[counter.bytes] = (stats[counter.bytes] as number) + byteLength
    const pump = this.#pump
    // With others outstanding the pump rings for all of them; a single command does not wait for
    // it.
    if (!pump.isPolling) {
      ring.ring()
      pump.start()
    } else if (ring.outstanding === 1) {
      ring.ring()
    }
  }

  complete(count: number): void {
    this.#take(count)
    if (this.#jobs.length > 0) this.#serveJobs()
    if (this.#drained !== undefined && !this.isBusy) this.#drained()
  }

  #take(count: number): void {
    const { done } = this.ring
    const resolves = this.#resolves
    const values = this.#values
    for (let i = 0; i < count; i++) {
      const entry = done[i] as number
      const id = entry & idMask
      const resolve = resolves[id]
      if (resolve !== undefined && entry >>> statusShift === 0) {
        resolves[id] = undefined
        resolve(values[id])
      } else {
        this.#completeSlowly(id, entry >>> statusShift)
      }
    }
  }

  get isBusy(): boolean {
    if (this.#isDead) return false
    return this.ring.outstanding > 0 || this.#jobs.length > 0 || this.#delayed.count > 0
  }

  // The rest is for everything that is not one direct command.

  #submitSlowly(
    opcode: number,
    namespace: NamespaceLike,
    lba: number | bigint,
    target: DataTarget,
  ): Promise<unknown> {
    try {
      const transfer = planTransfer(namespace, lba, target)
      return this.#runJob(opcode, [transfer], opcode === opcodeRead ? bytesOf(target) : undefined)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #submitMany(
    opcode: number,
    items: readonly { namespace: NamespaceLike; lba: number | bigint; target: DataTarget }[],
  ): Promise<unknown> {
    try {
      const transfers = items.map((item) => planTransfer(item.namespace, item.lba, item.target))
      return this.#runJob(
        opcode,
        transfers,
        items.map((item) => bytesOf(item.target)),
      )
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #runJob(opcode: number, transfers: readonly Transfer[], value: unknown): Promise<unknown> {
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal)
    const promise = new Promise<unknown>(executor)
    const job = new Job(opcode, transfers, value, newResolve, newReject)
    this.#enter(job)
    return promise
  }

  #enter(job: Job): void {
    if (job.settleIfFinished()) return
    this.#jobs.push(job)
    this.#serveJobs()
    if (this.#jobs.length > 0) this.#pump.start()
  }

  /** Submits commands of the waiting jobs, first come first served, while there is room. */
  #serveJobs(): void {
    if (!this.#isLive) return
    if (!this.ring.isLive) {
      this.#recovery.look()
      return
    }
    for (let job = this.#jobs[0]; job !== undefined; job = this.#jobs[0]) {
      try {
        while (job.transfer !== undefined) {
          if (!this.#submitPart(job, job.transfer)) return
        }
      } catch (error) {
        job.error = error as NvmError
      }
      this.#jobs.shift()
      job.settleIfFinished()
    }
  }

  /** Submits the next command of a job; false when there is no command id or no bounce memory. */
  #submitPart(job: Job, transfer: Transfer): boolean {
    const { ring } = this
    if (ring.outstanding >= ring.depth) return false
    const byteLength = Math.min(transfer.byteLength - job.done, this.#transferBytesMax)
    let { memory } = transfer
    let byteOffset = transfer.byteOffset + job.done
    let slot: DmaDescriptor | undefined
    let bytes: Uint8Array | undefined
    if (memory?.disposed) throw createError('ERR_CLOSED', 'the descriptor was disposed')
    if (transfer.bytes !== undefined) {
      slot = this.#bounce.take(byteLength)
      if (slot === undefined) return false
      memory = slot.memory
      byteOffset = slot.byteOffset
      bytes = transfer.bytes.subarray(job.done, job.done + byteLength)
      if (job.opcode === opcodeWrite) slot.bytes?.set(bytes)
    }
    const { stats } = ring
    if (byteLength === 0) stats[counter.noData] = (stats[counter.noData] as number) + 1
    if (slot !== undefined) stats[counter.bounce] = (stats[counter.bounce] as number) + 1
    if (job.attempts > 1) stats[counter.retries] = (stats[counter.retries] as number) + 1
    if (job.done > 0) stats[counter.splits] = (stats[counter.splits] as number) + 1
    const commandId = ring.take()
    const lba = transfer.lba + job.done / transfer.blockSize
    const blockCount = Math.max(1, byteLength / transfer.blockSize) // a flush has none, and says 0
    this.#parts[commandId & ring.commandMask] = { job, byteLength, slot, bytes }
    job.advance(byteLength)
    this.#send(
      commandId,
      job.opcode,
      transfer.namespaceId,
      lba,
      blockCount,
      memory,
      byteOffset,
      byteLength,
    )
    return true
  }

  #completeSlowly(id: number, status: number): void {
    const part = this.#parts[id]
    this.#parts[id] = undefined
    if (status === 0) {
      this.#finish(id, part, undefined)
      return
    }
    const attempts = part?.job.attempts ?? 1
    const details = { command: this.entries.commandOf(id), queue: this.id, attempts }
    const error = createStatusError(status, details)
    if (!this.#retry(id, part, error)) this.#finish(id, part, this.#recovery.explain(id, error))
  }

  /** Settles a command: with its error, or as done, which only a job's comes here for. */
  #finish(id: number, part: Part | undefined, error: NvmError | undefined): void {
    if (part !== undefined) {
      finishPart(part, error, this.#bounce)
      return
    }
    const reject = this.#rejects[id]
    this.#resolves[id] = undefined
    this.#rejects[id] = undefined
    if (error !== undefined) reject?.(error)
  }

  /** Makes a request of its own of a command that failed, where it may be sent again. */
  #retry(id: number, part: Part | undefined, error: NvmError): boolean {
    const { status, command, attempts = 1 } = error
    if (status === undefined || command === undefined || this.#refusal !== undefined) return false
    if (part?.job.error !== undefined || !mayRetry(status, command.opcode, attempts)) return false
    const transfer = this.entries.transferOf(id, this.owner)
    if (transfer === undefined) return false
    const job =
      part === undefined
        ? this.#adopt(id, command.opcode, transfer)
        : new Job(
            command.opcode,
            [transfer],
            undefined,
            () => finishPart(part, undefined, this.#bounce),
            (failed) => finishPart(part, failed as NvmError, this.#bounce),
          )
    job.attempts = attempts + 1
    if (status.crd === 0) this.#jobs.push(job)
    else this.#delayed.add(job, status.crd, error)
    return true
  }

  /** A request that settles the promise of the command `id`. */
  #adopt(id: number, opcode: number, transfer: Transfer): Job {
    const resolve = this.#resolves[id] as Resolve
    const reject = this.#rejects[id] as Reject
    this.#resolves[id] = undefined
    this.#rejects[id] = undefined
    return new Job(opcode, [transfer], this.#values[id], resolve, reject)
  }

  tick(): void {
    this.#ticks++
    const { commands, depth } = this.ring
    for (let id = 0; id < depth; id++) {
      if (commands[depth + id] === 0) continue
      if (this.#ticks - (this.#bornAt[id] as number) > ticksMax) this.#recovery.add(id)
    }
    this.#recovery.look()
  }

  // What the recovery does with the queue.

  suspend(until: Promise<void>): void {
    this.#isLive = false
    this.#pump.hold(until)
  }

  takeLast(): void {
    this.#take(this.ring.poll())
  }

  loseAll(errorOf: (id: number) => NvmError): void {
    this.#rejectOutstanding(errorOf)
    this.ring.clear()
  }

  die(error: NvmError): void {
    this.#isDead = true
    this.#refusal ??= error
    this.#rejectOutstanding(() => error)
    this.#rejectWaiting(error)
    this.#drained?.()
  }

  resume(): void {
    this.#isLive = this.#refusal === undefined
    this.#serveJobs()
    if (this.isBusy) this.#pump.start()
  }

  #rejectOutstanding(errorOf: (id: number) => NvmError): void {
    const { commands, depth } = this.ring
    for (let id = 0; id < depth; id++) {
      if (commands[depth + id] === 0) continue
      const part = this.#parts[id]
      this.#parts[id] = undefined
      this.#finish(id, part, errorOf(id))
    }
  }

  #rejectWaiting(error: NvmError): void {
    this.#delayed.cancel(error)
    for (const job of this.#jobs.splice(0)) {
      job.error ??= error
      job.settleIfFinished()
    }
  }

  protected async settle(): Promise<void> {
    this.#refusal ??= createError('ERR_CLOSED', `queue pair ${this.id}`)
    this.#isLive = false
    this.#rejectWaiting(createError('ERR_ABORTED', `queue pair ${this.id} was closed`))
    if (this.isBusy) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(this.timeoutMs, graceMsMax))
        this.#drained = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      this.#drained = undefined
    }
    await this.#recovery.stop()
  }

  protected abandon(error: NvmError): void {
    this.die(error)
    this.#pump.stop()
    this.#bounce.dispose()
  }

  fail(cause: unknown): void {
    this.die(createError('ERR_ABORTED', `the pump of queue pair ${this.id} broke`, { cause }))
  }
}

refuseMembers(AwaitQueuePair.prototype, 'await', ['sq', 'cq', 'batch'])
