// SPDX-License-Identifier: MIT
// A machine that was written down as text, one thing a line:
//
//   node v22.12.0                            its Node
//   trial cuda no such file                  what does not work when it is tried, and why
//   /proc/self/status: Uid: 1000 1000        a line of a file; further lines follow below
//   /sys/module/x                            a file or folder of which nothing else is known
//   /a/b -> ../c                             a link
//   /dev/vfio/vfio rw                        what this process may read and write
import { posix } from 'node:path'
import type { Machine, Trials } from '../../../src/doctor/machine.ts'

export class RecordedMachine implements Machine {
  readonly nodeVersion: string = process.version
  readonly trials: Trials
  readonly #files = new Map<string, string[]>()
  readonly #links = new Map<string, string>()
  readonly #usable = new Set<string>()

  constructor(text: string) {
    const trials = new Map<string, string>()
    for (const line of text.split('\n')) {
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
    const [, link, to] = /^(\S+) -> (\S+)$/.exec(line) ?? []
    const [, usable] = /^(\S+) rw$/.exec(line) ?? []
    const [, file, content] = /^(\S+?): (.*)$/.exec(line) ?? []
    const path = link ?? usable ?? file ?? line
    if (link !== undefined) this.#links.set(link, posix.resolve(posix.dirname(link), to ?? ''))
    if (usable !== undefined) this.#usable.add(usable)
    const lines = this.#files.get(path) ?? []
    this.#files.set(path, content === undefined ? lines : [...lines, content])
  }

  text(path: string): string | undefined {
    return this.#files.get(path)?.join('\n').trim()
  }

  list(path: string): string[] {
    const below = [...this.#files.keys()].filter((file) => file.startsWith(`${path}/`))
    return [...new Set(below.map((file) => file.slice(path.length + 1).split('/')[0] ?? ''))].sort()
  }

  link(path: string): string | undefined {
    return this.#links.get(path)?.split('/').at(-1)
  }

  real(path: string): string | undefined {
    const isThere = this.#files.has(path) || this.list(path).length > 0
    return this.#links.get(path) ?? (isThere ? path : undefined)
  }

  mayUse(path: string): boolean {
    return this.#usable.has(path)
  }
}
