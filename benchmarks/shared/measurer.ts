// SPDX-License-Identifier: MIT
// A measuring program kept as a child process: one request line in, one JSON line out, one at a
// time.
import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createInterface, type Interface } from 'node:readline'

const answerTimeoutMs = 60_000

export class Measurer {
  readonly #child: ChildProcess
  readonly #lines: Interface
  readonly #name: string

  /** Starts `command` in a session of its own, ahead of other sessions where that is allowed. */
  constructor(name: string, command: readonly string[]) {
    this.#name = name
    const [program = '', ...args] = command
    this.#child = spawn(program, args, { detached: true, stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })
    raisePriority(this.#child.pid)
  }

  /** Sends `words` as a request line; resolves to the answer, of the form that the child makes. */
  ask<Answer>(...words: readonly (string | number)[]): Promise<Answer> {
    const request = words.join(' ')
    return new Promise((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${this.#name} ${why} (${request})`))
      const timer = setTimeout(() => fail('did not answer'), answerTimeoutMs)
      const onExit = (code: number | null) => fail(`ended with ${code}`)
      this.#child.once('exit', onExit)
      this.#lines.once('line', (line) => {
        clearTimeout(timer)
        this.#child.off('exit', onExit)
        resolve(JSON.parse(line))
      })
      this.#child.stdin?.write(`${request}\n`)
    })
  }

  /** Ends the child by closing its input. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#child.exitCode !== null) resolve()
      else this.#child.once('exit', () => resolve())
      this.#child.stdin?.end()
    })
  }
}

function raisePriority(pid: number | undefined): void {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, '-19')
  } catch {
    // Not root, or a kernel without autogroups: other work shows as a wider spread.
  }
}
