// SPDX-License-Identifier: MIT
// The threads that measure: started once, told what each run is, begun together.

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { NvmError } from '../../../src/index.ts'
import {
  clearRun,
  goWord,
  type QueueOutcome,
  type SharedRun,
  stopWord,
  type ThreadMessage,
  type ThreadSetting,
  type ThreadStart,
} from './setting.ts'

export class Crew {
  readonly #workers: readonly Worker[]
  readonly #shared: SharedRun
  readonly #onExit = (): void => this.stop()
  readonly #exits: readonly Promise<void>[]
  #isStopped = false

  /** `start` but for the number of the thread. */
  constructor(threads: number, start: Omit<ThreadStart, 'thread'>) {
    this.#shared = start.shared
    this.#workers = Array.from({ length: threads }, (_, thread) => {
      const workerData: ThreadStart = { ...start, thread }
      return new Worker(new URL('./worker.js', import.meta.url), { workerData })
    })
    this.#exits = this.#workers.map(
      (worker) =>
        new Promise((gone) => {
          worker.once('exit', () => gone())
          worker.on('error', () => {}) // told of by whoever waits for an answer
        }),
    )
    // A thread in native code cannot be ended from outside, and the process waits for it.
    process.on('exit', this.#onExit)
  }

  /** Whether stop() was called. */
  get isStopped(): boolean {
    return this.#isStopped
  }

  /**
   * Does one run; `begun` is called when all threads are about to start.
   * @throws the failure of a thread; the others end then too
   */
  async run(settings: readonly ThreadSetting[], begun: () => void): Promise<QueueOutcome[]> {
    clearRun(this.#shared)
    const { words } = this.#shared
    if (this.#isStopped) words[stopWord] = 1
    try {
      const crew = this.#workers.slice(0, settings.length)
      await Promise.all(crew.map((worker, i) => request(worker, settings[i] as ThreadSetting)))
      const ended = Promise.all(crew.map((worker) => answerOf(worker)))
      begun()
      Atomics.store(words, goWord, 1)
      Atomics.notify(words, goWord)
      const answers = await ended
      return answers.flatMap((answer) => (answer.kind === 'ended' ? answer.queues : []))
    } catch (error) {
      this.stop()
      throw error
    }
  }

  /** Ends the run under way, and those that follow; any time, and from an exit handler. */
  stop(): void {
    this.#isStopped = true
    const { words } = this.#shared
    Atomics.store(words, stopWord, 1)
    Atomics.store(words, goWord, 1)
    Atomics.notify(words, goWord)
  }

  /** Lets the threads close what they opened. */
  async close(): Promise<void> {
    this.stop()
    for (const worker of this.#workers) worker.postMessage('end')
    await Promise.all(this.#exits)
    process.off('exit', this.#onExit)
  }
}

function request(worker: Worker, setting: ThreadSetting): Promise<ThreadMessage> {
  const answer = answerOf(worker)
  worker.postMessage(setting)
  return answer
}

async function answerOf(worker: Worker): Promise<ThreadMessage> {
  const stopped = new AbortController()
  const { signal } = stopped
  const gone = once(worker, 'exit', { signal }).then((): [ThreadMessage] => [
    { kind: 'failed', failure: { message: 'a thread ended by itself' } },
  ])
  const answered = once(worker, 'message', { signal }) as Promise<[ThreadMessage]>
  for (const each of [gone, answered]) each.catch(() => {}) // the other one came
  const [message] = await Promise.race([answered, gone])
  stopped.abort()
  if (message.kind !== 'failed') return message
  const { code, fix, message: text } = message.failure
  throw code === undefined ? new Error(text) : new NvmError(code, text, fix ?? '')
}
