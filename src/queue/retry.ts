// SPDX-License-Identifier: MIT
// Which failed commands are sent again, how often and when: those whose status is not final (DNR),
// which can be repeated without harm, and which no other path is needed for.

import type { NvmError, NvmeStatus } from '../errors.ts'
import { nvme } from '../spec/nvme.ts'
import type { Job } from './job.ts'

/** How often a command is sent at most. */
const attemptsMax = 3

const { nvm_opcode: opcode } = nvme.codes

/**
 * Commands that come to the same when they are executed twice. Not among them: Copy, Zone Append,
 * reservations, and whatever is not known.
 */
const repeatable = new Set<number>([
  opcode.flush[0],
  opcode.write[0],
  opcode.read[0],
  opcode.compare[0],
  opcode.write_zeroes[0],
  opcode.dataset_management[0],
  opcode.verify[0],
])

const pathRelated = nvme.codes.status_code_type.path[0]
/** Somebody wanted the command gone; or it did what it should. */
const final = new Set<NvmeStatus['name']>([
  'command_aborted',
  'aborted_sq_deletion',
  'aborted_failed_fused',
  'aborted_missing_fused',
  'aborted_preempt_and_abort',
  'compare_failure',
])

/** Whether a command that failed with `status` is sent again after `attempts` times. */
export function mayRetry(status: NvmeStatus, commandOpcode: number, attempts: number): boolean {
  if (status.dnr || attempts >= attemptsMax || !repeatable.has(commandOpcode)) return false
  return status.sct !== pathRelated && !final.has(status.name)
}

/** Requests that wait until the controller wants their command again (CRD, CRDT). */
export class Delayed {
  readonly #delayMs: (crd: number) => Promise<number>
  readonly #delayMsMax: number
  readonly #due: (job: Job) => void
  readonly #waiting = new Map<Job, NodeJS.Timeout | undefined>()

  /** A delay above `delayMsMax` is not waited for: the command has failed. */
  constructor(
    delayMs: (crd: number) => Promise<number>,
    delayMsMax: number,
    due: (job: Job) => void,
  ) {
    this.#delayMs = delayMs
    this.#delayMsMax = delayMsMax
    this.#due = due
  }

  get count(): number {
    return this.#waiting.size
  }

  /** Lets `job` go on after the delay that `crd` names, or fail with `error`. */
  add(job: Job, crd: number, error: NvmError): void {
    this.#waiting.set(job, undefined)
    const wait = async (): Promise<void> => {
      const delayMs = await this.#delayMs(crd).catch(() => Number.POSITIVE_INFINITY)
      if (!this.#waiting.has(job)) return
      if (delayMs > this.#delayMsMax) {
        job.error = error
        this.#end(job)
      } else {
        this.#waiting.set(
          job,
          setTimeout(() => this.#end(job), delayMs),
        )
      }
    }
    void wait()
  }

  #end(job: Job): void {
    this.#waiting.delete(job)
    this.#due(job)
  }

  /** No request waits any more: each fails with `error`. */
  cancel(error: NvmError): void {
    for (const [job, timer] of this.#waiting) {
      clearTimeout(timer)
      job.error ??= error
      this.#due(job)
    }
    this.#waiting.clear()
  }
}
