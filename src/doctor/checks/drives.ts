// SPDX-License-Identifier: MIT
// What stands between a program and each NVMe drive: the driver that has it, and who uses it.

import { isNvme, type PciFunction, pciFunctions } from '../../devices/pci.ts'
import { isSeen, usesOfController } from '../../devices/uses.ts'
import type { Check, Finding } from '../check.ts'
import type { Machine } from '../machine.ts'
import {
  groupFolder,
  isLocked,
  isReachedThroughSysfs,
  isTranslated,
  isWithoutIommu,
  vfioControl,
} from '../reach.ts'
import { fixOf, isContainer, noAccess, openFirmware } from '../surroundings.ts'

function bindCommand(address: string): string {
  const device = `/sys/bus/pci/devices/${address}`
  return (
    `sudo sh -c 'echo vfio-pci > ${device}/driver_override; ` +
    `test ! -e ${device}/driver || echo ${address} > ${device}/driver/unbind; ` +
    `echo ${address} > /sys/bus/pci/drivers_probe'`
  )
}

function unbindCommand(address: string): string {
  return `echo ${address} | sudo tee /sys/bus/pci/devices/${address}/driver/unbind`
}

function lookAtDrive(machine: Machine, drive: PciFunction, all: readonly PciFunction[]): Finding {
  const { address, driver, group } = drive
  if (driver === 'vfio-pci') return lookAtGroup(machine, drive, all)
  if (driver !== undefined) return lookAtKernelDrive(machine, drive)
  if (isTranslated(machine, drive)) {
    const text = `${address} has no driver`
    return { state: 'blocked', text, ...fixOf(machine, bindCommand(address)) }
  }
  if (isReachedThroughSysfs(machine, drive))
    return { state: 'ok', text: `${address} has no driver; reached through sysfs` }
  if (isLocked(machine)) {
    const text = `${address} has no driver, and the kernel’s lockdown keeps sysfs from it`
    const fix = group === undefined ? openFirmware : bindCommand(address)
    return { state: 'blocked', text, ...fixOf(machine, fix) }
  }
  const text = `${address} has no driver, and only root reaches it through sysfs`
  return { state: 'blocked', text, ...fixOf(machine, 'sudo -s', 'docker run --privileged …') }
}

const systemFolders = /^\/(boot(\/efi)?|usr|var)?$/

function lookAtKernelDrive(machine: Machine, drive: PciFunction): Finding {
  const { address, driver, group } = drive
  const text = `${address} belongs to the kernel (driver ${driver})`
  const look = fixOf(machine, 'lsblk --fs')
  const uses = usesOfController(machine, address)
  const mounts = uses.filter(({ kind }) => kind === 'mount')
  const swaps = uses.filter(({ kind }) => kind === 'swap')
  const made = uses.find(({ kind }) => kind === 'device' || kind === 'pool')
  // The mounts of a container are not those of its system.
  if (!isContainer(machine) && mounts.some(({ by = '' }) => systemFolders.test(by))) {
    return { state: 'blocked', text: `${text}, and this system runs from it: take another` }
  }
  if (made !== undefined) {
    const by = made.kind === 'pool' ? 'a pool' : made.by
    return { state: 'blocked', text: `${text}, and ${by} is made of ${made.of}`, ...look }
  }
  if (mounts.length > 0) {
    const names = new Set(mounts.map(({ of }) => of))
    const fix = fixOf(machine, `sudo umount --all-targets ${[...names].join(' ')}`)
    return { state: 'blocked', text: `${text}, and is mounted`, ...fix }
  }
  if (swaps.length > 0) {
    const fix = fixOf(machine, `sudo swapoff ${swaps.map(({ of }) => of).join(' ')}`)
    return { state: 'blocked', text: `${text}, and has swap space`, ...fix }
  }
  if (uses.some(({ kind }) => kind === 'claim')) {
    const unseen = 'and somebody has it: a mount of another namespace, or a pool'
    return { state: 'blocked', text: `${text}, ${unseen}`, ...look }
  }
  if (uses.length > 0 || isContainer(machine)) {
    return { state: 'blocked', text: `${text}; look first whether it is in use`, ...look }
  }
  const bind = group === undefined ? unbindCommand(address) : bindCommand(address)
  const unseen = isSeen(machine, address)
    ? ''
    : '; mounts of other namespaces are not seen from here'
  return { state: 'blocked', text: `${text}${unseen}`, fix: bind }
}

/** The other functions of its IOMMU group that a kernel driver has. */
function heldBack(
  machine: Machine,
  drive: PciFunction,
  all: readonly PciFunction[],
): PciFunction[] {
  const members = machine.list(`${groupFolder}/${drive.group}/devices`)
  const bridge = 0x06
  return all
    .filter(({ address }) => members.includes(address) && address !== drive.address)
    .filter(({ classCode }) => classCode >>> 16 !== bridge)
    .filter(({ driver }) => driver !== undefined && driver !== 'vfio-pci')
}

function lookAtGroup(machine: Machine, drive: PciFunction, all: readonly PciFunction[]): Finding {
  const { address, group = '' } = drive
  const bound = `${address} is bound to vfio-pci`
  if (isWithoutIommu(machine, group)) {
    const text = `${bound} without an IOMMU, which peernvm does not use: sysfs does the same`
    return { state: 'blocked', text, ...fixOf(machine, unbindCommand(address)) }
  }
  const [first, ...rest] = heldBack(machine, drive, all)
  if (first !== undefined) {
    const names = [first, ...rest].map((other) => `${other.address} (${other.driver})`).join(', ')
    const text = `${bound}, but shares IOMMU group ${group} with ${names}`
    return { state: 'blocked', text, ...fixOf(machine, bindCommand(first.address)) }
  }
  const path = `/dev/vfio/${group}`
  if (machine.real(path) === undefined) return noGroupFile(machine, group, path)
  if (!machine.mayUse(path)) return noAccess(machine, path)
  return { state: 'ok', text: `${bound} (group ${group})` }
}

function noGroupFile(machine: Machine, group: string, path: string): Finding {
  const numbers = machine.text(`/sys/class/vfio/${group}/dev`)?.replace(':', ' ')
  if (numbers === undefined && !isContainer(machine)) {
    const text = `${path} is not there: this kernel has no vfio groups (CONFIG_VFIO_GROUP)`
    return { state: 'blocked', text }
  }
  const make = `sudo mknod ${path} c ${numbers}`
  const pass = `docker run --device ${vfioControl} --device ${path} …`
  return { state: 'blocked', text: `${path} is not there`, ...fixOf(machine, make, pass) }
}

export const driveCheck: Check = {
  name: 'NVMe drives',
  goals: ['device', 'gpu'],
  look: (machine) => {
    const all = pciFunctions(machine)
    const findings = all.filter(isNvme).map((drive) => lookAtDrive(machine, drive, all))
    if (findings.length === 0)
      return { state: 'blocked', text: 'no NVMe controller on the PCI bus' }
    // One that can be used is enough; of the others it is told how.
    const isEnough = findings.some(({ state }) => state === 'ok')
    return findings.map((finding) =>
      isEnough && finding.state === 'blocked' ? { ...finding, state: 'advice' } : finding,
    )
  },
}
