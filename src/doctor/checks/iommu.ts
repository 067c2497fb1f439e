// SPDX-License-Identifier: MIT
// The IOMMU, and vfio, by which a program gets a device that is behind one.

import { pciFunctions } from '../../devices/pci.ts'
import type { Check, Finding } from '../check.ts'
import type { Machine } from '../machine.ts'
import { groupFolder, isReachedThroughSysfs, isWithoutIommu, vfioControl } from '../reach.ts'
import { fixOf, isVirtual, noAccess, openFirmware } from '../surroundings.ts'

function groupCount(machine: Machine): number {
  return machine.list(groupFolder).filter((group) => !isWithoutIommu(machine, group)).length
}

export const iommuCheck: Check = {
  name: 'IOMMU',
  goals: [],
  look: (machine) => {
    const groups = groupCount(machine)
    if (groups > 0) return { state: 'ok', text: `on, ${groups} groups` }
    const tables = machine.list('/sys/firmware/acpi/tables')
    const hasTable = tables.some((name) => ['DMAR', 'IVRS'].includes(name))
    const effect = 'drives are reached through sysfs, by root only, and nothing keeps them'
    const text = `${effect} from other memory`
    if (isVirtual(machine) && !hasTable) {
      const none = `this virtual machine has none: ${text}`
      return { state: 'advice', text: none, fix: addToMachine, fixOn: 'host' }
    }
    // AMD's needs no option of the kernel.
    const isAmd = /AuthenticAMD/.test(machine.text('/proc/cpuinfo') ?? '')
    const isSwitchedOff = isAmd || (tables.length > 0 && !hasTable)
    const fix = isSwitchedOff ? openFirmware : addKernelOption
    return { state: 'advice', text: `off: ${text}`, ...fixOf(machine, fix) }
  },
}

const addKernelOption =
  `echo 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX intel_iommu=on"' | ` +
  'sudo tee /etc/default/grub.d/iommu.cfg && sudo update-grub && sudo reboot'
const addToMachine = 'qemu-system-x86_64 -machine q35,kernel-irqchip=split -device intel-iommu …'

function lookAtVfio(machine: Machine): Finding {
  if (groupCount(machine) === 0) return { state: 'absent', text: 'of no use without an IOMMU' }
  if (machine.real('/sys/bus/pci/drivers/vfio-pci') === undefined) {
    const text = 'the module vfio-pci is not loaded'
    return { state: 'blocked', text, ...fixOf(machine, 'sudo modprobe vfio-pci') }
  }
  if (machine.real(vfioControl) === undefined) {
    const text = `${vfioControl} is not there`
    const pass = `docker run --device ${vfioControl} …`
    return { state: 'blocked', text, ...fixOf(machine, 'sudo modprobe vfio', pass) }
  }
  if (!machine.mayUse(vfioControl)) return noAccess(machine, vfioControl)
  return { state: 'ok', text: 'vfio-pci is loaded' }
}

export const vfioCheck: Check = {
  name: 'vfio',
  goals: ['device'],
  look: (machine) => {
    const found = lookAtVfio(machine)
    const isNeeded = !pciFunctions(machine).some((each) => isReachedThroughSysfs(machine, each))
    return found.state === 'blocked' && !isNeeded ? { ...found, state: 'advice' } : found
  },
}
