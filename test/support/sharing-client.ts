// SPDX-License-Identifier: MIT
// Processes that are clients of a served controller, each with blocks of its own.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { ControllerServer, Namespace } from 'peernvm'
import { expect } from 'vitest'
import { versionOf } from '../system/programs/shared-blocks.mjs'
import { root } from './repository.ts'

const clientProgram = join(root, 'test', 'system', 'programs', 'shared-client.mjs')

const children = new Set<ChildProcess>()

/** For afterEach: whatever a test that failed has left. */
export function endSharingClients(): void {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
}

interface Progress {
  readonly lba?: number
  readonly version?: number
  readonly end?: string
  readonly since?: number
  readonly readable?: boolean
}

const blocksOfClient = 8

/** The client number `index`, and what it has said of its blocks. */
export class SharingClient {
  readonly child: ChildProcess
  readonly completed = new Map<number, number>()
  last: Progress | undefined

  constructor(socket: string, index: number) {
    const first = index * blocksOfClient
    this.child = fork(clientProgram, [socket, String(first), String(blocksOfClient)])
    children.add(this.child)
    this.child.on('message', (message: Progress) => {
      if (message.lba !== undefined) this.completed.set(message.lba, message.version ?? 0)
      this.last = message
    })
  }

  /** Until it has completed writes of each of its blocks. */
  async isAtWork(): Promise<void> {
    while (this.completed.size < blocksOfClient) {
      const ended = once(this.child, 'exit').then(() => true)
      if (await Promise.race([ended, once(this.child, 'message').then(() => false)])) {
        throw new Error(`the client ended: ${this.last?.end}`)
      }
    }
  }

  /** Until it has ended, and everything that it said was heard, which may be later. */
  async hasEnded(): Promise<void> {
    await Promise.all([once(this.child, 'exit'), once(this.child, 'disconnect')])
  }

  async kill(): Promise<void> {
    const ended = this.hasEnded()
    this.child.kill('SIGKILL')
    await ended
  }

  /** Each of its blocks is whole, and not older than what it has completed. */
  async check(namespace: Namespace): Promise<Map<number, number>> {
    const found = new Map<number, number>()
    const bytes = new Uint8Array(512)
    for (const [lba, version] of this.completed) {
      await namespace.read({ lba, into: bytes })
      found.set(lba, versionOf(bytes, lba))
      expect(found.get(lba)).toBeGreaterThanOrEqual(version)
    }
    return found
  }
}

/** Until the server has `count` clients, those that are leaving included. */
export async function clientsAre(server: ControllerServer, count: number): Promise<void> {
  const deadline = performance.now() + 5000
  while ((await server.status()).clients.length !== count) {
    if (performance.now() > deadline) throw new Error(`${server.path} has not ${count} clients`)
  }
}

/**
 * Two clients at a time are killed at work, beside as many as the server has: what they had
 * completed is there, and blocks never become older.
 */
export async function killClients(
  server: ControllerServer,
  namespace: Namespace,
  rounds: number,
): Promise<void> {
  const others = (await server.status()).clients.length
  const versions = new Map<number, number>()
  for (let round = 0; round < rounds; round++) {
    const victims = [1, 2].map((index) => new SharingClient(server.path, index))
    await Promise.all(victims.map((victim) => victim.isAtWork()))
    await Promise.all(victims.map((victim) => victim.kill()))
    await clientsAre(server, others)
    for (const victim of victims) {
      for (const [lba, version] of await victim.check(namespace)) {
        expect(version).toBeGreaterThanOrEqual(versions.get(lba) ?? 0)
        versions.set(lba, version)
      }
    }
  }
}
