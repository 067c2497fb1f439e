// SPDX-License-Identifier: MIT
// The line in which jobs wait: first come, first served.

import type { Job } from './job.ts'

export class Line {
  first: Job | undefined
  #last: Job | undefined

  push(job: Job): void {
    job.next = undefined
    if (this.#last === undefined) this.first = job
    else this.#last.next = job
    this.#last = job
  }

  /** Takes the first one out. */
  shift(): Job | undefined {
    const job = this.first
    if (job === undefined) return undefined
    this.first = job.next
    if (this.first === undefined) this.#last = undefined
    job.next = undefined
    return job
  }
}
