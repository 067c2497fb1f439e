// SPDX-License-Identifier: MIT
// The jobs of a promise queue: they wait in a line, send their commands when there is room, a few
// at each turn, and are settled when all have completed. Failed commands may be sent again.

import type { DmaDescriptor } from '../dma.ts'
import { createError, createStatusError, type NvmError } from '../errors.ts'
import type { NamespaceChanges } from '../namespace-changes.ts'
import { Aborts } from './aborts.ts'
import type { BouncePool } from './bounce.ts'
import { type Command, type DataPlan, type Reach, receivesData, sendsData } from './command.ts'
import { counter } from './counters.ts'
import type { Entries } from './entries.ts'
import { CommandJob, type Job, type Reject, type Resolve, type Sender } from './job.ts'
import { Line } from './line.ts'
import type { QueueOwner } from './pair.ts'
import { type NamespaceLike, refuseIfChanged } from './request.ts'
import { Delayed, mayRetry } from './retry.ts'
import { type QueueRing, slotWords } from './ring.ts'

/** What jobs need of their queue pair. */
export interface JobQueue {
  readonly ring: QueueRing
  readonly entries: Entries
  readonly owner: QueueOwner
  readonly timeoutMs: number
  /** Nothing new is taken, for this reason. */
  readonly refusal: NvmError | undefined
  /** Commands can be submitted. */
  readonly canSend: boolean
  /** A command has its slot filled, and moves so much. */
  submitted(byteLength: number, isPeer: boolean): void
  /** Something waits that may be sent before long. */
  keepPolling(): void
  /** What a promise sees instead of a status that is owed to a recovery. */
  explain(id: number, error: NvmError): NvmError
}

/** Commands that a job sends before the next in the line has its turn. */
const turnCommandsMax = 8
/** Commands of a group between doorbells. */
const groupRung = 8

export class Jobs implements Sender {
  readonly #queue: JobQueue
  readonly #ring: QueueRing
  readonly #bounce: BouncePool
  readonly #line = new Line()
  /** A request with accessors can ask for more while it is looked at. */
  #isServing = false
  readonly #delayed: Delayed
  readonly #aborts: Aborts
  readonly #changes: NamespaceChanges
  // By command id.
  readonly #jobs: (Job | undefined)[]
  readonly #commands: (Command | undefined)[]
  readonly #slots: (DmaDescriptor | undefined)[]

  constructor(queue: JobQueue, bounce: BouncePool) {
    const { ring, owner, timeoutMs } = queue
    this.#queue = queue
    this.#ring = ring
    this.#bounce = bounce
    this.#jobs = new Array<Job | undefined>(ring.depth).fill(undefined)
    this.#commands = new Array<Command | undefined>(ring.depth).fill(undefined)
    this.#slots = new Array<DmaDescriptor | undefined>(ring.depth).fill(undefined)
    this.#delayed = new Delayed(
      (crd) => owner.retryDelayMs(crd),
      timeoutMs,
      (job) => this.enter(job),
    )
    this.#changes = owner.namespaceChanges
    this.#aborts = new Aborts(queue, (job) => this.#outstandingIds(job))
  }

  get reach(): Reach {
    return this.#ring
  }

  /** Nobody waits for a turn: a direct command may go ahead. */
  get isIdle(): boolean {
    return this.#line.first === undefined
  }

  /** Jobs wait for a turn or for the time at which they are sent again. */
  get areWaiting(): boolean {
    return !this.isIdle || this.#delayed.count > 0
  }

  /** Takes a request; with a signal, until that says no. */
  run(job: Job, signal: AbortSignal | undefined): void {
    if (signal !== undefined) this.#aborts.watch(job, signal)
    this.enter(job)
  }

  enter(job: Job): void {
    if (job.isSent) {
      this.#settle(job)
      return
    }
    this.#line.push(job)
    this.serve()
    if (!this.isIdle) this.#queue.keepPolling()
  }

  /** Sends commands of the waiting jobs, in turns, while there is room. */
  serve(): void {
    if (this.#isServing || !this.#queue.canSend) return
    this.#isServing = true
    try {
      for (let job = this.#line.first; job !== undefined; job = this.#line.first) {
        if (!this.#serveTurn(job)) return
        this.#line.shift()
        if (job.isSent) this.#settle(job)
        else this.#line.push(job)
      }
    } finally {
      this.#isServing = false
    }
  }

  /** False when there is no room for the next command. */
  #serveTurn(job: Job): boolean {
    const ring = this.#ring
    try {
      // One that waits alone need not step aside.
      while (!job.isSent && (job.turnCommands < turnCommandsMax || job.next === undefined)) {
        if (ring.outstanding >= ring.depth) return false
        if (this.#changes.areNew) this.#queue.owner.noticeChanges()
        if (!job.sendNext(this)) return false
        job.turnCommands++
      }
    } catch (error) {
      job.error ??= error as NvmError
    }
    job.turnCommands = 0
    return true
  }

  sendDirect(
    job: Job,
    opcode: number,
    { id: nsid, blockSize }: NamespaceLike,
    lba: number,
    { memory, byteOffset, byteLength }: DmaDescriptor,
  ): void {
    const ring = this.#ring
    const { entries } = this.#queue
    const cdw12 = byteLength / blockSize - 1
    const id = entries.place(opcode, nsid, lba, cdw12, memory, byteOffset, byteLength)
    this.#jobs[id] = job
    job.outstanding++
    this.#queue.submitted(byteLength, memory.isPeer)
    // The device works on a large group while the rest of it is being submitted.
    if (ring.outstanding % groupRung === 0) ring.ring()
  }

  send(job: Job, command: Command, isSplit: boolean): boolean {
    const ring = this.#ring
    const { opcode, nsid, cdw10, cdw11, cdw12, extra, data } = command
    if (command.namespace !== undefined) refuseIfChanged(command.namespace)
    let { segments } = data
    if (segments.some((each) => each.memory.disposed) || extra?.metadata?.memory.disposed) {
      throw createError('ERR_CLOSED', 'the descriptor was disposed')
    }
    let bounceSlot: DmaDescriptor | undefined
    if (data.byteLength > 0 && segments.length === 0) {
      if (sendsData(opcode)) refuseIfDetached(data)
      bounceSlot = this.#bounce.take(data.byteLength)
      if (bounceSlot === undefined) return false
      const { memory, byteOffset } = bounceSlot
      segments = [{ memory, byteOffset, byteLength: data.byteLength }]
      if (sendsData(opcode)) gather(data, bounceSlot)
    }
    this.#count(job, data.byteLength, bounceSlot !== undefined, isSplit)
    const { entries } = this.#queue
    const id = entries.place(opcode, nsid, cdw10, cdw12, undefined, 0, 0)
    const slot = entries.slots[id] as number
    ring.words[slot * slotWords + 11] = cdw11 // not with dword 10 in one number, which is rounded
    ring.pointAtAll(slot, id, segments)
    if (extra !== undefined) ring.writeExtra(slot, id, extra)
    this.#jobs[id] = job
    this.#commands[id] = command
    this.#slots[id] = bounceSlot
    job.outstanding++
    this.#queue.submitted(
      data.byteLength,
      segments.some((each) => each.memory.isPeer),
    )
    return true
  }

  #count(job: Job, byteLength: number, bounced: boolean, isSplit: boolean): void {
    const { stats } = this.#ring
    const add = (name: keyof typeof counter): void => {
      stats[counter[name]] = (stats[counter[name]] as number) + 1
    }
    if (byteLength === 0) add('noData')
    if (bounced) add('bounce')
    if (job.attempts > 1) add('retries')
    if (isSplit) add('splits')
  }

  /** Command `id` of a job has completed. */
  complete(id: number, status: number): void {
    const job = this.#jobs[id]
    if (job === undefined) return
    if (status === 0) {
      if (job.isRaw) job.value = this.#ring.resultOf(id)
      this.finish(id, undefined)
      return
    }
    const details = { command: this.#queue.entries.commandOf(id), queue: this.#ring.id }
    const error = createStatusError(status, { ...details, attempts: job.attempts })
    if (!this.#retry(id, job, error)) this.finish(id, this.#queue.explain(id, error))
  }

  /** Ends command `id`, and its job with the last one. */
  finish(id: number, error: NvmError | undefined): void {
    const job = this.#jobs[id]
    if (job === undefined) return
    const failure = this.#release(id, error === undefined && job.error === undefined)
    this.#endOne(job, error ?? failure)
  }

  /** Ends command `id`, which the device may still carry out: what it reaches stays as it is. */
  abandon(id: number, error: NvmError): void {
    const job = this.#jobs[id]
    this.#jobs[id] = undefined
    if (job !== undefined) this.#endOne(job, error)
  }

  #endOne(job: Job, error: NvmError | undefined): void {
    job.outstanding--
    job.error ??= error
    this.#settle(job)
  }

  #settle(job: Job): void {
    job.settleIfFinished()
    if (job.isSettled && job.signal !== undefined) this.#aborts.forget(job)
  }

  /** Gives back what command `id` used; data that was bounced goes where it was wanted. */
  #release(id: number, succeeded: boolean): NvmError | undefined {
    const command = this.#commands[id]
    const slot = this.#slots[id]
    this.#jobs[id] = undefined
    if (command === undefined) return undefined
    this.#commands[id] = undefined
    if (command.extra !== undefined) this.#queue.entries.clearExtra(id)
    this.#ring.unpinAll(id)
    if (slot === undefined) return undefined
    this.#slots[id] = undefined
    const wanted = succeeded && receivesData(command.opcode)
    const failure = wanted ? scatter(command.data, slot) : undefined
    this.#bounce.give(slot)
    return failure
  }

  #outstandingIds(job: Job): number[] {
    const ids: number[] = []
    this.#jobs.forEach((each, id) => {
      if (each === job) ids.push(this.#queue.entries.commandIdOf(id))
    })
    return ids
  }

  /** Sends a command of a job again, where it may be. */
  #retry(id: number, job: Job, error: NvmError): boolean {
    const command = this.#commands[id] ?? this.#queue.entries.requestOf(id, this.#queue.owner)
    if (
      job.isRaw ||
      job.error !== undefined ||
      command === undefined ||
      !this.#mayRetry(error, command)
    ) {
      return false
    }
    this.#release(id, false)
    const { signal } = job
    const again = new CommandJob(
      [command],
      undefined,
      () => this.#endOne(job, undefined),
      (failed) => this.#endOne(job, failed as NvmError),
    )
    if (signal !== undefined) this.#aborts.watch(again, signal)
    this.#sendAgain(again, error)
    return true
  }

  /** Sends a direct command that failed again, as a job; false where it may not be. */
  retryDirect(
    id: number,
    error: NvmError,
    value: unknown,
    resolve: Resolve,
    reject: Reject,
  ): boolean {
    if (this.#changes.areNew) this.#queue.owner.noticeChanges()
    const command = this.#queue.entries.requestOf(id, this.#queue.owner)
    if (command === undefined || !this.#mayRetry(error, command)) return false
    this.#sendAgain(new CommandJob([command], value, resolve, reject), error)
    return true
  }

  #mayRetry({ status, attempts = 1 }: NvmError, { opcode }: Command): boolean {
    if (status === undefined || this.#queue.refusal !== undefined) return false
    return mayRetry(status, opcode, attempts)
  }

  #sendAgain(job: Job, error: NvmError): void {
    job.attempts = (error.attempts ?? 1) + 1
    const crd = error.status?.crd ?? 0
    if (crd === 0) this.#line.push(job)
    else this.#delayed.add(job, crd, error)
  }

  /** No job waits any more: each fails with `error`. */
  rejectWaiting(error: NvmError): void {
    this.#delayed.cancel(error)
    for (let job = this.#line.shift(); job !== undefined; job = this.#line.shift()) {
      job.error ??= error
      this.#settle(job)
    }
  }

  /** Sends no Abort any more; settles when the one under way was answered. */
  stop(): Promise<void> {
    return this.#aborts.stop()
  }
}

/** Whether the arrays still have the bytes that were asked for: none was detached or resized. */
function areWhole(bytes: readonly Uint8Array[], byteLength: number): boolean {
  return bytes.reduce((sum, each) => sum + each.byteLength, 0) === byteLength
}

const notWhole = 'a typed array was detached or resized; keep it until the promise settles'

function refuseIfDetached({ bytes, byteLength }: DataPlan): void {
  if (areWhole(bytes, byteLength)) return
  throw createError('ERR_CLOSED', notWhole)
}

function gather({ bytes }: DataPlan, slot: DmaDescriptor): void {
  let at = 0
  for (const each of bytes) {
    slot.bytes?.set(each, at)
    at += each.byteLength
  }
}

/** Not that of a subclass, which is the caller's code. */
const { set: setBytes } = Uint8Array.prototype

/** Copies what was read to where it was asked for. */
function scatter({ bytes, byteLength }: DataPlan, slot: DmaDescriptor): NvmError | undefined {
  const from = slot.bytes
  if (from === undefined || !areWhole(bytes, byteLength)) {
    return createError('ERR_CLOSED', notWhole)
  }
  let at = 0
  for (const each of bytes) {
    setBytes.call(each, from.subarray(at, at + each.byteLength))
    at += each.byteLength
  }
  return undefined
}
