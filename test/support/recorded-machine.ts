// SPDX-License-Identifier: MIT
// A machine that was written down as text, one thing a line:
//
//   node v22.12.0                            its Node
//   trial cuda no such file                  what does not work when it is tried, and why
//   /proc/self/status: Uid: 1000 1000        a line of a file; further lines follow below
//   /sys/module/x                            a file or folder of which nothing else is known
//   /a/b -> ../c                             a link; paths may lead through it
//   /dev/vfio/vfio rw                        what this process may read and write
//   /dev/nvme0n1 claimed                     a block device that somebody has (or: free)
import { posix } from 'node:path'
import type { Machine, Trials } from '../../src/doctor/machine.ts'

export class RecordedMachine implements Machine {
  readonly nodeVersion: string = process.version
  readonly trials: Trials
  /** By their places, links followed but for the last part. */
  readonly #files = new Map<string, string[]>()
  readonly #links = new Map<string, string>()
  readonly #marks = new Map<string, string>()

  constructor(text: string) {
    const trials = new Map<string, string>()
    const lines = text.split('\n')
    // In their order, so that a link below another comes later.
    for (const line of lines) {
      const [, link = '', to] = /^(\/\S+) -> (\S+)$/.exec(line) ?? []
      if (to !== undefined) this.#links.set(this.#place(link), posix.resolve(link, '..', to))
    }
    for (const line of lines) {
      const [, node] = /^node (\S+)$/.exec(line) ?? []
      const [, trial, reason] = /^trial (\w+) (.*)$/.exec(line) ?? []
      if (node !== undefined) this.nodeVersion = node
      else if (trial !== undefined) trials.set(trial, reason ?? '')
      else if (line.startsWith('/')) this.#add(line)
      else if (line !== '' && !line.startsWith('#')) throw new Error(`not understood: ${line}`)
    }
    const [addon, emulator, memfd, cuda] = ['addon', 'emulator', 'memfd', 'cuda'].map((name) =>
      trials.get(name),
    )
    this.trials = { addon, emulator, memfd, cuda }
  }

  #add(line: string): void {
    const [, link] = /^(\S+) -> \S+$/.exec(line) ?? []
    const [, marked, mark] = /^(\S+) (rw|claimed|free)$/.exec(line) ?? []
    const [, file, content] = /^(\S+?): (.*)$/.exec(line) ?? []
    const path = this.#place(link ?? marked ?? file ?? line)
    if (mark !== undefined) this.#marks.set(path, mark)
    const lines = this.#files.get(path) ?? []
    this.#files.set(path, content === undefined ? lines : [...lines, content])
  }

  /** Where a path is, its last part not followed. */
  #place(path: string): string {
    const folder = posix.dirname(path)
    return folder === '/' ? path : posix.join(this.#follow(folder), posix.basename(path))
  }

  #follow(path: string): string {
    const place = this.#place(path)
    const to = this.#links.get(place)
    return to === undefined ? place : this.#follow(to)
  }

  text(path: string): string | undefined {
    return this.#files.get(this.#follow(path))?.join('\n').trim()
  }

  list(path: string): string[] {
    const folder = `${this.#follow(path)}/`
    const below = [...this.#files.keys()].filter((file) => file.startsWith(folder))
    return [...new Set(below.map((file) => file.slice(folder.length).split('/')[0] ?? ''))].sort()
  }

  link(path: string): string | undefined {
    return this.#links.get(this.#place(path))?.split('/').at(-1)
  }

  real(path: string): string | undefined {
    const place = this.#follow(path)
    const isLink = place !== this.#place(path)
    return isLink || this.#files.has(place) || this.list(place).length > 0 ? place : undefined
  }

  mayUse(path: string): boolean {
    return this.#marks.get(this.#follow(path)) === 'rw'
  }

  isClaimed(path: string): boolean | undefined {
    const mark = this.#marks.get(this.#follow(path))
    return mark === undefined ? undefined : mark === 'claimed'
  }
}
