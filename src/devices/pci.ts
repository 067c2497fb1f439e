// SPDX-License-Identifier: MIT
// PCI functions as sysfs shows them, and how far two of them are apart.

import type { SystemFiles } from './system-files.ts'

export interface PciFunction {
  readonly address: string
  /** Class, subclass and programming interface. */
  readonly classCode: number
  readonly vendor: number
  /** Undefined where none is bound. */
  readonly driver: string | undefined
  /** Number of its IOMMU group; undefined without an IOMMU. */
  readonly group: string | undefined
  /** Undefined where the system has one node only, or does not say. */
  readonly numaNode: number | undefined
  /** Addresses of the bridges above it, the root first; before them the root complex. */
  readonly above: readonly string[]
}

const folder = '/sys/bus/pci/devices'

/** All functions of the system. */
export function pciFunctions(system: SystemFiles): PciFunction[] {
  return system.list(folder).map((address) => {
    const at = `${folder}/${address}`
    const node = Number(system.text(`${at}/numa_node`) ?? -1)
    return {
      address,
      classCode: Number(system.text(`${at}/class`) ?? 0),
      vendor: Number(system.text(`${at}/vendor`) ?? 0),
      driver: system.link(`${at}/driver`),
      group: system.link(`${at}/iommu_group`),
      numaNode: node < 0 ? undefined : node,
      above: pathAbove(system.real(at) ?? ''),
    }
  })
}

/** `/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0` has pci0000:00 and 0000:00:01.0 above it. */
function pathAbove(path: string): string[] {
  const parts = path.split('/')
  const first = parts.findIndex((part) => part.startsWith('pci'))
  return first < 0 ? [] : parts.slice(first, -1)
}

const nvmeClass = 0x010802
const displayClass = 0x03
const nvidia = 0x10de

export function isNvme({ classCode }: PciFunction): boolean {
  return classCode === nvmeClass
}

export function isGpu({ classCode, vendor }: PciFunction): boolean {
  return classCode >>> 16 === displayClass && vendor === nvidia
}

export interface Distance {
  /** Bridges that only one of them is below: through these goes what they send each other. */
  readonly bridges: number
  /** They have a bridge in common, below the root complex. */
  readonly isShared: boolean
  readonly isSameComplex: boolean
}

/** How far apart two functions are in the PCIe tree. */
export function distance(one: PciFunction, other: PciFunction): Distance {
  let common = 0
  while (common < one.above.length && one.above[common] === other.above[common]) common++
  const own = [...one.above.slice(common), ...other.above.slice(common)]
  const bridges = own.filter((name) => !name.startsWith('pci')).length
  return { bridges, isShared: common > 1, isSameComplex: common > 0 }
}
