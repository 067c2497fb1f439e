// SPDX-License-Identifier: MIT
// Several queues on one controller, of one thread or of a Worker each: what all of them get
// together, and how even.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Setting } from '../shared/filled-namespace.ts'
import type { Threads } from './cells.ts'
import { runReader } from './reader.ts'
import { countWord, sharedWords, stopWord, type WorkerSetting } from './shared-words.ts'

export interface ReadersAnswer {
  /** Commands of each queue. */
  counts: number[]
  ns: number
  verifiedBytes: number
}

interface Reader {
  /** It has verified so many bytes and begins to read. */
  begun: Promise<number>
  ended: Promise<unknown>
}

/** Its Workers stay between measurements, so that each compiles its loop once. */
export class Readers {
  readonly #setting: Setting
  readonly #workers: Worker[] = []
  readonly #shared = new Int32Array(new SharedArrayBuffer(4 * sharedWords))

  constructor(setting: Setting) {
    this.#setting = setting
  }

  /** Has `count` queues read at random, and counts for `milliseconds` once all of them do. */
  async measure(threads: Threads, count: number, milliseconds: number): Promise<ReadersAnswer> {
    this.#shared.fill(0)
    const readers = Array.from({ length: count }, (_, index) =>
      threads === 'one' ? this.#startHere(index) : this.#startInWorker(index),
    )
    const verified = await Promise.all(readers.map(({ begun }) => begun))
    await sleep(milliseconds / 2) // until the loops of new Workers are compiled
    const before = this.#counts(count)
    const start = performance.now()
    await sleep(milliseconds)
    const after = this.#counts(count)
    const ns = (performance.now() - start) * 1e6
    Atomics.store(this.#shared, stopWord, 1)
    await Promise.all(readers.map(({ ended }) => ended))
    return {
      counts: after.map((value, i) => value - (before[i] as number)),
      ns,
      verifiedBytes: verified.reduce((sum, bytes) => sum + bytes, 0),
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }

  #startHere(index: number): Reader {
    let begin = (_verifiedBytes: number): void => {}
    const begun = new Promise<number>((resolve) => {
      begin = resolve
    })
    const ended = runReader(this.#setting, this.#shared, index, begin)
    return { begun: Promise.race([begun, ended.then(() => 0)]), ended } // it may fail before
  }

  #startInWorker(index: number): Reader {
    this.#workers[index] ??= this.#openWorker(index)
    const worker = this.#workers[index]
    const begun = once(worker, 'message').then(([bytes]) => bytes as number)
    worker.postMessage('read')
    return { begun, ended: begun.then(() => once(worker, 'message')) }
  }

  #openWorker(index: number): Worker {
    const token = this.#setting.controller.ref()
    const workerData: WorkerSetting = { token, shared: this.#shared, index }
    return new Worker(new URL('./worker.js', import.meta.url), { workerData })
  }

  #counts(count: number): number[] {
    return Array.from({ length: count }, (_, i) => Atomics.load(this.#shared, countWord(i)))
  }
}
