// SPDX-License-Identifier: MIT
// What a promise queue does when a command passes its deadline: Abort, then delete the queues, then
// reset the controller, each only when the one before did not bring the command back. The last two
// are one native call (lib/driver/queue_pair.h, drop). docs/architecture.md says what promises see.

import {
  codeOfNumber,
  createError,
  failureOf,
  type NvmError,
  type NvmErrorDetails,
} from '../errors.ts'
import type { Outcome } from '../native/binding.ts'
import { binding } from '../native/load.ts'
import { counter } from './counters.ts'
import type { Entries } from './entries.ts'
import type { QueueOwner } from './pair.ts'
import type { QueueRing } from './ring.ts'

/** What a recovery needs of its queue pair. */
export interface Recoverable {
  readonly id: number
  readonly owner: Pick<QueueOwner, 'dump' | 'meetManager' | 'queueDied'>
  readonly ring: QueueRing
  readonly timeoutMs: number
  dump(): string
  readonly entries: Entries
  /** Until `until` settles, submits nothing, and touches nothing that the device sees. */
  suspend(until: Promise<void>): void
  /** Takes what completed before the queues were deleted. */
  takeLast(): void
  /** Rejects what is outstanding; the device reaches none of it any more. */
  loseAll(errorOf: (id: number) => NvmError): void
  /** Rejects what is outstanding and all that comes; the device may still reach its memory. */
  die(error: NvmError): void
  /** Everything works again. */
  resume(): void
}

/** How long Abort and the command that it is for may take together. */
const graceMsMin = 250
const graceMsMax = 1000
const lookMs = 2
/** Attempts to create the queues again. */
const createsMax = 2
/** How often a manager that is awaited is looked for. */
const managerLookMs = 5

export class Recovery {
  readonly #queue: Recoverable
  readonly #graceMs: number
  /** Commands that passed their deadline: index in the tables, and whole id. */
  readonly #overdue = new Map<number, number>()
  readonly #straysMax: number
  #straysSeen = 0
  #running: Promise<void> | undefined
  #stopped = false
  /** An Abort was not answered: nothing will be, and a reset is due soon. */
  #silent = false
  #dump = ''
  /** Why the queues were deleted, as dropQueuePair returned it. */
  #dropReason = 0

  constructor(queue: Recoverable) {
    this.#queue = queue
    this.#graceMs = Math.min(Math.max(queue.timeoutMs, graceMsMin), graceMsMax)
    this.#straysMax = Math.max(queue.ring.depth, 64)
  }

  /** Command `id` passed its deadline. */
  add(id: number): void {
    if (this.#stopped || this.isOverdue(id)) return
    this.#overdue.set(id, this.#queue.entries.commandIdOf(id))
    this.#start()
  }

  /** Whether the last command under `id` is one that passed its deadline. */
  isOverdue(id: number): boolean {
    return this.#overdue.get(id) === this.#queue.entries.commandIdOf(id)
  }

  /** Looks, now and then, for what no deadline shows: a reset by others, a device gone mad. */
  look(): void {
    const { ring } = this.#queue
    if (ring.isLive && ring.strays - this.#straysSeen <= this.#straysMax) return
    if (!this.#stopped) this.#start()
  }

  /** Begins no further step; settles when the one under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  /** What a command's promise sees instead of a status that it owes to the recovery. */
  explain(id: number, error: NvmError): NvmError {
    const { status } = error
    if (status?.name === 'command_aborted' && this.isOverdue(id)) {
      return this.#timeoutError(id, 'aborted', error)
    }
    return status?.name === 'aborted_sq_deletion' ? this.#lostError(id, error) : error
  }

  #start(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
  }

  async #run(): Promise<void> {
    this.#dump = this.#queue.dump()
    this.#silent = false
    if (!(await this.#abort()) && !this.#stopped) await this.#restart()
  }

  /** True when every overdue command came back, one way or the other. */
  async #abort(): Promise<boolean> {
    const { ring } = this.#queue
    const deadline = performance.now() + this.#graceMs
    const asked = new Set<number>()
    while (!this.#stopped && ring.isLive) {
      for (const [id, commandId] of this.#overdue) {
        if (!ring.isOutstanding(commandId)) this.#overdue.delete(id)
      }
      if (this.#overdue.size === 0) return this.#straysAreFew()
      const leftMs = deadline - performance.now()
      if (leftMs <= 0) return false
      const next = [...this.#overdue.values()].find((each) => !asked.has(each))
      if (next === undefined) {
        await new Promise((resolve) => setTimeout(resolve, Math.min(leftMs, lookMs)))
        continue
      }
      asked.add(next)
      count(ring, 'aborts')
      const outcome = await binding().abortCommand(ring.handle, next, Math.ceil(leftMs))
      // One that was refused may complete all the same; without an answer nothing will.
      const failure = failureOf(outcome)
      this.#silent = failure?.code === 'ERR_TIMEOUT'
      if (failure !== undefined && failure.code !== 'ERR_NVME_STATUS') return false
    }
    return this.#stopped
  }

  #straysAreFew(): boolean {
    return this.#queue.ring.strays - this.#straysSeen <= this.#straysMax
  }

  async #restart(): Promise<void> {
    const queue = this.#queue
    let release = (): void => {}
    queue.suspend(
      new Promise<void>((resolve) => {
        release = resolve
      }),
    )
    const failure = await this.#recreate().catch((error: unknown) => error as NvmError)
    this.#overdue.clear()
    this.#straysSeen = queue.ring.strays
    // Closing settles what is left.
    if (failure !== undefined && !this.#stopped) {
      queue.owner.queueDied(queue.id)
      queue.die(failure)
    }
    release()
    if (failure === undefined && !this.#stopped) queue.resume()
  }

  /** Deletes the queues, settles their commands, creates them again; returns why that failed. */
  async #recreate(): Promise<NvmError | undefined> {
    const { ring } = this.#queue
    let failure: NvmError | undefined
    let creates = 0
    while (creates < createsMax && !this.#stopped) {
      const reason: Outcome<number> = await binding().dropQueuePair(
        ring.handle,
        this.#silent ? this.#graceMs : undefined,
      )
      this.#dropReason = typeof reason === 'number' ? reason : 0
      this.#queue.takeLast()
      failure = failureOf(reason, this.#adminDetails())
      if (failure !== undefined) {
        if (await this.#awaitManager()) continue
        return failure
      }
      this.#queue.loseAll((id) => this.#lostError(id))
      await this.#awaitManager()
      if (this.#stopped) return undefined
      failure = await this.#queue.owner.meetManager().then(undefined, (error: NvmError) => error)
      failure ??= failureOf(await binding().recreateQueuePair(ring.handle), this.#adminDetails())
      if (failure === undefined) {
        count(ring, 'restarts')
        return undefined
      }
      // One whose manager died meanwhile does not count.
      if (!(await this.#awaitManager())) creates++
    }
    return failure
  }

  /** Until a manager that has gone has a successor, or will have none; false: there was one. */
  async #awaitManager(): Promise<boolean> {
    const { handle } = this.#queue.ring
    let waited = false
    while (!this.#stopped && binding().awaitsManager(handle)) {
      waited = true
      await new Promise((resolve) => setTimeout(resolve, managerLookMs))
    }
    return waited
  }

  #details(): NvmErrorDetails {
    return { queue: this.#queue.id, dump: this.#dump }
  }

  /** Of a command that deletes or creates the queues. */
  #adminDetails(): NvmErrorDetails {
    return { queue: this.#queue.id, dump: () => this.#queue.owner.dump() }
  }

  #timeoutError(id: number, outcome: string, cause?: NvmError): NvmError {
    const command = this.#queue.entries.commandOf(id)
    const where = `after ${this.#queue.timeoutMs} ms on queue pair ${this.#queue.id}`
    const detail = `${command.name}, command ${id}, ${where}; ${outcome}`
    return createError('ERR_TIMEOUT', detail, { ...this.#details(), command, cause })
  }

  /** For a command that ended with its queue. */
  #lostError(id: number, cause?: NvmError): NvmError {
    const reason = this.#dropReason
    const why = reason === 0 ? 'ERR_QUEUE_LOST' : codeOfNumber(reason)
    const command = this.#queue.entries.commandOf(id)
    const detail = `${command.name}, command ${id}, on queue pair ${this.#queue.id}`
    if (
      why === 'ERR_CONTROLLER_FATAL' ||
      why === 'ERR_CONTROLLER_DISABLED' ||
      why === 'ERR_CONTROLLER_GONE' ||
      why === 'ERR_MANAGER_GONE'
    ) {
      return createError(why, detail, { ...this.#details(), command, cause })
    }
    if (this.isOverdue(id)) {
      const outcome = reason === 0 ? 'its queue was deleted' : 'the controller was reset'
      return this.#timeoutError(id, outcome, cause)
    }
    // Who closes a queue does not lose it.
    const code = this.#stopped ? 'ERR_ABORTED' : 'ERR_QUEUE_LOST'
    return createError(code, detail, { ...this.#details(), command, cause })
  }
}

function count(ring: QueueRing, name: 'aborts' | 'restarts'): void {
  ring.stats[counter[name]] = (ring.stats[counter[name]] as number) + 1
}
