// SPDX-License-Identifier: MIT
// What stands between a program and an NVMe drive: IOMMU, vfio, the driver that has the drive.

import type { Check, Finding } from '../check.ts'
import type { Machine } from '../machine.ts'
import { isNvme, type PciFunction, pciFunctions } from '../pci.ts'
import { isContainer, statusOf } from './limits.ts'

const vfioControl = '/dev/vfio/vfio'

function groupCount(machine: Machine): number {
  return machine.list('/sys/kernel/iommu_groups').length
}

function isRoot(machine: Machine): boolean {
  return statusOf(machine, 'Uid')?.split(/\s+/)[1] === '0'
}

export const iommuCheck: Check = {
  name: 'IOMMU',
  goals: [],
  look: (machine) => {
    const groups = groupCount(machine)
    if (groups > 0) return { state: 'ok', text: `on, ${groups} groups` }
    const text =
      'off: drives are reached through sysfs, by root only, and nothing keeps them from other memory'
    // AMD's needs no option of the kernel.
    const isAmd = /AuthenticAMD/.test(machine.text('/proc/cpuinfo') ?? '')
    return { state: 'advice', text, fix: isAmd ? openFirmware : addKernelOption }
  },
}

const openFirmware = 'sudo systemctl reboot --firmware-setup'
const addKernelOption =
  `echo 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX intel_iommu=on"' | ` +
  'sudo tee /etc/default/grub.d/iommu.cfg && sudo update-grub && sudo reboot'

export const vfioCheck: Check = {
  name: 'vfio',
  goals: ['device'],
  look: (machine) => {
    if (groupCount(machine) === 0) return { state: 'absent', text: 'of no use without an IOMMU' }
    if (machine.real('/sys/bus/pci/drivers/vfio-pci') === undefined) {
      const text = 'the module vfio-pci is not loaded'
      return { state: 'blocked', text, fix: 'sudo modprobe vfio-pci' }
    }
    if (machine.real(vfioControl) === undefined) {
      const text = `${vfioControl} is not there (a container needs it passed in)`
      return { state: 'blocked', text, fix: `docker run --device ${vfioControl} …` }
    }
    if (!machine.mayUse(vfioControl)) {
      return noAccess(vfioControl)
    }
    return { state: 'ok', text: 'vfio-pci is loaded' }
  },
}

function noAccess(path: string): Finding {
  const text = `${path} may not be opened by this user`
  return { state: 'blocked', text, fix: `sudo chown $USER ${path}` }
}

interface Use {
  readonly device: string
  /** Where it is mounted; undefined where another block device is made of it. */
  readonly mountPoint: string | undefined
}

/** The block devices of a drive that are in use. */
function usesOf(machine: Machine, address: string): Use[] {
  const mounts = (machine.text('/proc/mounts') ?? '').split('\n').map((line) => line.split(' '))
  return blockDevices(machine, address).flatMap(({ name, folder }) => {
    const mountPoint = mounts.find(([device]) => device === `/dev/${name}`)?.[1]
    const isHeld = machine.list(`${folder}/holders`).length > 0
    return mountPoint !== undefined || isHeld ? [{ device: `/dev/${name}`, mountPoint }] : []
  })
}

/** Whether it may be used in ways that mounts do not show: swap, arrays, multipath, a host. */
function mayBeInUse(machine: Machine, address: string): boolean {
  const at = `/sys/bus/pci/devices/${address}/nvme`
  const isShared = machine
    .list(at)
    .some((name) => machine.list(`${at}/${name}`).some((path) => /^nvme\d+c\d+n\d+$/.test(path)))
  const hasPartitions = blockDevices(machine, address).some(({ name }) => /p\d+$/.test(name))
  return isShared || hasPartitions || isContainer(machine)
}

/** Namespaces and their partitions: nvme0n1, nvme0n1p1. */
function blockDevices(machine: Machine, address: string): { name: string; folder: string }[] {
  const at = `/sys/bus/pci/devices/${address}/nvme`
  const below = (folder: string, pattern: RegExp) =>
    machine
      .list(folder)
      .filter((name) => pattern.test(name))
      .map((name) => ({ name, folder: `${folder}/${name}` }))
  return below(at, /^nvme\d+$/)
    .flatMap(({ folder }) => below(folder, /^nvme\d+n\d+$/))
    .flatMap((disk) => [disk, ...below(disk.folder, /^nvme\d+n\d+p\d+$/)])
}

/** The other functions of its IOMMU group that a kernel driver has. */
function heldBack(machine: Machine, drive: PciFunction, all: readonly PciFunction[]): string[] {
  const members = machine.list(`/sys/kernel/iommu_groups/${drive.group}/devices`)
  const bridge = 0x06
  return all
    .filter(({ address }) => members.includes(address) && address !== drive.address)
    .filter(({ classCode }) => classCode >>> 16 !== bridge)
    .filter(({ driver }) => driver !== undefined && driver !== 'vfio-pci')
    .map(({ address, driver }) => `${address} (${driver})`)
}

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
  const bind = group === undefined ? unbindCommand(address) : bindCommand(address)
  if (driver === 'vfio-pci') return lookAtGroup(machine, drive, all)
  if (driver !== undefined) {
    return lookAtKernelDrive(machine, drive, bind)
  }
  const isIdentity = machine.text(`/sys/kernel/iommu_groups/${group}/type`) === 'identity'
  if (group !== undefined && !isIdentity) {
    return { state: 'blocked', text: `${address} has no driver`, fix: bind }
  }
  if (isRoot(machine))
    return { state: 'ok', text: `${address} has no driver; reached through sysfs` }
  const text = `${address} has no driver, and only root reaches it through sysfs`
  return { state: 'blocked', text, fix: 'sudo -s' }
}

const systemFolders = /^\/(boot(\/efi)?|usr|var)?$/

function lookAtKernelDrive(
  machine: Machine,
  { address, driver }: PciFunction,
  bind: string,
): Finding {
  const uses = usesOf(machine, address)
  const text = `${address} belongs to the kernel (driver ${driver})`
  const [use] = uses
  if (use === undefined) {
    if (!mayBeInUse(machine, address)) return { state: 'blocked', text, fix: bind }
    return { state: 'blocked', text: `${text}; look first whether it is in use`, fix: 'lsblk --fs' }
  }
  const isSystem = uses.some(({ mountPoint }) => systemFolders.test(mountPoint ?? 'none'))
  const held = uses.find(({ mountPoint }) => mountPoint === undefined)
  if (isSystem)
    return { state: 'blocked', text: `${text}, and this system runs from it: take another` }
  if (held !== undefined) {
    return { state: 'blocked', text: `${text}, and another block device is made of ${held.device}` }
  }
  const fix = `sudo umount ${uses.map(({ device }) => device).join(' ')}`
  return { state: 'blocked', text: `${text}, and is mounted`, fix }
}

function lookAtGroup(machine: Machine, drive: PciFunction, all: readonly PciFunction[]): Finding {
  const { address, group } = drive
  const others = heldBack(machine, drive, all)
  if (others.length > 0) {
    const [first = ''] = others
    return {
      state: 'blocked',
      text: `${address} is bound to vfio-pci, but shares IOMMU group ${group} with ${others.join(', ')}`,
      fix: bindCommand(first.split(' ')[0] ?? ''),
    }
  }
  const path = `/dev/vfio/${group}`
  if (!machine.mayUse(path)) return noAccess(path)
  return { state: 'ok', text: `${address} is bound to vfio-pci (group ${group})` }
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
