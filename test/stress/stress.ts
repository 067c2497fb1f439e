// SPDX-License-Identifier: MIT
// Clients of one controller do verified I/O; one after the other is killed in a phase that is
// chosen, and replaced. Nothing may be lost, wrong or leaked, and the others must not notice.
import { closeSync, ftruncateSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { openController } from 'peernvm'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { Client, type ClientKind, type KillClass, killClasses } from './client.ts'
import { type Holdings, Manager } from './manager.ts'
import { blockBytes } from './programs/blocks.mjs'
import { checkBlocks } from './programs/check-blocks.mjs'
import { blocksOfSlot, Slot, slotBytes } from './programs/slot.mjs'

export interface StressOptions {
  /** How many are killed; more, until each class has had `killsOfClass`. */
  readonly kills: number
  readonly killsOfClass: number
  readonly killEveryMs: number
  /** Blocks that a client has verified before it is killed. */
  readonly verifiedBefore: number
  readonly nativeClients: number
  readonly nodeClients: number
  /** Called after each kill, and about ten times a second. */
  readonly onProgress?: (progress: Progress) => void
}

export interface Progress {
  readonly kills: number
  readonly verified: number
  readonly lost: number
  readonly wrong: number
  readonly leaked: number
}

/** One client that was killed, as its slot was left. */
export interface Kill {
  /** Undefined: between two phases. */
  readonly class: KillClass | undefined
  readonly kind: ClientKind
  /** Commands, an admin command included. */
  readonly inFlight: number
  readonly verified: number
  /** From the signal until the process had ended, which the kernel does when it has time. */
  readonly diedMs: number
  /** From the signal until the manager has taken back what it had. */
  readonly reclaimMs: number
}

export interface StressResult extends Progress {
  readonly killed: readonly Kill[]
  /** Of clients that nobody killed. */
  readonly errors: readonly string[]
  readonly holdings: { readonly before: Holdings; readonly after: Holdings }
  readonly seconds: number
}

const lateMs = 30_000
const reclaimMsMax = 5000

class Stress {
  readonly #options: StressOptions
  readonly #manager: Manager
  readonly #page: { readonly path: string; readonly fd: number }
  readonly #clients: Client[] = []
  readonly #errors: string[] = []
  readonly killed: Kill[] = []
  /** Sums of clients that have gone. */
  #past = { verified: 0, wrong: 0, lost: 0 }
  #leaked = 0

  constructor(options: StressOptions, manager: Manager, folder: string) {
    this.#options = options
    this.#manager = manager
    const path = join(folder, 'page')
    this.#page = { path, fd: openSync(path, 'w+') }
    ftruncateSync(this.#page.fd, this.slotCount * slotBytes)
  }

  get slotCount(): number {
    return this.#options.nativeClients + this.#options.nodeClients
  }

  progress(): Progress {
    const sums = { ...this.#past }
    for (const client of this.#clients) {
      const { verified, wrong, lost } = client.state()
      sums.verified += verified
      sums.wrong += wrong
      sums.lost += lost
    }
    return { kills: this.killed.length, ...sums, leaked: this.#leaked }
  }

  errors(): readonly string[] {
    return this.#errors
  }

  start(): void {
    for (let slot = 0; slot < this.slotCount; slot++) this.#launch(slot)
  }

  #launch(slot: number): void {
    const kind = slot < this.#options.nativeClients ? 'native' : 'node'
    const died = (why: string) => this.#errors.push(why)
    this.#clients[slot] = new Client(kind, this.#manager.socket, this.#page, slot, died)
  }

  /** Kills until there were enough, or a client had an error. */
  async run(): Promise<void> {
    let nextAt = performance.now()
    while (!this.#isDone() && this.#errors.length === 0) {
      const chosen = await this.#choose()
      if (chosen === undefined) return
      await this.#show(Math.max(0, nextAt - performance.now()))
      nextAt = Math.max(nextAt, performance.now()) + this.#options.killEveryMs
      await this.#kill(chosen.slot, chosen.phase)
      this.#options.onProgress?.(this.progress())
    }
  }

  #countOf(phase: KillClass): number {
    return this.killed.filter((kill) => kill.class === phase).length
  }

  #isDone(): boolean {
    const { kills, killsOfClass } = this.#options
    if (this.killed.length < kills) return false
    return killClasses.every((phase) => this.#countOf(phase) >= killsOfClass)
  }

  async #show(milliseconds: number): Promise<void> {
    const until = performance.now() + milliseconds
    do {
      await setTimeout(Math.min(100, Math.max(0, until - performance.now())))
      this.#options.onProgress?.(this.progress())
    } while (performance.now() < until)
  }

  /** The next client, once it has done enough, and the class that was hit the fewest times. */
  async #choose(): Promise<{ slot: number; phase: KillClass } | undefined> {
    const slot = this.killed.length % this.slotCount
    const client = this.#clients[slot] as Client
    const able = killClasses.filter((each) => each !== 'queueCreate' || client.kind === 'native')
    const phase = able.reduce((least, each) =>
      this.#countOf(each) < this.#countOf(least) ? each : least,
    )
    const deadline = performance.now() + lateMs
    while (client.state().verified < this.#options.verifiedBefore) {
      if (performance.now() > deadline) {
        this.#errors.push(`client ${slot} (${client.kind}) verified too few blocks in ${lateMs} ms`)
      }
      if (this.#errors.length > 0) return undefined
      await this.#show(5)
    }
    client.ask(phase)
    return { slot, phase }
  }

  async #kill(slot: number, phase: KillClass): Promise<void> {
    const client = this.#clients[slot] as Client
    const needsCommand = phase === 'submit' || phase === 'midCopy'
    const deadline = performance.now() + lateMs
    for (;;) {
      const { phase: now, inFlight } = client.state()
      if (now === phase && (!needsCommand || inFlight > 0)) break
      if (performance.now() > deadline || this.#errors.length > 0) {
        this.#errors.push(`client ${slot} was not in ${phase}, but ${now}`)
        return
      }
      await new Promise(setImmediate)
    }
    const times = await this.#killAndWait(client)
    if (times.reclaimMs > reclaimMsMax) this.#leaked++
    await client.exited
    const last = client.state()
    this.#past.verified += last.verified
    this.#past.wrong += last.wrong
    this.#past.lost += last.lost
    const { kind } = client
    const { verified } = last
    const inFlight = last.inFlight + (last.phase === 'midRpc' ? 1 : 0)
    // It may have seen its last command complete, and have rung for no other yet.
    const ofClass = inFlight > 0 || last.phase === 'idle'
    const found = killClasses.find((each) => ofClass && each === last.phase)
    this.killed.push({ class: found, kind, inFlight, verified, ...times })
    this.#launch(slot)
  }

  async #killAndWait(client: Client): Promise<Pick<Kill, 'diedMs' | 'reclaimMs'>> {
    const began = performance.now()
    const since = () => performance.now() - began
    let diedMs: number | undefined
    client.kill()
    while ((await this.#manager.clients()).includes(client.pid) && since() < reclaimMsMax) {
      if (diedMs === undefined && client.isDead()) diedMs = since()
    }
    return { diedMs: diedMs ?? since(), reclaimMs: since() }
  }

  /** Ends all clients, and reads every block once more. */
  async finish(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end()))
    await using controller = await openController(this.#manager.socket)
    const namespace = await controller.namespace(1)
    using memory = await controller.allocate(256 * blockBytes)
    for (let index = 0; index < this.slotCount; index++) {
      const slot = new Slot(this.#page.fd, index)
      for (let first = 0; first < blocksOfSlot; first += 256) {
        const firstLba = index * blocksOfSlot
        await namespace.read({ lba: firstLba + first, into: memory })
        const judged = checkBlocks(memory.bytes as Uint8Array, slot, firstLba, first)
        this.#past.wrong += judged.wrong
        this.#past.lost += judged.lost
        this.#past.verified += judged.found.length
      }
    }
  }

  /** Queues, descriptors, mappings and threads that the manager has more of, or less to give. */
  addLeaks(before: Holdings, after: Holdings): void {
    this.#leaked += Math.max(0, before.freeQueuePairs - after.freeQueuePairs)
    for (const name of ['fds', 'mappings', 'threads'] as const) {
      this.#leaked += Math.max(0, after[name] - before[name])
    }
  }

  close(): void {
    for (const client of this.#clients) client.kill()
    closeSync(this.#page.fd)
  }
}

/** Runs it to its end. Rejects when the manager cannot be used any more. */
export async function runStress(options: StressOptions): Promise<StressResult> {
  using folder = temporaryFolder('stress')
  const bytes = (options.nativeClients + options.nodeClients) * blocksOfSlot * blockBytes
  const manager = await Manager.start(join(folder.path, 'socket'), bytes)
  const stress = new Stress(options, manager, folder.path)
  try {
    const before = await manager.holdings()
    const began = performance.now()
    stress.start()
    await stress.run()
    await stress.finish()
    const seconds = (performance.now() - began) / 1000
    const after = await manager.holdings()
    stress.addLeaks(before, after)
    const { killed } = stress
    const errors = stress.errors()
    await manager.stop()
    return { ...stress.progress(), killed, errors, holdings: { before, after }, seconds }
  } finally {
    stress.close()
    manager.kill()
  }
}
