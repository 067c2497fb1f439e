// SPDX-License-Identifier: MIT
// Where this process runs: what it may do, in a container or a virtual machine or neither, and who
// can change what.

import type { Finding } from './check.ts'
import type { Machine } from './machine.ts'

/** A value of /proc/self/status. */
export function statusOf(machine: Machine, name: string): string | undefined {
  return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(machine.text('/proc/self/status') ?? '')?.[1]
}

/** Bits of the capability sets (linux/capability.h). */
export const capabilities = { ipcLock: 14, sysAdmin: 21 } as const

// The inode of the namespace in which the system booted (PROC_USER_INIT_INO of the kernel).
const firstUserNamespace = 'user:[4026531837]'

/** In a user namespace of its own a process has capabilities for what belongs to that one only. */
export function hasCapability(machine: Machine, name: keyof typeof capabilities): boolean {
  const namespace = machine.link('/proc/self/ns/user') ?? firstUserNamespace
  const effective = BigInt(`0x${statusOf(machine, 'CapEff') ?? '0'}`)
  return namespace === firstUserNamespace && ((effective >> BigInt(capabilities[name])) & 1n) === 1n
}

// By these Docker, Podman, systemd-nspawn and Kubernetes mark theirs.
const containerMarks = [
  '/.dockerenv',
  '/run/.containerenv',
  '/run/systemd/container',
  '/run/secrets/kubernetes.io',
]

/** Whether this process is in a container. */
export function isContainer(machine: Machine): boolean {
  return containerMarks.some((path) => machine.real(path) !== undefined)
}

/** Whether this is a virtual machine. */
export function isVirtual(machine: Machine): boolean {
  return /^flags\s*:.*\bhypervisor\b/m.test(machine.text('/proc/cpuinfo') ?? '')
}

type Fix = Pick<Finding, 'fix' | 'fixOn'>

/** What is changed on the host, where this is a container: by `inContainer`, or by the same command. */
export function fixOf(machine: Machine, fix: string | undefined, inContainer = fix): Fix {
  if (!isContainer(machine)) return fix === undefined ? {} : { fix }
  return inContainer === undefined ? {} : { fix: inContainer, fixOn: 'host' }
}

/** Of a file that is there, and that this user may not open. */
export function noAccess(machine: Machine, path: string): Finding {
  const text = `${path} may not be opened by this user`
  return { state: 'blocked', text, ...fixOf(machine, `sudo chown $USER ${path}`) }
}

/** Where the machine’s firmware is set up, Secure Boot and IOMMU among it. */
export const openFirmware = 'sudo systemctl reboot --firmware-setup'
