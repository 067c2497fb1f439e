// SPDX-License-Identifier: MIT
// What works behind a queue pair with promises. One shared executor and arrays by command id
// instead of a closure per I/O; the pump (pump.ts) settles what has completed. What is not one
// direct command is a job (jobs.ts).

import { checkArray, checkOptions, checkSignal, namesOf } from '../checks.ts'
import { createError, createStatusError, type NvmError } from '../errors.ts'
import type { NamespaceChanges } from '../namespace-changes.ts'
import { nvme } from '../spec/nvme.ts'
import { BouncePool } from './bounce.ts'
import { type Command, type Data, filledBytes } from './command.ts'
import { counter } from './counters.ts'
import { Entries } from './entries.ts'
import { CommandJob, GroupJob, type Reject, type Resolve } from './job.ts'
import { type JobQueue, Jobs } from './jobs.ts'
import type { QueueOwner } from './pair.ts'
import { Pump, type Pumped } from './pump.ts'
import { type Recoverable, Recovery } from './recovery.ts'
import {
  type BlockRequest,
  checkGrouped,
  cutTransfer,
  type GroupRequest,
  isDirect,
  isWithoutFua,
  type NamespaceLike,
  planTransfer,
  type RequestOptions,
} from './request.ts'
import { idMask, type QueueRing, statusShift } from './ring.ts'

const opcodeRead = nvme.codes.nvm_opcode.read[0]
const opcodeWrite = nvme.codes.nvm_opcode.write[0]

// Folded by the compiler, as in ring.ts.
const idBits = idMask
const statusBit = statusShift
const { commands: commandCount, bytes: byteCount, p2p: p2pCount } = counter

/** Blocks of `blockSize`, a power of two, in `byteLength` bytes: a division would take longer. */
const blocksIn = (byteLength: number, blockSize: number): number =>
  byteLength >>> (31 - Math.clz32(blockSize))

const optionNames = namesOf<RequestOptions>({ signal: true })

let newResolve: Resolve
let newReject: Reject
const executor = (resolve: Resolve, reject: Reject): void => {
  newResolve = resolve
  newReject = reject
}
// Of a direct command, stored at once: a variable in between would be one more place for the
// garbage collector to note.
let directResolves: (Resolve | undefined)[]
let directId: number
const directExecutor = (resolve: Resolve): void => {
  directResolves[directId] = resolve
}

/** How long closing waits for what is outstanding. */
const graceMsMax = 1000

/** What a queue pair tells its engine. */
export interface EngineOptions {
  readonly owner: QueueOwner
  readonly ring: QueueRing
  readonly timeoutMs: number
  /** The device announces completions. */
  readonly wakes: boolean
  /** The queue pair as text. */
  readonly dump: () => string
}

export class AwaitEngine implements Pumped, Recoverable, JobQueue {
  readonly ring: QueueRing
  readonly owner: QueueOwner
  readonly timeoutMs: number
  readonly dump: () => string
  readonly entries: Entries
  readonly #changes: NamespaceChanges
  readonly #pump: Pump
  readonly #bounce: BouncePool
  // By command id.
  readonly #resolves: (Resolve | undefined)[]
  readonly #values: unknown[]
  readonly #recovery: Recovery
  readonly #jobs: Jobs
  /** Commands can be submitted: not while the queue is closed, or being deleted and created. */
  #isLive = true
  /**
   * Completions are taken, and user code may run: subscribers, and the `then` of what a promise
   * resolves to. What it asks for waits until the ids that are free again are free here, too.
   */
  #isTaking = false
  /** Nothing completes any more. */
  #isDead = false
  #refusal: NvmError | undefined
  #drained: (() => void) | undefined
  /**
   * Told how many commands a poll has found, before their promises settle: the continuations of
   * those follow without a pause between them.
   */
  onTaken: ((count: number) => void) | undefined

  constructor({ owner, ring, timeoutMs, wakes, dump }: EngineOptions) {
    this.owner = owner
    this.ring = ring
    this.timeoutMs = timeoutMs
    this.dump = dump
    this.#changes = owner.namespaceChanges
    const { depth } = ring
    this.#resolves = new Array<Resolve | undefined>(depth).fill(undefined)
    this.#values = new Array<unknown>(depth).fill(undefined)
    this.entries = new Entries(ring)
    this.#bounce = new BouncePool((byteLength) => owner.allocateNow(byteLength))
    this.#pump = new Pump(this, wakes, timeoutMs)
    this.#recovery = new Recovery(this)
    this.#jobs = new Jobs(this, this.#bounce)
  }

  get id(): number {
    return this.ring.id
  }

  /** Moves the blocks of a namespace from or to memory. */
  move(
    opcode: number,
    namespace: NamespaceLike,
    request: BlockRequest,
    data: Data,
  ): Promise<unknown> {
    if (this.#changes.areNew) this.owner.noticeChanges()
    const { lba } = request
    if (
      request.signal === undefined &&
      isWithoutFua(request) &&
      this.#jobs.isIdle &&
      this.#isLive &&
      !this.#isTaking &&
      (this.#pump.isPolling || this.ring.isLive) &&
      isDirect(namespace, lba, data, this.ring)
    ) {
      const { memory, byteOffset, byteLength } = data
      const { id: nsid, blockSize } = namespace
      const cdw12 = blocksIn(byteLength, blockSize) - 1
      const { entries } = this
      const id = entries.place(opcode, nsid, lba as number, cdw12, memory, byteOffset, byteLength)
      if (id >= 0) {
        this.submitted(byteLength, memory.isPeer)
        this.#values[id] = opcode === opcodeRead ? data.bytes : undefined
        directResolves = this.#resolves
        directId = id
        return new Promise<unknown>(directExecutor)
      }
    }
    return this.#moveSlowly(opcode, namespace, request, data)
  }

  submitted(byteLength: number, isPeer: boolean): void {
    const { ring } = this
    const { stats, watch } = ring
    const pump = this.#pump
    // The first does not wait for the pump, which rings for all that follow.
    if (!pump.isPolling || ring.outstanding === 1) ring.ringUntold()
    stats[commandCount] = (stats[commandCount] as number) + 1
    stats[byteCount] = (stats[byteCount] as number) + byteLength
    if (isPeer) stats[p2pCount] = (stats[p2pCount] as number) + 1
    if (watch.owesSubmissions) watch.tellSubmissions()
    if (!pump.isPolling) pump.start()
  }

  complete(count: number): void {
    if (this.onTaken !== undefined) this.onTaken(count)
    if (count > 1) this.entries.fetchSlots(count) // for those who submit again
    this.#take(count)
    if (!this.#jobs.isIdle) this.#jobs.serve()
    if (this.#drained !== undefined && !this.isBusy) this.#drained()
  }

  #take(count: number): void {
    const { done, watch } = this.ring
    this.#isTaking = true
    if (watch.owesEnds) watch.tellEnds()
    const resolves = this.#resolves
    const values = this.#values
    for (let i = 0; i < count; i++) {
      const entry = done[i] as number
      const id = entry & idBits
      const resolve = resolves[id]
      if (resolve === undefined) {
        this.#jobs.complete(id, entry >>> statusBit)
      } else if (entry >>> statusBit === 0) {
        const value = values[id]
        resolves[id] = undefined
        values[id] = undefined
        resolve(value)
      } else {
        this.#fail(id, entry >>> statusBit)
      }
    }
    this.entries.forgetEnded()
    this.#isTaking = false
  }

  get isBusy(): boolean {
    return !this.#isDead && (this.ring.outstanding > 0 || this.#jobs.areWaiting)
  }

  // The rest is for everything that is not one direct command.

  #moveSlowly(
    opcode: number,
    namespace: NamespaceLike,
    request: BlockRequest,
    data: Data,
  ): Promise<unknown> {
    try {
      const transfer = planTransfer(opcode, namespace, request, data, this.ring)
      const value = opcode === opcodeRead ? filledBytes(data) : undefined
      const commands = cutTransfer(transfer, this.ring.transferBytesMax)
      return this.run(commands, value, request.signal)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * A group; requests without a namespace are in `namespace`. Writes are checked before any is
   * sent; a read that is wrong harms nothing, and each is checked as it is sent.
   */
  moveMany(
    opcode: number,
    namespace: NamespaceLike | undefined,
    requests: readonly GroupRequest[],
    options: RequestOptions | undefined,
  ): Promise<unknown> {
    try {
      checkArray('a group', requests)
      if (options !== undefined) checkOptions('a group', options, optionNames)
      const signal = options?.signal
      checkSignal(signal)
      const group = requests.slice()
      const values = opcode === opcodeRead ? new Array<unknown>(group.length) : undefined
      if (values === undefined) this.#checkWrites(namespace, group)
      if (this.#refusal !== undefined) return Promise.reject(this.#refusal)
      const promise = new Promise<unknown>(executor)
      const job = new GroupJob(opcode, group, namespace, values, newResolve, newReject)
      this.#jobs.run(job, signal)
      return promise
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #checkWrites(namespace: NamespaceLike | undefined, group: readonly GroupRequest[]): void {
    const { ring } = this
    for (const request of group) {
      const data = checkGrouped(request, false, namespace, ring)
      const where = namespace ?? (request.namespace as NamespaceLike)
      const { lba } = request
      const isPlain = isWithoutFua(request)
      if (isPlain && isDirect(where, lba, data, ring)) continue
      planTransfer(opcodeWrite, where, request, data, ring)
    }
  }

  /** Commands of one request, with one promise, which resolves to `value`. */
  run(
    commands: Iterable<Command>,
    value: unknown,
    signal: AbortSignal | undefined,
    isRaw = false,
  ): Promise<unknown> {
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal)
    checkSignal(signal)
    const promise = new Promise<unknown>(executor)
    const job = new CommandJob(commands, value, newResolve, newReject)
    job.isRaw = isRaw
    this.#jobs.run(job, signal)
    return promise
  }

  /** A direct command completed with an error. */
  #fail(id: number, status: number): void {
    const resolve = this.#resolves[id] as Resolve
    const reject = (error: unknown): void => resolve(Promise.reject(error))
    this.#resolves[id] = undefined
    const details = { command: this.entries.commandOf(id), queue: this.id, attempts: 1 }
    const error = createStatusError(status, details)
    if (this.#jobs.retryDirect(id, error, this.#values[id], resolve, reject)) return
    reject(this.#recovery.explain(id, error))
  }

  tick(): void {
    for (const id of this.entries.tick()) this.#recovery.add(id)
    this.#recovery.look()
  }

  lose(): void {
    this.#recovery.look()
  }

  // What jobs ask of the queue.

  get refusal(): NvmError | undefined {
    return this.#refusal
  }

  get canSend(): boolean {
    if (!this.#isLive || this.#isTaking) return false
    if (!this.ring.isLive) this.#recovery.look()
    return this.ring.isLive
  }

  keepPolling(): void {
    this.#pump.start()
  }

  explain(id: number, error: NvmError): NvmError {
    return this.#recovery.explain(id, error)
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
    this.#rejectOutstanding(errorOf, (id, error) => this.#jobs.finish(id, error))
    this.ring.clear()
    this.entries.forgetEnded()
  }

  die(error: NvmError): void {
    this.#isDead = true
    this.#isLive = false
    this.#refusal ??= error
    this.#rejectOutstanding(
      () => error,
      (id) => this.#jobs.abandon(id, error),
    )
    this.#jobs.rejectWaiting(error)
    this.#drained?.()
  }

  resume(): void {
    this.#isLive = this.#refusal === undefined
    this.#jobs.serve()
    if (this.isBusy) this.#pump.start()
  }

  #rejectOutstanding(
    errorOf: (id: number) => NvmError,
    endJob: (id: number, error: NvmError) => void,
  ): void {
    const { commands, depth, watch } = this.ring
    for (let id = 0; id < depth; id++) {
      if (commands[depth + id] === 0) continue
      const error = errorOf(id)
      watch.lost(this.id, id, error.code)
      const resolve = this.#resolves[id]
      this.#resolves[id] = undefined
      if (resolve === undefined) endJob(id, error)
      else resolve(Promise.reject(error))
    }
  }

  /** Takes nothing more, and lets what is outstanding end, within bounds. */
  async settle(): Promise<void> {
    this.#refusal ??= createError('ERR_CLOSED', `queue pair ${this.id}`)
    this.#isLive = false
    this.#jobs.rejectWaiting(createError('ERR_ABORTED', `queue pair ${this.id} was closed`))
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
    await this.#jobs.stop()
    await this.#recovery.stop()
    this.ring.silence()
  }

  /** Nothing completes any more. */
  abandon(error: NvmError): void {
    this.die(error)
    this.#pump.stop()
    this.#bounce.dispose()
  }

  fail(cause: unknown): void {
    this.die(createError('ERR_ABORTED', `the pump of queue pair ${this.id} broke`, { cause }))
  }
}
