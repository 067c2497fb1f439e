// SPDX-License-Identifier: MIT
// The threads that measure: started once, told what each run is, begun together.

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

/** A thread, and what to say when it has ended although nobody told it to. */
interface Member {
  readonly worker: Worker
  readonly gone: Promise<ThreadMessage>
}

export class Crew {
  readonly #members: readonly Member[]
  readonly #shared: SharedRun
  readonly #onExit = (): void => this.stop()
  #isStopped = false

  /** `start` but for the number of the thread. */
  constructor(threads: number, start: Omit<ThreadStart, 'thread'>) {
    this.#shared = start.shared
    this.#members = Array.from({ length: threads }, (_, thread) => {
      const workerData: ThreadStart = { ...start, thread }
      return memberOf(new Worker(new URL('./worker.js', import.meta.url), { workerData }))
    })
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
      const crew = this.#members.slice(0, settings.length)
      await Promise.all(crew.map((member, i) => request(member, settings[i] as ThreadSetting)))
      const ended = Promise.all(crew.map((member) => answerOf(member)))
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
    for (const { worker } of this.#members) worker.postMessage('end')
    await Promise.all(this.#members.map(({ gone }) => gone))
    process.off('exit', this.#onExit)
  }
}

function memberOf(worker: Worker): Member {
  let why = 'a thread ended by itself'
  worker.on('error', (error) => {
    why += `: ${error.message}`
  })
  const gone = new Promise<ThreadMessage>((resolve) => {
    worker.once('exit', () => resolve({ kind: 'failed', failure: { message: why } }))
  })
  return { worker, gone }
}

function request(member: Member, setting: ThreadSetting): Promise<ThreadMessage> {
  const answer = answerOf(member)
  member.worker.postMessage(setting)
  return answer
}

/** The next message of a thread, which may have ended long ago. */
async function answerOf({ worker, gone }: Member): Promise<ThreadMessage> {
  let listener: (message: ThreadMessage) => void = () => {}
  const answered = new Promise<ThreadMessage>((resolve) => {
    listener = resolve
    worker.once('message', listener)
  })
  const message = await Promise.race([answered, gone])
  worker.off('message', listener)
  if (message.kind !== 'failed') return message
  const { code, fix, message: text } = message.failure
  throw code === undefined ? new Error(text) : new NvmError(code, text, fix ?? '')
}
