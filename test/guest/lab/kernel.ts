// SPDX-License-Identifier: MIT
// A packaged kernel made ready to boot: its ELF image, the modules that guests load, and an initrd
// that finds the machine's files.

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fetchPackages, type PackageSet } from './apt.ts'
import { run } from './process.ts'

// What the guest needs before it sees the machine's files.
export const earlyModules = ['virtio_pci', '9pnet_virtio', '9p', 'overlay']
/** The others of the thousands of modules are thrown away: to sort them takes a minute. */
export const keptModules = [
  ...['arch', 'block', 'crypto', 'lib', 'virt', 'net/9p'],
  ...['9p', 'ext4', 'fscache', 'jbd2', 'netfs', 'overlayfs', 'xfs'].map((name) => `fs/${name}`),
  'fs/mbcache.ko',
  ...['block', 'iommu', 'nvme', 'pci', 'vfio', 'virtio'].map((name) => `drivers/${name}`),
]

/** Makes `folder`/vmlinux, and modules in `folder`/root. */
export async function makeKernel(folder: string, set: PackageSet, tools: string): Promise<void> {
  await fetchPackages(folder, set)
  const root = join(folder, 'root')
  const release = kernelRelease(root)
  keepOnly(join(moduleFolder(root), 'kernel'), '')
  // Those of Debian 13 are compressed.
  await run('sh', ['-c', "find . -name '*.ko.xz' -exec xz --decompress {} +"], moduleFolder(root))
  await run(join(tools, 'busybox'), ['depmod', '-b', moduleRoot(root), release])
  const images = [join(root, `boot/vmlinuz-${release}`), join(moduleFolder(root), 'vmlinuz')]
  const image = images.find((path) => existsSync(path))
  if (image === undefined) throw new Error(`${root} has no kernel`)
  const payload = compressedKernel(readFileSync(image))
  writeFileSync(join(folder, 'payload'), payload)
  await run('sh', ['-c', `${decompressor(payload, tools)} < payload > vmlinux`], folder)
  rmSync(join(folder, 'payload'))
}

/** Makes `folder`/initrd.img for the kernel in the folder `kernel`. */
export async function makeInitrd(
  folder: string,
  { kernel, busybox, init }: { kernel: string; busybox: string; init: string },
): Promise<void> {
  const modules = moduleFolder(join(kernel, 'root'))
  const tree = join(folder, 'tree')
  for (const name of ['bin', 'dev', 'proc', 'sys', 'machine', 'layer', 'root', 'modules']) {
    mkdirSync(join(tree, name), { recursive: true })
  }
  copyFileSync(init, join(tree, 'init'))
  copyFileSync(busybox, join(tree, 'bin/busybox'))
  copyFileSync(busybox, join(tree, 'bin/sh'))
  const order = insertionOrder(readFileSync(join(modules, 'modules.dep'), 'utf8'), earlyModules)
  for (const path of order) copyFileSync(join(modules, path), join(tree, 'modules', basename(path)))
  writeFileSync(join(tree, 'modules/order'), order.map((path) => `${basename(path)}\n`).join(''))
  // Under this name the guest sees the modules: the cache as it will be, not as it is being made.
  writeFileSync(join(tree, 'modules/folder'), `${modules}\n`)
  const pack = `find . | ${busybox} cpio -o -H newc > ../initrd.img`
  await run('sh', ['-c', `chmod 755 init && ${pack}`], tree)
}

/** Debian 13 has no /lib beside /usr/lib. */
function moduleRoot(root: string): string {
  const places = [root, join(root, 'usr')]
  const place = places.find((path) => readdirSync(path).includes('lib'))
  if (place === undefined) throw new Error(`${root} has no kernel`)
  return place
}

function kernelRelease(root: string): string {
  const [release] = readdirSync(join(moduleRoot(root), 'lib/modules'))
  if (release === undefined) throw new Error(`${root} has no kernel`)
  return release
}

function moduleFolder(root: string): string {
  return join(moduleRoot(root), 'lib/modules', kernelRelease(root))
}

/** Removes from `folder`/`path` what is neither kept nor on the way to it. */
function keepOnly(folder: string, path: string): void {
  for (const entry of readdirSync(join(folder, path))) {
    const name = join(path, entry)
    if (keptModules.some((kept) => kept === name.replace(/\.xz$/, ''))) continue
    if (keptModules.some((kept) => dirname(kept).startsWith(name))) keepOnly(folder, name)
    else rmSync(join(folder, name), { recursive: true })
  }
}

/**
 * The ELF file within a bzImage, still compressed (x86 boot protocol 2.08, payload_offset). Its
 * length when it is not follows it in four bytes.
 */
function compressedKernel(image: Buffer): Buffer {
  const setupSectors = image.readUInt8(0x1f1)
  const payloadOffset = image.readUInt32LE(0x248)
  const payloadByteLength = image.readUInt32LE(0x24c)
  const start = (setupSectors + 1) * 512 + payloadOffset
  return image.subarray(start, start + payloadByteLength - 4)
}

function decompressor(payload: Buffer, tools: string): string {
  const isZstd = payload.readUInt32LE(0) === 0xfd2fb528
  return isZstd ? `${join(tools, 'zstd')} --decompress` : 'xz --decompress'
}

/** modules.dep lists for each module what it needs, the innermost last. */
function insertionOrder(modulesDep: string, names: string[]): string[] {
  const needs = new Map<string, string[]>()
  for (const line of modulesDep.split('\n')) {
    const [path = '', rest = ''] = line.split(':')
    needs.set(basename(path, '.ko'), [path, ...rest.split(' ').filter(Boolean)])
  }
  return [...new Set(names.flatMap((name) => (needs.get(name) ?? []).toReversed()))]
}
