// SPDX-License-Identifier: MIT
// By which way this process may reach a drive: vfio, or sysfs where no IOMMU translates.

import { isNvme, type PciFunction } from '../devices/pci.ts'
import type { Machine } from './machine.ts'
import { hasCapability } from './surroundings.ts'

export const groupFolder = '/sys/kernel/iommu_groups'
export const vfioControl = '/dev/vfio/vfio'

/** vfio makes groups of its own for devices that it hands out without an IOMMU. */
export function isWithoutIommu(machine: Machine, group: string): boolean {
  return machine.text(`${groupFolder}/${group}/name`) === 'vfio-noiommu'
}

/** Whether an IOMMU translates for a drive, so that vfio is the only way to it. */
export function isTranslated(machine: Machine, { group }: PciFunction): boolean {
  if (group === undefined || isWithoutIommu(machine, group)) return false
  return machine.text(`${groupFolder}/${group}/type`) !== 'identity'
}

/** Physical addresses are for CAP_SYS_ADMIN, registers for who may map them. */
function maySysfs(machine: Machine, address: string): boolean {
  const registers = `/sys/bus/pci/devices/${address}/resource0`
  return hasCapability(machine, 'sysAdmin') && !isLocked(machine) && machine.mayUse(registers)
}

/** With Secure Boot the kernel may keep registers even from root. */
export function isLocked(machine: Machine): boolean {
  return /\[(?!none)\w+\]/.test(machine.text('/sys/kernel/security/lockdown') ?? '')
}

/** Whether a function is a drive that this process can open without vfio. */
export function isReachedThroughSysfs(machine: Machine, drive: PciFunction): boolean {
  const isFree = isNvme(drive) && drive.driver === undefined
  return isFree && !isTranslated(machine, drive) && maySysfs(machine, drive.address)
}
