// SPDX-License-Identifier: MIT
// Requests whose caller gives up (AbortSignal): the promise rejects at once, and the controller is
// asked to abort what is outstanding, one command at a time. What it does not give back is overdue
// some time later, which is the recovery's business.

import { createError, failureOf } from '../errors.ts'
import { binding } from '../native/load.ts'
import { counter } from './counters.ts'
import type { Job } from './job.ts'
import type { JobQueue } from './jobs.ts'

/** How long the answer to one Abort may take. */
const answerMsMax = 1000

interface Watched {
  readonly jobs: Set<Job>
  readonly listener: () => void
}

export class Aborts {
  readonly #queue: JobQueue
  readonly #outstandingIds: (job: Job) => number[]
  // One listener for each signal, however many requests share it.
  readonly #signals = new Map<AbortSignal, Watched>()
  readonly #wanted = new Set<number>()
  #running: Promise<void> | undefined
  #stopped = false

  constructor(queue: JobQueue, outstandingIds: (job: Job) => number[]) {
    this.#queue = queue
    this.#outstandingIds = outstandingIds
  }

  watch(job: Job, signal: AbortSignal): void {
    if (signal.aborted) {
      this.#giveUp(job, signal)
      return
    }
    job.signal = signal
    const known = this.#signals.get(signal)
    if (known !== undefined) {
      known.jobs.add(job)
      return
    }
    const watched = { jobs: new Set([job]), listener: () => this.#onAbort(signal) }
    this.#signals.set(signal, watched)
    signal.addEventListener('abort', watched.listener, { once: true })
  }

  forget(job: Job): void {
    const { signal } = job
    const watched = signal && this.#signals.get(signal)
    job.signal = undefined
    if (watched === undefined || !watched.jobs.delete(job) || watched.jobs.size > 0) return
    signal?.removeEventListener('abort', watched.listener)
    this.#signals.delete(signal as AbortSignal)
  }

  #onAbort(signal: AbortSignal): void {
    const { jobs } = this.#signals.get(signal) as Watched
    this.#signals.delete(signal)
    for (const job of jobs) this.#giveUp(job, signal)
    if (this.#wanted.size > 0 && !this.#stopped) this.#start()
  }

  #giveUp(job: Job, signal: AbortSignal): void {
    job.signal = undefined
    job.giveUp(createError('ERR_ABORTED', 'its signal was aborted', { cause: signal.reason }))
    for (const commandId of this.#outstandingIds(job)) this.#wanted.add(commandId)
  }

  #start(): void {
    // In a microtask: a queue that is taking completions sends nothing meanwhile.
    this.#running ??= Promise.resolve()
      .then(() => this.#run())
      .finally(() => {
        this.#running = undefined
      })
  }

  async #run(): Promise<void> {
    const { ring } = this.#queue
    for (const commandId of this.#wanted) {
      this.#wanted.delete(commandId)
      if (this.#stopped || !this.#queue.canSend) continue
      if (!ring.isOutstanding(commandId)) continue
      ring.stats[counter.aborts] = (ring.stats[counter.aborts] as number) + 1
      const outcome = await binding().abortCommand(ring.handle, commandId, answerMsMax)
      const failure = failureOf(outcome)
      // Where Abort is not answered, nothing will be: the deadlines of the commands decide.
      if (failure !== undefined && failure.code !== 'ERR_NVME_STATUS') this.#wanted.clear()
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }
}
