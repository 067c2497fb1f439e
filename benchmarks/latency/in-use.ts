// SPDX-License-Identifier: MIT
// Whether somebody uses what is to be measured: a PCI device whose namespaces are mounted or have
// partitions, an image behind a loop device. Looked up in sysfs and procfs before anything is
// opened, since opening a controller resets it.

import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { basename, join } from 'node:path'
import { createError } from '../../src/errors.ts'

/** Where sysfs and procfs are. */
export interface SystemFolders {
  readonly sys: string
  readonly proc: string
}

const systemFolders: SystemFolders = { sys: '/sys', proc: '/proc' }

/**
 * Refuses a target that is in use.
 * @param target what --ctrl says
 * @throws NvmError ERR_BUSY naming the block device, and what uses it
 */
export function refuseInUse(target: string, folders: SystemFolders = systemFolders): void {
  const address = /^(?:pci:)?((?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])$/i.exec(target)?.[1]
  const uses =
    address === undefined
      ? usesOfImage(target, folders)
      : usesOfDevice(address.length === 7 ? `0000:${address}` : address, folders)
  if (uses.length === 0) return
  throw createError('ERR_BUSY', `${target}: ${uses.join('; ')}`)
}

function usesOfDevice(address: string, { sys, proc }: SystemFolders): string[] {
  const device = join(sys, 'bus/pci/devices', address.toLowerCase())
  if (!existsSync(device)) return []
  const folder = realpathSync(device)
  const controllers = namesIn(join(folder, 'nvme'))
  const blockClass = join(sys, 'class/block')
  const blocks = namesIn(blockClass).filter((name) => {
    const path = realpathSync(join(blockClass, name))
    if (path.startsWith(`${folder}/`)) return true
    // With multipathing, namespaces are below the subsystem, which names its controllers.
    const subsystem = /^(.*\/nvme-subsystem\/[^/]+)\//.exec(path)?.[1]
    const members = subsystem === undefined ? [] : namesIn(subsystem)
    return controllers.some((controller) => members.includes(controller))
  })
  const used = usedSources(proc)
  return blocks.flatMap((name) => {
    const path = realpathSync(join(blockClass, name))
    const at = used.get(name)
    return [
      ...(existsSync(join(path, 'partition')) ? [`/dev/${name} is a partition of it`] : []),
      ...(at === undefined ? [] : [`/dev/${name} is ${at}`]),
      ...namesIn(join(path, 'holders')).map((holder) => `/dev/${holder} uses /dev/${name}`),
    ]
  })
}

/** An image that a loop device shows to the kernel. */
function usesOfImage(target: string, { sys, proc }: SystemFolders): string[] {
  if (!existsSync(target)) return []
  const image = realpathSync(target)
  const used = usedSources(proc)
  return namesIn(join(sys, 'class/block')).flatMap((name) => {
    if (textOf(join(sys, 'class/block', name, 'loop/backing_file')) !== image) return []
    return [`it is the image of /dev/${name}, which is ${used.get(name) ?? 'set up'}`]
  })
}

/** What is mounted or swapped to, by the name of its block device. */
function usedSources(proc: string): Map<string, string> {
  const used = new Map<string, string>()
  for (const line of textOf(join(proc, 'mounts')).split('\n')) {
    const [source = '', at] = line.split(' ')
    if (source.startsWith('/dev/')) used.set(nameOf(source), `mounted at ${at}`)
  }
  for (const line of textOf(join(proc, 'swaps')).split('\n')) {
    const [source = ''] = line.split(/\s/)
    if (source.startsWith('/dev/')) used.set(nameOf(source), 'swap space')
  }
  return used
}

/** A mount may name the device by a link. */
function nameOf(source: string): string {
  try {
    return basename(realpathSync(source))
  } catch {
    return basename(source)
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}
