// SPDX-License-Identifier: MIT
// What the kernel or a container allows this process: CPUs, memory, system calls.

import type { Check, Finding } from '../check.ts'
import type { Machine } from '../machine.ts'

/** A value of /proc/self/status. */
export function statusOf(machine: Machine, name: string): string | undefined {
  return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(machine.text('/proc/self/status') ?? '')?.[1]
}

/** How many numbers `0-3,8` has. */
function countOf(list: string): number {
  return list.split(',').reduce((sum, range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return sum + last - first + 1
  }, 0)
}

const spinners = 2

export const cpuCheck: Check = {
  name: 'CPUs',
  goals: [],
  look: (machine) => {
    const list = statusOf(machine, 'Cpus_allowed_list')
    if (list === undefined) return { state: 'absent', text: 'not known' }
    const count = countOf(list)
    if (count >= spinners) return { state: 'ok', text: `${count} usable` }
    const text = '1 usable: program and emulated controller take turns on it'
    const online = machine.text('/sys/devices/system/cpu/online') ?? list
    return countOf(online) > count
      ? { state: 'advice', text, fix: `taskset -pc ${online} $$` }
      : { state: 'advice', text }
  },
}

interface Quota {
  readonly cpus: number
  /** The control group; `/` is that of a container, or of all. */
  readonly group: string
}

/** CPU time that the control group may use; the second generation's file, or the first's. */
function quotaOf(machine: Machine): Quota | undefined {
  const groups = machine.text('/proc/self/cgroup') ?? ''
  const own = /^0::(.*)$/m.exec(groups)?.[1] ?? '/'
  for (const folder of [`/sys/fs/cgroup${own === '/' ? '' : own}`, '/sys/fs/cgroup']) {
    const [quota, period] = (machine.text(`${folder}/cpu.max`) ?? '').split(' ')
    if (period !== undefined && quota !== 'max') {
      return { cpus: Number(quota) / Number(period), group: own }
    }
  }
  const first = '/sys/fs/cgroup/cpu'
  const quota = Number(machine.text(`${first}/cpu.cfs_quota_us`) ?? -1)
  const period = Number(machine.text(`${first}/cpu.cfs_period_us`) ?? 0)
  if (quota <= 0 || period <= 0) return undefined
  return { cpus: quota / period, group: '/' }
}

export const quotaCheck: Check = {
  name: 'CPU quota',
  goals: [],
  look: (machine) => {
    const quota = quotaOf(machine)
    if (quota === undefined) return { state: 'ok', text: 'none' }
    const text = `the control group may use ${quota.cpus} CPUs`
    if (quota.cpus >= spinners) return { state: 'ok', text }
    const unit = quota.group.split('/').at(-1)
    return {
      state: 'advice',
      text: `${text}: whoever polls is stopped for the rest of each period`,
      fix:
        unit === '' || isContainer(machine)
          ? `docker update --cpus ${spinners} CONTAINER`
          : `sudo systemctl set-property --runtime ${unit} CPUQuota=`,
    }
  },
}

const ipcLock = 14
const lockedBytesMin = 1 << 20

/** The soft limit in bytes; infinite where nothing limits it. */
function lockedLimit(machine: Machine): number | undefined {
  const capabilities = BigInt(`0x${statusOf(machine, 'CapEff') ?? '0'}`)
  if ((capabilities >> BigInt(ipcLock)) & 1n) return Number.POSITIVE_INFINITY
  const limits = machine.text('/proc/self/limits') ?? ''
  const soft = /^Max locked memory\s+(\S+)/m.exec(limits)?.[1]
  if (soft === undefined) return undefined
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
}

export const memlockCheck: Check = {
  name: 'locked memory',
  goals: ['device'],
  look: (machine) => {
    const limit = lockedLimit(machine)
    if (limit === undefined) return { state: 'absent', text: 'limit not known' }
    if (limit === Number.POSITIVE_INFINITY) return { state: 'ok', text: 'not limited' }
    const text = `${Math.floor(limit / 1024)} KiB: a device reaches no more memory than that at once`
    const state = limit < lockedBytesMin ? 'blocked' : 'advice'
    const fix = isContainer(machine)
      ? 'docker run --ulimit memlock=-1 …'
      : 'sudo prlimit --memlock=unlimited --pid $$'
    return { state, text, fix }
  },
}

export const hugePageCheck: Check = {
  name: 'huge pages',
  goals: [],
  look: (machine) => {
    const file = '/sys/kernel/mm/transparent_hugepage/shmem_enabled'
    const chosen = /\[(\w+)\]/.exec(machine.text(file) ?? '')?.[1]
    if (chosen === undefined)
      return { state: 'absent', text: 'this kernel has none for shared memory' }
    if (!['never', 'deny'].includes(chosen)) {
      return { state: 'ok', text: `for shared memory: ${chosen}` }
    }
    return {
      state: 'advice',
      text: `not for shared memory (${chosen}): without an IOMMU, queues have at most 63 entries`,
      fix: `echo advise | sudo tee ${file}`,
    }
  },
}

export const memfdCheck: Check = {
  name: 'memfd',
  goals: [],
  look: ({ trials: { addon, memfd } }): Finding => {
    if (addon !== undefined) return { state: 'absent', text: 'not tried without the native part' }
    if (memfd === undefined) return { state: 'ok', text: 'memory can be passed to other processes' }
    return {
      state: 'advice',
      text: `${memfd}: memory cannot be passed to other processes`,
      fix: 'docker run --security-opt seccomp=unconfined …',
    }
  },
}

/** Files by which Docker and Podman mark theirs. */
export function isContainer(machine: Machine): boolean {
  return ['/.dockerenv', '/run/.containerenv'].some((path) => machine.real(path) !== undefined)
}

const filtered = '2'

export const containerCheck: Check = {
  name: 'container',
  goals: [],
  look: (machine) => {
    const seccomp = statusOf(machine, 'Seccomp') === filtered ? ', system calls are filtered' : ''
    return { state: 'ok', text: `${isContainer(machine) ? 'this is one' : 'none known'}${seccomp}` }
  },
}
