// SPDX-License-Identifier: MIT
// What the virtual machines need, in a cache folder: a Linux kernel with its modules, an initrd, a
// QEMU. Every part is made once; a part whose recipe changed is made again. Needs apt, xz, a C
// compiler; no root.

import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fetchPackages, type PackageSet } from './apt.ts'
import { withLock } from './lock.ts'
import { capture, run } from './process.ts'

/** What `boot` needs of a prepared lab. */
export interface Lab {
  /** Program and first arguments that run QEMU. */
  qemu: string[]
  vmlinux: string
  initrd: string
  tscKhz: string
}

const kernelPackages: PackageSet = {
  suites: ['bookworm'],
  packages: ['linux-image-amd64', 'busybox-static'],
  provided: ['kmod', 'linux-base', 'initramfs-tools'],
}
// vfio-user-pci came with QEMU 10.1.
const qemuPackages: PackageSet = {
  suites: ['trixie', 'trixie-backports'],
  packages: ['qemu-system-x86'],
}
// What the guest needs before it sees the machine's files.
const earlyModules = ['virtio_pci', '9pnet_virtio', '9p', 'overlay']

const here = dirname(fileURLToPath(import.meta.url))

/** Where the parts are kept: PEERNVM_LAB, else a folder of the system or of the user. */
export function cacheFolder(): string {
  const shared = process.getuid?.() === 0 ? '/var/cache' : join(homedir(), '.cache')
  return process.env.PEERNVM_LAB ?? join(shared, 'peernvm-lab')
}

/** Makes what is missing; rejects with LabUnavailable where this machine cannot have it. */
export async function prepareLab(report: (line: string) => void): Promise<Lab> {
  const cache = cacheFolder()
  mkdirSync(cache, { recursive: true })
  return withLock(cache, async () => {
    const make = (name: string, recipe: unknown, build: (folder: string) => Promise<void>) =>
      makePart(cache, name, recipe, build, report)
    const qemu = await make('qemu', qemuPackages, (folder) => fetchPackages(folder, qemuPackages))
    const kernel = await make('kernel', kernelPackages, makeKernel)
    const init = join(here, 'init.sh')
    const recipe = [earlyModules, readFileSync(init, 'utf8')]
    const initrd = await make('initrd', recipe, (folder) => makeInitrd(folder, kernel, init))
    const clock = await make(
      'clock',
      readFileSync(join(here, 'tsc_khz.c'), 'utf8'),
      async (folder) => run('cc', ['-O2', '-o', join(folder, 'tsc_khz'), join(here, 'tsc_khz.c')]),
    )
    return {
      qemu: qemuCommand(join(qemu, 'root')),
      vmlinux: join(kernel, 'vmlinux'),
      initrd: join(initrd, 'initrd.img'),
      tscKhz: await capture(join(clock, 'tsc_khz'), []),
    }
  })
}

/** A part appears under its name when it is complete; its stamp says what it was made of. */
async function makePart(
  cache: string,
  name: string,
  recipe: unknown,
  build: (folder: string) => Promise<void>,
  report: (line: string) => void,
): Promise<string> {
  const folder = join(cache, name)
  const stamp = createHash('sha256').update(JSON.stringify(recipe)).digest('hex')
  const stampFile = join(folder, 'stamp')
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return folder
  const partial = `${folder}.partial`
  rmSync(partial, { recursive: true, force: true })
  mkdirSync(partial)
  const start = performance.now()
  report(`preparing ${name} in ${cache}`)
  await build(partial)
  writeFileSync(join(partial, 'stamp'), stamp)
  rmSync(folder, { recursive: true, force: true })
  renameSync(partial, folder)
  report(`prepared ${name} in ${((performance.now() - start) / 1000).toFixed(1)} s`)
  return folder
}

async function makeKernel(folder: string): Promise<void> {
  await fetchPackages(folder, kernelPackages)
  const root = join(folder, 'root')
  const release = kernelRelease(root)
  await run(join(root, 'bin/busybox'), ['depmod', '-b', root, release])
  const payload = join(folder, 'vmlinux.xz')
  writeFileSync(payload, compressedKernel(readFileSync(join(root, `boot/vmlinuz-${release}`))))
  await run('xz', ['--decompress', '--single-stream', payload])
}

function kernelRelease(root: string): string {
  const [release] = readdirSync(join(root, 'lib/modules'))
  if (release === undefined) throw new Error(`${root} has no kernel`)
  return release
}

/** The ELF file within a bzImage, still compressed (x86 boot protocol 2.08, payload_offset). */
function compressedKernel(image: Buffer): Buffer {
  const setupSectors = image.readUInt8(0x1f1)
  const payloadOffset = image.readUInt32LE(0x248)
  const payloadByteLength = image.readUInt32LE(0x24c)
  const start = (setupSectors + 1) * 512 + payloadOffset
  return image.subarray(start, start + payloadByteLength)
}

async function makeInitrd(folder: string, kernel: string, init: string): Promise<void> {
  const root = join(kernel, 'root')
  const modules = join(root, 'lib/modules', kernelRelease(root))
  const tree = join(folder, 'tree')
  for (const name of ['bin', 'dev', 'proc', 'sys', 'machine', 'layer', 'root', 'modules']) {
    mkdirSync(join(tree, name), { recursive: true })
  }
  copyFileSync(init, join(tree, 'init'))
  copyFileSync(join(root, 'bin/busybox'), join(tree, 'bin/busybox'))
  copyFileSync(join(root, 'bin/busybox'), join(tree, 'bin/sh'))
  const order = insertionOrder(readFileSync(join(modules, 'modules.dep'), 'utf8'), earlyModules)
  for (const path of order) copyFileSync(join(modules, path), join(tree, 'modules', basename(path)))
  writeFileSync(join(tree, 'modules/order'), order.map((path) => `${basename(path)}\n`).join(''))
  // Under this name the guest sees the modules: the cache as it will be, not as it is being made.
  writeFileSync(join(tree, 'modules/folder'), `${modules}\n`)
  const pack = `find . | ${join(root, 'bin/busybox')} cpio -o -H newc > ../initrd.img`
  await run('sh', ['-c', `chmod 755 init && ${pack}`], tree)
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

/** Debian 13's QEMU with Debian 13's libraries: started by its own loader, it needs no chroot. */
function qemuCommand(root: string): string[] {
  const libraries = join(root, 'usr/lib/x86_64-linux-gnu')
  return [
    join(root, 'usr/lib64/ld-linux-x86-64.so.2'),
    '--library-path',
    `${libraries}:${join(libraries, 'pulseaudio')}`,
    join(root, 'usr/bin/qemu-system-x86_64'),
    '-L',
    join(root, 'usr/share/qemu'),
    '-L',
    join(root, 'usr/share/seabios'),
  ]
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await prepareLab((line) => console.log(`guest: ${line}`))
}
