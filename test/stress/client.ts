// SPDX-License-Identifier: MIT
// A client process of the stress, and what its slot says of it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/repository.ts'
import { phases, Slot, words } from './programs/slot.mjs'

export type ClientKind = 'native' | 'node'
export type KillClass = 'idle' | 'submit' | 'midCopy' | 'midRpc' | 'queueCreate'
export const killClasses: readonly KillClass[] = [
  'idle',
  'submit',
  'midCopy',
  'midRpc',
  'queueCreate',
]

const nativeProgram = join(root, 'build', 'bin', 'sharing-client')
const nodeProgram = join(import.meta.dirname, 'programs', 'sharing-client.mjs')

export interface ClientState {
  readonly phase: string
  /** Commands whose doorbell was rung, and that it has not seen complete. */
  readonly inFlight: number
  readonly verified: number
  readonly wrong: number
  readonly lost: number
  readonly torn: number
  /** That it has come to after its first. */
  readonly managers: number
}

export class Client {
  readonly kind: ClientKind
  readonly slot: Slot
  readonly #child: ChildProcess
  readonly #exited: Promise<void>
  #stderr = ''
  #end: 'killed' | 'asked' | undefined

  /** Starts one in slot `index` of the page, which it takes over. */
  constructor(
    kind: ClientKind,
    socket: string,
    page: { readonly path: string; readonly fd: number },
    index: number,
    died: (why: string) => void,
    reconnects = false,
  ) {
    this.kind = kind
    this.slot = new Slot(page.fd, index)
    this.slot.clear()
    this.ask('submit')
    const args = [socket, page.path, String(index), ...(reconnects ? ['reconnect'] : [])]
    const [program, before] =
      kind === 'native' ? [nativeProgram, []] : [process.execPath, [nodeProgram]]
    this.#child = spawn(program, [...before, ...args], { stdio: ['pipe', 'ignore', 'pipe'] })
    this.#child.stderr?.on('data', (text) => {
      this.#stderr += text
    })
    this.#exited = once(this.#child, 'close').then(([code, signal]) => {
      if (this.#end === 'killed' || (this.#end === 'asked' && code === 0)) return
      died(`client ${index} (${kind}) ended with ${code ?? signal}: ${this.#stderr.trim()}`)
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  state(): ClientState {
    const values = this.slot.read()
    const value = (name: keyof typeof words): number => values[words[name]] ?? 0
    return {
      phase: phases[value('phase')] ?? 'changing',
      inFlight: (value('submitted') - value('completed')) >>> 0,
      verified: value('verified'),
      wrong: value('wrong'),
      lost: value('lost'),
      torn: value('torn'),
      managers: value('managers'),
    }
  }

  /** Asks it to be in a phase in which it can be killed. */
  ask(phase: KillClass): void {
    this.slot.set(words.wanted, phases.indexOf(phase))
  }

  /** Kills it; it has not gone yet when this returns. */
  kill(): void {
    this.#end = 'killed'
    this.#child.kill('SIGKILL')
  }

  /** Whether its process has ended, though nobody may have been told. */
  isDead(): boolean {
    try {
      const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8')
      return 'ZX'.includes(stat[stat.lastIndexOf(')') + 2] ?? 'X')
    } catch {
      return true
    }
  }

  /** Asks it to close what it has, and end. */
  end(): Promise<void> {
    this.#end = 'asked'
    this.slot.set(words.ending, 1)
    return this.exited
  }

  get exited(): Promise<void> {
    return this.#exited
  }
}
