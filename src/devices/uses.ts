// SPDX-License-Identifier: MIT
// Who uses the block devices of an NVMe controller, or an image: what is mounted, swap, partitions,
// block devices and pools made of them. Looked up before anything is opened, reset or unbound.

import { posix } from 'node:path'
import type { SystemFiles } from './system-files.ts'

export interface Use {
  /** The block device or image that is used, `/dev/nvme0n1p1`. */
  readonly of: string
  /**
   * `partition`: it is one, of data that somebody may want. `claim`: the kernel holds it for
   * somebody whom this process does not see, such as a mount of another namespace.
   */
  readonly kind: 'mount' | 'swap' | 'partition' | 'device' | 'pool' | 'claim'
  /** The mount point, or the block device that is made of it. */
  readonly by?: string
}

/** A use in words. */
export function describeUse({ of, kind, by }: Use): string {
  if (kind === 'mount') return `${of} is mounted at ${by}`
  if (kind === 'swap') return `${of} is swap space`
  if (kind === 'partition') return `${of} is a partition of it`
  if (kind === 'device') return `${by} is made of ${of}`
  if (kind === 'pool') return `${of} is part of a pool (${by})`
  return `the kernel has given ${of} to somebody (a mount that is not seen from here)`
}

const blockClass = '/sys/class/block'

/**
 * All uses of a controller's namespaces, their partitions, and of what is made of those. None does
 * not mean that there is none where `isSeen` is false.
 * @param address of its PCI function, with its domain
 */
export function usesOfController(system: SystemFiles, address: string): Use[] {
  const used = usedBlocks(system)
  const uses = blocksOf(system, address).flatMap((name) => usesOfBlock(system, name, used))
  // A whole disk is claimed by a mount of its partition, too.
  return uses.some(({ kind }) => kind !== 'partition' && kind !== 'claim')
    ? uses.filter(({ kind }) => kind !== 'claim')
    : uses
}

/** Whether this process could ask the kernel about each namespace, and so saw all uses. */
export function isSeen(system: SystemFiles, address: string): boolean {
  return blocksOf(system, address).every((name) => system.isClaimed(`/dev/${name}`) !== undefined)
}

/** All uses of a regular file: loop devices over it, and swap. */
export function usesOfImage(system: SystemFiles, path: string): Use[] {
  const image = system.real(path)
  if (image === undefined) return []
  const used = usedBlocks(system)
  return [
    ...(used.get(image) ?? []).map((use) => ({ of: image, ...use })),
    ...loopsOver(system, image).flatMap((loop) => [
      { of: image, kind: 'device' as const, by: `/dev/${loop}` },
      ...usesOfBlock(system, loop, used).filter(({ kind }) => kind !== 'claim'),
    ]),
  ]
}

/** Names of its namespaces' block devices. */
function blocksOf(system: SystemFiles, address: string): string[] {
  const folder = system.real(`/sys/bus/pci/devices/${address}`)
  if (folder === undefined) return []
  const controllers = system.list(`${folder}/nvme`)
  return system.list(blockClass).filter((name) => {
    const at = `${blockClass}/${name}`
    // A path of a multipath namespace: what can be used is the namespace.
    if (/^nvme\d+c\d+n\d+/.test(name) || system.text(`${at}/partition`) !== undefined) return false
    const path = system.real(at) ?? ''
    if (path.startsWith(`${folder}/`)) return true
    // With multipathing, namespaces are below the subsystem, which names its controllers.
    const subsystem = /^(.*\/nvme-subsystem\/[^/]+)\//.exec(path)?.[1]
    const members = subsystem === undefined ? [] : system.list(subsystem)
    return controllers.some((controller) => members.includes(controller))
  })
}

type UsedBlocks = ReadonlyMap<string, readonly Omit<Use, 'of'>[]>

/** Uses of a block device, its partitions, and all that is made of them. */
function usesOfBlock(
  system: SystemFiles,
  name: string,
  used: UsedBlocks,
  seen: Set<string> = new Set(),
): Use[] {
  if (seen.has(name)) return []
  seen.add(name)
  const of = `/dev/${name}`
  const folder = `${blockClass}/${name}`
  const isPartition = system.text(`${folder}/partition`) !== undefined
  const above = [...system.list(`${folder}/holders`), ...loopsOver(system, of)]
  const parts = system
    .list(folder)
    .filter((part) => system.text(`${blockClass}/${part}/partition`) !== undefined)
  return [
    ...(isPartition ? [{ of, kind: 'partition' as const }] : []),
    ...(used.get(name) ?? []).map((use) => ({ of, ...use })),
    ...(isPoolMember(system, name) ? [{ of, kind: 'pool' as const, by: 'ZFS' }] : []),
    ...above.map((holder) => ({ of, kind: 'device' as const, by: `/dev/${holder}` })),
    ...(system.isClaimed(of) ? [{ of, kind: 'claim' as const }] : []),
    ...[...parts, ...above].flatMap((each) => usesOfBlock(system, each, used, seen)),
  ]
}

/** Loop devices that show a file or a block device. */
function loopsOver(system: SystemFiles, path: string): string[] {
  return system
    .list(blockClass)
    .filter((name) => system.text(`${blockClass}/${name}/loop/backing_file`) === path)
}

/** ZFS shows no holder; udev has read what is on it. */
function isPoolMember(system: SystemFiles, name: string): boolean {
  const number = system.text(`${blockClass}/${name}/dev`)
  return /^E:ID_FS_TYPE=zfs_member$/m.test(system.text(`/run/udev/data/b${number}`) ?? '')
}

/** What is mounted or swapped to, by the names of block devices, or by a file's path. */
function usedBlocks(system: SystemFiles): UsedBlocks {
  const used = new Map<string, Omit<Use, 'of'>[]>()
  const add = (name: string | undefined, use: Omit<Use, 'of'>) => {
    if (name === undefined) return
    const uses = used.get(name) ?? []
    if (!uses.some(({ kind, by }) => kind === use.kind && by === use.by)) uses.push(use)
    used.set(name, uses)
  }
  const nameOf = blockNames(system)
  for (const { source, number, at } of mountsOf(system)) {
    // The source may be a link, or the number of a file system of several devices.
    const use = { kind: 'mount', by: at } as const
    add(nameOf(number), use)
    if (source.startsWith('/dev/')) add(nameOf(source), use)
  }
  for (const line of (system.text('/proc/swaps') ?? '').split('\n').slice(1)) {
    const source = unescaped(line.split(/\s/)[0] ?? '')
    add(source.startsWith('/dev/') ? nameOf(source) : system.real(source), { kind: 'swap' })
  }
  for (const id of system.list('/sys/fs/btrfs')) {
    const members = system.list(`/sys/fs/btrfs/${id}/devices`)
    if (members.length < 2) continue // else a mount names it
    for (const name of members) add(name, { kind: 'pool', by: `Btrfs ${id}` })
  }
  return used
}

interface Mount {
  readonly source: string
  /** Of the file system's device, `259:1`. */
  readonly number: string
  readonly at: string
}

/** What this mount namespace shows (proc(5), mountinfo). */
function mountsOf(system: SystemFiles): Mount[] {
  return (system.text('/proc/self/mountinfo') ?? '').split('\n').map((line) => {
    const [mount = '', fileSystem = ''] = line.split(' - ')
    const [, , number = '', , at = ''] = mount.split(' ')
    return { number, at: unescaped(at), source: unescaped(fileSystem.split(' ')[1] ?? '') }
  })
}

/** Spaces and the like are octal in lists of the kernel. */
function unescaped(word: string): string {
  return word.replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8)))
}

/** Of which block device a number or a path in /dev speaks. */
function blockNames(system: SystemFiles): (source: string) => string | undefined {
  const names = new Map<string, string>()
  for (const name of system.list(blockClass)) {
    const number = system.text(`${blockClass}/${name}/dev`)
    if (number !== undefined) names.set(number, name)
    const mapped = system.text(`${blockClass}/${name}/dm/name`)
    // In a container the link may be missing.
    if (mapped !== undefined) names.set(`/dev/mapper/${mapped}`, name)
  }
  return (source) =>
    names.get(source) ??
    (source.startsWith('/') ? posix.basename(system.real(source) ?? source) : undefined)
}
