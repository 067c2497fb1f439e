// SPDX-License-Identifier: MIT
// `peernvm serve` as a process that a test can kill and start again.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { root } from './repository.ts'

export const peernvmProgram = join(root, 'dist', 'src', 'cli', 'peernvm.js')

/** R, S, T … of each of its threads: proc(5). */
function statesOf(pid: number | undefined): string[] {
  const tasks = `/proc/${pid}/task`
  const stats = readdirSync(tasks).map((id) => readFileSync(`${tasks}/${id}/stat`, 'utf8'))
  return stats.map((stat) => stat.charAt(stat.lastIndexOf(')') + 2))
}

const started = new Set<ChildProcess>()

/** For afterEach: whatever a test that failed has left. */
export function killServing(): void {
  for (const child of started) child.kill('SIGKILL')
  started.clear()
}

export class Serving implements Disposable {
  readonly process: ChildProcess

  private constructor(child: ChildProcess) {
    this.process = child
    started.add(child)
  }

  /** Started, and it serves. Rejects with what it says when it ends instead. */
  static start(socket: string, ...args: string[]): Promise<Serving> {
    return Serving.#run([...args, '--socket', socket])
  }

  /** The same at a vfio-user socket, `cntrl` in `folder`. */
  static startVfioUser(folder: string, ...args: string[]): Promise<Serving> {
    return Serving.#run([...args, '--vfio-user', folder])
  }

  static async #run(args: string[]): Promise<Serving> {
    const child = spawn(process.execPath, [peernvmProgram, 'serve', ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const line = once(createInterface(child.stdout), 'line').then(([text]) => String(text))
    const end = once(child, 'exit').then(([code]) => `peernvm serve ended with ${code}`)
    const said = await Promise.race([line, end])
    if (!/^Serving .* at /.test(said)) throw new Error(said)
    return new Serving(child)
  }

  /** Who connects to it, or says something to it, then waits; until SIGCONT. */
  async stop(): Promise<void> {
    const { pid } = this.process
    this.process.kill('SIGSTOP')
    while (statesOf(pid).some((state) => state !== 'T')) await setTimeout(1)
  }

  /** As a crash does. */
  async kill(): Promise<void> {
    const ended = once(this.process, 'exit')
    this.process.kill('SIGKILL')
    await ended
  }

  /** As a user does; its exit status. */
  async end(): Promise<number | null> {
    const ended = once(this.process, 'exit')
    this.process.kill('SIGTERM')
    const [code] = (await ended) as [number | null]
    return code
  }

  [Symbol.dispose](): void {
    this.process.kill('SIGKILL')
  }
}
