// SPDX-License-Identifier: MIT
// The process that owns the controller: `peernvm serve`, what it holds, and whom it serves.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { openController, readSharing } from 'peernvm'
import { root } from '../support/repository.ts'

const program = join(root, 'dist', 'src', 'cli', 'peernvm.js')
const endsWithParent = join(root, 'dist', 'benchmarks', 'shared', 'ends-with-parent.js')
/** The most that the emulator has. */
const queuePairs = 127

/** What a manager holds, and must not hold more of when its clients have gone. */
export interface Holdings {
  readonly fds: number
  /** Pieces of other processes' memory, and of what it shares with them. */
  readonly mappings: number
  readonly mappedBytes: number
  readonly threads: number
  /** That a client can take. */
  readonly freeQueuePairs: number
}

export class Manager {
  readonly socket: string
  readonly #child: ChildProcess

  private constructor(socket: string, child: ChildProcess) {
    this.socket = socket
    this.#child = child
  }

  /** Serves an emulator with `byteLength` bytes, in memory or in an image, at `socket`. */
  static async start(socket: string, byteLength: number, image?: string): Promise<Manager> {
    const size = ['--size', `${byteLength / 2 ** 20}MiB`, '--mdts', '8']
    const device = image === undefined ? size : [image, ...size]
    const sharing = ['--socket', socket, '--client-queue-pairs', String(queuePairs)]
    const serve = ['--import', endsWithParent, program, 'serve', ...device, ...sharing]
    const child = spawn(process.execPath, serve, { stdio: ['pipe', 'pipe', 'inherit'] })
    const line = once(createInterface(child.stdout), 'line')
    const ended = once(child, 'exit').then(() => {
      throw new Error('peernvm serve ended')
    })
    await Promise.race([line, ended])
    ended.catch(() => {})
    return new Manager(socket, child)
  }

  /** Ids of the processes that it serves. */
  async clients(): Promise<number[]> {
    return (await readSharing(this.socket)).clients.map(({ pid }) => pid)
  }

  async holdings(): Promise<Holdings> {
    const freeQueuePairs = await this.#freeQueuePairs()
    while ((await this.clients()).length > 0) await new Promise(setImmediate)
    const shared = this.#proc('maps')
      .split('\n')
      .filter((line) => line.includes('memfd:'))
    const bytes = shared.map((line) => {
      const [from = '', to = ''] = line.split(' ', 1)[0]?.split('-') ?? []
      return Number.parseInt(to, 16) - Number.parseInt(from, 16)
    })
    return {
      fds: await this.#fds(),
      mappings: shared.length,
      mappedBytes: bytes.reduce((sum, each) => sum + each, 0),
      threads: readdirSync(`/proc/${this.#child.pid}/task`).length,
      freeQueuePairs,
    }
  }

  /** Without the sockets of those who asked for the status last, which it closes a moment later. */
  async #fds(): Promise<number> {
    let least = Number.POSITIVE_INFINITY
    for (let look = 0; look < 20; look++) {
      least = Math.min(least, readdirSync(`/proc/${this.#child.pid}/fd`).length)
      await setTimeout(5)
    }
    return least
  }

  #proc(name: string): string {
    return readFileSync(`/proc/${this.#child.pid}/${name}`, 'utf8')
  }

  async #freeQueuePairs(): Promise<number> {
    await using controller = await openController(this.socket)
    const ids = new Set<number>()
    try {
      for (;;) ids.add((await controller.createQueuePair({ mode: 'raw', depth: 1 })).id)
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_NO_QUEUES') throw error
    }
    return ids.size
  }

  /** Ends it as a user would; rejects when it does not end well. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    const [code, signal] = await once(this.#child, 'exit')
    if (code !== 0) throw new Error(`peernvm serve ended with ${code ?? signal}`)
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** Kills it; resolves when it has gone. */
  async die(): Promise<void> {
    const gone = once(this.#child, 'exit')
    this.kill()
    await gone
  }
}
