// SPDX-License-Identifier: MIT
// Limits of control groups: of the one that this process is in, and of those above it.

import type { Machine } from './machine.ts'

const root = '/sys/fs/cgroup'

/** What a controller's files are called, and say, in both generations (cgroups(7)). */
interface LimitFiles {
  readonly controller: 'cpu' | 'memory'
  /** The limit of a group; undefined where it has none. */
  readonly read: (text: (name: string) => string | undefined) => number | undefined
}

export interface GroupLimit {
  readonly value: number
  /** The unit of systemd that it is; undefined for a group of somebody else, such as a container's. */
  readonly unit: string | undefined
}

function positive(text: string | undefined): number | undefined {
  const value = Number(text)
  return value > 0 && value < 2 ** 60 ? value : undefined // more is how memory has no limit
}

const cpuFiles: LimitFiles = {
  controller: 'cpu',
  read: (text) => {
    const [quota, period] = (text('cpu.max') ?? '').split(' ')
    const time = positive(quota ?? '') ?? positive(text('cpu.cfs_quota_us'))
    const of = positive(period ?? '') ?? positive(text('cpu.cfs_period_us'))
    return time === undefined || of === undefined ? undefined : time / of
  },
}

const memoryFiles: LimitFiles = {
  controller: 'memory',
  read: (text) => positive(text('memory.max')) ?? positive(text('memory.limit_in_bytes')),
}

/** CPUs that this process may use at most. */
export function cpuLimit(machine: Machine): GroupLimit | undefined {
  return smallest(machine, cpuFiles)
}

/** Bytes of memory that this process may use at most. */
export function memoryLimit(machine: Machine): GroupLimit | undefined {
  return smallest(machine, memoryFiles)
}

/** A group is bound by those above it, too. A container sees its own as the topmost. */
function smallest(machine: Machine, { controller, read }: LimitFiles): GroupLimit | undefined {
  const { folder, path } = ownGroup(machine, controller)
  const parts = path.split('/').filter((part) => part !== '' && part !== '..')
  let found: GroupLimit | undefined
  for (let depth = parts.length; depth >= 0; depth--) {
    const at = [folder, ...parts.slice(0, depth)].join('/')
    const value = read((name) => machine.text(`${at}/${name}`))
    if (value === undefined || (found !== undefined && found.value <= value)) continue
    const name = depth === 0 ? undefined : parts[depth - 1]
    found = { value, unit: name?.match(/\.(?:service|scope|slice)$/)?.input }
  }
  return found
}

/** Where a controller's groups are, and which of them is ours. */
function ownGroup(machine: Machine, controller: string): { folder: string; path: string } {
  const lines = (machine.text('/proc/self/cgroup') ?? '').split('\n').map((line) => {
    const [, number, names = '', path = '/'] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? []
    return { number, names: names.split(','), path }
  })
  const first = lines.find(({ names }) => names.includes(controller))
  if (first !== undefined) return { folder: `${root}/${controller}`, path: first.path }
  return { folder: root, path: lines.find(({ number }) => number === '0')?.path ?? '/' }
}
