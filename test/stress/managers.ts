// SPDX-License-Identifier: MIT
// The manager of an image is killed and started again, while clients that reconnect do verified
// I/O. What a completed write said is there afterwards; the clients go on, and gather nothing.
import { closeSync, ftruncateSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { openController } from 'peernvm'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { Client, type KillClass, killClasses } from './client.ts'
import { type Holdings, Manager } from './manager.ts'
import { blockBytes } from './programs/blocks.mjs'
import { checkBlocks } from './programs/check-blocks.mjs'
import { blocksOfSlot, Slot, slotBytes } from './programs/slot.mjs'

export interface ManagersOptions {
  /** How many managers are killed. */
  readonly kills: number
  /** Blocks that every client verifies between two kills. */
  readonly verifiedBetween: number
  readonly nativeClients: number
  readonly nodeClients: number
  readonly onKill?: (kills: number, verified: number) => void
}

/** What a client process has. */
export interface ClientHoldings {
  readonly fds: number
  /** Pieces of memory that it shares. */
  readonly mappings: number
  readonly threads: number
}

/** One manager that was killed. */
export interface ManagerKill {
  /** What all clients were at. */
  readonly class: KillClass
  /** Commands whose doorbell was rung, of all clients together. */
  readonly inFlight: number
  /** From the next manager's answer to its first caller until the last client had come to it. */
  readonly comeMs: number
}

export interface ManagersResult {
  readonly killed: readonly ManagerKill[]
  readonly verified: number
  readonly lost: number
  readonly wrong: number
  readonly leaked: number
  /** Blocks of writes under way that the kill has cut in two. */
  readonly torn: number
  readonly errors: readonly string[]
  readonly holdings: { readonly before: Holdings; readonly after: Holdings }
  readonly seconds: number
}

const lateMs = 30_000
/** Three more pieces of memory for admin commands a Node client may keep, each a descriptor too. */
const keptMax = 6

function holdingsOf({ pid, kind }: Client): ClientHoldings {
  const maps = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')
  return {
    fds: readdirSync(`/proc/${pid}/fd`).length,
    mappings: maps.filter((line) => line.includes('memfd:')).length,
    // Node starts threads when it likes.
    threads: kind === 'native' ? readdirSync(`/proc/${pid}/task`).length : 0,
  }
}

class ManagersStress {
  readonly #options: ManagersOptions
  readonly #folder: string
  readonly #page: { readonly path: string; readonly fd: number }
  readonly #clients: Client[] = []
  readonly errors: string[] = []
  readonly killed: ManagerKill[] = []
  manager: Manager
  #found = { wrong: 0, lost: 0, torn: 0 }

  constructor(options: ManagersOptions, folder: string, manager: Manager) {
    this.#options = options
    this.#folder = folder
    this.manager = manager
    const path = join(folder, 'page')
    this.#page = { path, fd: openSync(path, 'w+') }
    ftruncateSync(this.#page.fd, clientCount(options) * slotBytes)
  }

  start(): void {
    for (let slot = 0; slot < clientCount(this.#options); slot++) {
      const kind = slot < this.#options.nativeClients ? 'native' : 'node'
      const died = (why: string) => this.errors.push(why)
      this.#clients.push(new Client(kind, this.manager.socket, this.#page, slot, died, true))
    }
  }

  sum(name: 'verified' | 'wrong' | 'lost' | 'torn'): number {
    const found = name === 'verified' ? 0 : this.#found[name]
    return this.#clients.reduce((sum, client) => sum + client.state()[name], found)
  }

  /** Until every client does what `isSo` says; false when one died, or that takes too long. */
  async #until(what: string, isSo: (client: Client, index: number) => boolean): Promise<boolean> {
    const deadline = performance.now() + lateMs
    while (this.errors.length === 0) {
      const missing = this.#clients.findIndex((client, index) => !isSo(client, index))
      if (missing < 0) return true
      if (performance.now() > deadline) {
        const state = JSON.stringify(this.#clients[missing]?.state())
        this.errors.push(`client ${missing} has not ${what} in ${lateMs} ms: ${state}`)
      }
      await setTimeout(1)
    }
    return false
  }

  async #verifyMore(): Promise<boolean> {
    for (const client of this.#clients) client.ask('submit')
    const before = this.#clients.map((client) => client.state().verified)
    const least = this.#options.verifiedBetween
    return this.#until('verified', (client, index) => {
      return client.state().verified - (before[index] ?? 0) >= least
    })
  }

  /** Kills managers until there were enough, or a client had an error. */
  async run(): Promise<void> {
    while (this.killed.length < this.#options.kills) {
      const phase = killClasses[this.killed.length % killClasses.length] as KillClass
      if (!(await this.#verifyMore())) return
      for (const client of this.#clients) client.ask(phase)
      if (!(await this.#until(`come to ${phase}`, (client) => client.state().phase === phase))) {
        return
      }
      const inFlight = this.#clients.reduce((sum, client) => sum + client.state().inFlight, 0)
      await this.manager.die()
      this.manager = await startManager(this.#options, this.#folder)
      const began = performance.now()
      const isBack = (client: Client) => client.state().managers > this.killed.length
      if (!(await this.#until('come back', isBack))) return
      this.killed.push({ class: phase, inFlight, comeMs: performance.now() - began })
      this.#options.onKill?.(this.killed.length, this.sum('verified'))
    }
    await this.#verifyMore()
  }

  /** What each client has when it rests; none where one cannot be brought to that. */
  async clientHoldings(): Promise<ClientHoldings[]> {
    await this.#verifyMore()
    for (const client of this.#clients) client.ask('idle')
    const rest = await this.#until('come to rest', (client) => client.state().phase === 'idle')
    return rest ? this.#clients.map((client) => holdingsOf(client)) : []
  }

  /** Ends all clients, and reads every block once more. */
  async finish(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end()))
    await using controller = await openController(this.manager.socket)
    const namespace = await controller.namespace(1)
    using memory = await controller.allocate(256 * blockBytes)
    for (let index = 0; index < this.#clients.length; index++) {
      const slot = new Slot(this.#page.fd, index)
      for (let first = 0; first < blocksOfSlot; first += 256) {
        const firstLba = index * blocksOfSlot
        await namespace.read({ lba: firstLba + first, into: memory })
        const judged = checkBlocks(memory.bytes as Uint8Array, slot, firstLba, first, true)
        for (const name of ['wrong', 'lost', 'torn'] as const) this.#found[name] += judged[name]
      }
    }
  }

  close(): void {
    for (const client of this.#clients) client.kill()
    this.manager.kill()
    closeSync(this.#page.fd)
  }
}

const clientCount = ({ nativeClients, nodeClients }: ManagersOptions): number =>
  nativeClients + nodeClients

function startManager(options: ManagersOptions, folder: string): Promise<Manager> {
  const bytes = clientCount(options) * blocksOfSlot * blockBytes
  return Manager.start(join(folder, 'socket'), bytes, join(folder, 'disk.img'))
}

/** How much more of anything there is after than before. */
function countMore<T extends object>(names: readonly (keyof T)[], before: T, after: T): number {
  return names.reduce(
    (sum, name) => sum + Math.max(0, Number(after[name]) - Number(before[name])),
    0,
  )
}

/** Runs it to its end. Rejects when a manager cannot be started. */
export async function runManagersStress(options: ManagersOptions): Promise<ManagersResult> {
  using folder = temporaryFolder('managers')
  const stress = new ManagersStress(options, folder.path, await startManager(options, folder.path))
  try {
    const before = await stress.manager.holdings()
    const began = performance.now()
    stress.start()
    const held = await stress.clientHoldings()
    await stress.run()
    const holds = await stress.clientHoldings()
    await stress.finish()
    const seconds = (performance.now() - began) / 1000
    const after = await stress.manager.holdings()
    const names = ['fds', 'mappings', 'threads'] as const
    // Managers are processes of Node, too.
    const ofManager = countMore(['fds', 'mappings'], before, after)
    const more = held.map((each, index) => countMore(names, each, holds[index] ?? each))
    const leaked = more.reduce(
      (sum, each, index) => sum + Math.max(0, each - (index < options.nativeClients ? 0 : keptMax)),
      ofManager + before.freeQueuePairs - after.freeQueuePairs,
    )
    const { killed, errors } = stress
    const sums = { lost: stress.sum('lost'), wrong: stress.sum('wrong'), torn: stress.sum('torn') }
    await stress.manager.stop()
    const verified = stress.sum('verified')
    const holdings = { before, after }
    return { killed, verified, ...sums, leaked, errors, holdings, seconds }
  } finally {
    stress.close()
  }
}
