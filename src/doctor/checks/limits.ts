// SPDX-License-Identifier: MIT
// What the kernel or a container allows this process: CPUs, memory, system calls.

import type { Check, Finding } from '../check.ts'
import { cpuLimit, type GroupLimit, memoryLimit } from '../control-groups.ts'
import type { Machine } from '../machine.ts'
import { fixOf, hasCapability, isContainer, isVirtual, statusOf } from '../surroundings.ts'

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
    if (countOf(online) <= count) return { state: 'advice', text }
    const update = `docker update --cpuset-cpus ${online} CONTAINER`
    return { state: 'advice', text, ...fixOf(machine, `taskset -pc ${online} $$`, update) }
  },
}

/** Lifts a limit of a control group, of which systemd or Docker knows. */
function lift(machine: Machine, { unit }: GroupLimit, property: string, update: string) {
  const set = unit && `sudo systemctl set-property --runtime ${unit} ${property}`
  return fixOf(machine, set, `docker update ${update} CONTAINER`)
}

export const quotaCheck: Check = {
  name: 'CPU quota',
  goals: [],
  look: (machine) => {
    const quota = cpuLimit(machine)
    if (quota === undefined) return { state: 'ok', text: 'none' }
    const text = `the control group may use ${quota.value} CPUs`
    if (quota.value >= spinners) return { state: 'ok', text }
    return {
      state: 'advice',
      text: `${text}: whoever polls is stopped for the rest of each period`,
      ...lift(machine, quota, 'CPUQuota=', `--cpus ${spinners}`),
    }
  },
}

const mebibyte = 2 ** 20
/** An emulator in memory has 1 GiB unless told otherwise; the rest is for Node. */
const memoryMin = 1280 * mebibyte

export const memoryCheck: Check = {
  name: 'memory',
  goals: [],
  look: (machine) => {
    const limit = memoryLimit(machine)
    if (limit === undefined) return { state: 'ok', text: 'no limit of a control group' }
    const text = `the control group may use ${Math.floor(limit.value / mebibyte)} MiB`
    if (limit.value >= memoryMin) return { state: 'ok', text }
    return {
      state: 'advice',
      text: `${text}: an emulator in memory, 1 GiB by default, may be killed once that is written`,
      ...lift(machine, limit, 'MemoryMax=infinity', '--memory 2g --memory-swap 2g'),
    }
  },
}

/** The soft limit in bytes; infinite where nothing limits it. */
function lockedLimit(machine: Machine): number | undefined {
  if (hasCapability(machine, 'ipcLock')) return Number.POSITIVE_INFINITY
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
    const state = limit < mebibyte ? 'blocked' : 'advice'
    const raise = 'sudo prlimit --memlock=unlimited --pid $$'
    return { state, text, ...fixOf(machine, raise, 'docker run --ulimit memlock=-1 …') }
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
      ...fixOf(machine, `echo advise | sudo tee ${file}`),
    }
  },
}

export const memfdCheck: Check = {
  name: 'memfd',
  goals: [],
  look: (machine): Finding => {
    const { addon, emulator, memfd } = machine.trials
    if (addon !== undefined) return { state: 'absent', text: 'not tried without the native part' }
    if (emulator !== undefined) return { state: 'absent', text: 'not tried without an emulator' }
    if (memfd === undefined) return { state: 'ok', text: 'memory can be passed to other processes' }
    return {
      state: 'advice',
      text: `${memfd}: memory cannot be passed to other processes`,
      ...fixOf(machine, undefined, 'docker run --security-opt seccomp=unconfined …'),
    }
  },
}

const filtered = '2'

export const containerCheck: Check = {
  name: 'container',
  goals: [],
  look: (machine) => {
    const parts = [
      isContainer(machine) ? 'this is one' : 'none known',
      ...(isVirtual(machine) ? ['in a virtual machine'] : []),
      ...(statusOf(machine, 'Seccomp') === filtered ? ['system calls are filtered'] : []),
    ]
    return { state: 'ok', text: parts.join(', ') }
  },
}
