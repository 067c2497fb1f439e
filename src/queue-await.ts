// SPDX-License-Identifier: MIT
// Queue pairs with promises. One shared executor and arrays by command id instead of a closure per
// I/O; the pump (queue-pump.ts) settles what has completed. What is not one direct command is a Job
// (queue-job.ts).

import { BouncePool } from './bounce.ts'
import { DmaDescriptor, type DmaMemory } from './dma.ts'
import { createError, createStatusError, type FailedCommand, type NvmError } from './errors.ts'
import { type QueueOwner, QueuePair, refuseMembers } from './queue.ts'
import { Job, type Part } from './queue-job.ts'
import { Pump, type Pumped, ticksMax } from './queue-pump.ts'
import { counter, idMask, listedBytesMax, type QueueRing, statusShift } from './queue-ring.ts'
import {
  bytesOf,
  copyBounced,
  type DataTarget,
  type NamespaceLike,
  planTransfer,
  type ReadRequest,
  type Transfer,
  type WriteRequest,
} from './queue-transfer.ts'
import { opcodeName } from './spec/names.ts'
import { nvme } from './spec/nvme.ts'

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

export class AwaitQueuePair extends QueuePair implements Pumped {
  readonly mode = 'await'
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
  readonly #lost: Uint8Array
  #lostCount = 0
  #ticks = 0
  #jobs: Job[] = []
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
    this.#slots = new Int32Array(depth)
    this.#bornAt = new Int32Array(depth)
    this.#lost = new Uint8Array(depth)
    this.#bounce = new BouncePool((byteLength) => owner.allocateNow(byteLength))
    this.#pump = new Pump(this, wakes, timeoutMs)
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
    const { namespace } = request
    const transfer = {
      namespaceId: namespace.id,
      blockSize: namespace.blockSize,
      lba: 0,
      byteLength: 0,
      memory: undefined,
      byteOffset: 0,
      bytes: undefined,
    }
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
      this.#refusal === undefined
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
        const id = this.ring.take()
        if (id >= 0) {
          this.#send(
            id,
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
    id: number,
    opcode: number,
    namespaceId: number,
    lba: number,
    blockCount: number,
    memory: DmaMemory | undefined,
    byteOffset: number,
    byteLength: number,
  ): void {
    const { ring } = this
    const slot = ring.advance()
    ring.write(slot, id, opcode, namespaceId, lba, blockCount)
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
    const { ring } = this
    const { done } = ring
    const resolves = this.#resolves
    const values = this.#values
    ring.ringCompletions()
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
    if (this.#jobs.length > 0) this.#serveJobs()
    if (this.#drained !== undefined && !this.isBusy) this.#drained()
  }

  get isBusy(): boolean {
    return this.ring.outstanding > this.#lostCount || this.#jobs.length > 0
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
    const job = new Job(opcode, transfers, value, this.#ticks, newResolve, newReject)
    if (transfers.length === 0) {
      job.settleIfFinished()
      return promise
    }
    this.#jobs.push(job)
    this.#serveJobs()
    if (this.#jobs.length > 0) this.#pump.start()
    return promise
  }

  /** Submits commands of the waiting jobs, first come first served, while there is room. */
  #serveJobs(): void {
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
    if (job.done > 0) stats[counter.splits] = (stats[counter.splits] as number) + 1
    const id = ring.take()
    const lba = transfer.lba + job.done / transfer.blockSize
    const blockCount = Math.max(1, byteLength / transfer.blockSize) // a flush has none, and says 0
    this.#parts[id] = { job, byteLength, slot, bytes }
    job.advance(byteLength)
    this.#send(
      id,
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
    if (this.#lost[id] === 1) {
      // Its promise was rejected long ago; only now may its id and its memory be used again.
      this.#lost[id] = 0
      this.#lostCount--
      if (part?.slot !== undefined) this.#bounce.give(part.slot)
      return
    }
    if (part === undefined) {
      this.#settleWith(id, this.#statusError(id, status))
      return
    }
    const { job, slot, bytes } = part
    job.outstanding--
    if (status !== 0) job.error ??= this.#statusError(id, status)
    if (slot !== undefined) {
      if (bytes !== undefined && job.opcode === opcodeRead && job.error === undefined) {
        job.error = copyBounced(slot, bytes, part.byteLength)
      }
      this.#bounce.give(slot)
    }
    job.settleIfFinished()
  }

  /** Rejects the promise of a command that is not a job's. */
  #settleWith(id: number, error: NvmError): void {
    const reject = this.#rejects[id]
    this.#resolves[id] = undefined
    this.#rejects[id] = undefined
    reject?.(error)
  }

  #commandOf(id: number): FailedCommand {
    const words = this.ring.words
    const at = (this.#slots[id] as number) << 4
    const opcode = (words[at] as number) & 0xff
    const name = opcodeName('io', opcode)
    const namespaceId = (words[at + 1] as number) >>> 0
    // The slot may belong to a later command by now.
    if ((words[at] as number) >>> 16 !== id) return { name: 'Command', opcode, commandId: id }
    if (opcode === opcodeFlush) return { name, opcode, commandId: id, namespaceId }
    const lba = ((words[at + 10] as number) >>> 0) + ((words[at + 11] as number) >>> 0) * 2 ** 32
    const blockCount = ((words[at + 12] as number) & 0xffff) + 1
    return { name, opcode, commandId: id, namespaceId, lba, blockCount }
  }

  #statusError(id: number, status: number): NvmError {
    return createStatusError(status, { command: this.#commandOf(id), queue: this.id })
  }

  tick(): void {
    this.#ticks++
    const { commands, depth } = this.ring
    for (let id = 0; id < depth; id++) {
      if (commands[depth + id] === 0 || this.#lost[id] === 1) continue
      if (this.#ticks - (this.#bornAt[id] as number) > ticksMax) this.#expire(id)
    }
    // A job waits for the commands before it; when all of those are lost, it is overdue too.
    if (this.#jobs.length > 0 && this.ring.outstanding === this.#lostCount) this.#expireJobs()
  }

  #expire(id: number): void {
    const command = this.#commandOf(id)
    const where = `after ${this.timeoutMs} ms on queue pair ${this.id}`
    const detail = `${command.name}, command ${id}, ${where}`
    const error = createError('ERR_TIMEOUT', detail, { command, queue: this.id, dump: this.dump() })
    this.#lose(id, error)
  }

  /** Rejects for a command that is outstanding; its id and memory stay taken until it completes. */
  #lose(id: number, error: NvmError): void {
    this.#lost[id] = 1
    this.#lostCount++
    const part = this.#parts[id]
    if (part === undefined) {
      this.#settleWith(id, error)
      return
    }
    part.job.error ??= error
    part.job.outstanding--
    part.job.settleIfFinished()
  }

  #expireJobs(): void {
    const detail = `queue pair ${this.id} waits for ${this.#lostCount} commands that are lost`
    const error = createError('ERR_TIMEOUT', detail, { queue: this.id, dump: this.dump() })
    for (const job of this.#jobs.splice(0)) {
      job.error ??= error
      job.settleIfFinished()
    }
  }

  protected async settle(): Promise<void> {
    this.#refusal ??= createError('ERR_CLOSED', `queue pair ${this.id}`)
    const aborted = createError('ERR_ABORTED', `queue pair ${this.id} was closed`)
    for (const job of this.#jobs.splice(0)) {
      job.error ??= aborted
      job.settleIfFinished()
    }
    if (!this.isBusy) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(this.timeoutMs, graceMsMax))
      this.#drained = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#drained = undefined
  }

  protected abandon(error: NvmError): void {
    this.#loseAll(error)
    this.#pump.stop()
    this.#bounce.dispose()
  }

  fail(cause: unknown): void {
    const error = createError('ERR_ABORTED', `the pump of queue pair ${this.id} broke`, { cause })
    this.#refusal = error
    this.#loseAll(error)
    this.#drained?.()
  }

  #loseAll(error: NvmError): void {
    const { commands, depth } = this.ring
    for (let id = 0; id < depth; id++) {
      if (commands[depth + id] !== 0 && this.#lost[id] === 0) this.#lose(id, error)
    }
    for (const job of this.#jobs.splice(0)) {
      job.error ??= error
      job.settleIfFinished()
    }
  }
}

refuseMembers(AwaitQueuePair.prototype, 'await', ['sq', 'cq', 'batch'])
