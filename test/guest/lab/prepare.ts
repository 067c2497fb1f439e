// SPDX-License-Identifier: MIT
// What the virtual machines need, in a cache folder: a Linux kernel with its modules, an initrd,
// the suite's tools, a QEMU. Every part is made once; a part whose recipe changed is made again.
// Needs apt, xz, a C compiler; no root.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fetchPackages, fetchSource, type PackageSet } from './apt.ts'
import { earlyModules, keptModules, makeInitrd, makeKernel } from './kernel.ts'
import { withLock } from './lock.ts'
import { capture, LabUnavailable, run } from './process.ts'
import { chosenSuite } from './suites.ts'
import { makeTools } from './tools.ts'

/** What `boot` needs of a prepared lab. */
export interface Lab {
  /** Program and first arguments that run QEMU. */
  qemu: string[]
  vmlinux: string
  initrd: string
  /** Folder of the suite's programs, for the guest's PATH. */
  tools: string
  tscKhz: string
}

// vfio-user-pci came with QEMU 10.1.
const qemuPackages: PackageSet = {
  suites: ['trixie', 'trixie-backports'],
  packages: ['qemu-system-x86'],
}

const here = dirname(fileURLToPath(import.meta.url))

/** Where the parts are kept: PEERNVM_LAB, else a folder of the system or of the user. */
export function cacheFolder(): string {
  const shared = process.getuid?.() === 0 ? '/var/cache' : join(homedir(), '.cache')
  return process.env.PEERNVM_LAB ?? join(shared, 'peernvm-lab')
}

/** Makes what is missing; rejects with LabUnavailable where this machine cannot have it. */
export async function prepareLab(report: (line: string) => void): Promise<Lab> {
  const suite = chosenSuite()
  const cache = cacheFolder()
  mkdirSync(cache, { recursive: true })
  return withLock(cache, async () => {
    const make = (name: string, recipe: unknown, build: (folder: string) => Promise<void>) =>
      makePart(cache, name, recipe, build, report)
    const qemu = await make('qemu', qemuPackages, (folder) => fetchPackages(folder, qemuPackages))
    const tools = await make(`tools-${suite.name}`, suite.tools, (folder) =>
      makeTools(folder, suite.tools),
    )
    const kernelRecipe = [suite.kernel, keptModules]
    const kernel = await make(`kernel-${suite.name}`, kernelRecipe, (folder) =>
      makeKernel(folder, suite.kernel, join(tools, 'bin')),
    )
    const init = join(here, 'init.sh')
    const initrdRecipe = [kernelRecipe, earlyModules, readFileSync(init, 'utf8')]
    const busybox = join(tools, 'root', suite.busybox)
    const initrd = await make(`initrd-${suite.name}`, initrdRecipe, (folder) =>
      makeInitrd(folder, { kernel, busybox, init }),
    )
    const clock = await make(
      'clock',
      readFileSync(join(here, 'tsc_khz.c'), 'utf8'),
      async (folder) => run('cc', ['-O2', '-o', join(folder, 'tsc_khz'), join(here, 'tsc_khz.c')]),
    )
    return {
      qemu: qemuCommand(join(qemu, 'root')),
      vmlinux: join(kernel, 'vmlinux'),
      initrd: join(initrd, 'initrd.img'),
      tools: join(tools, 'bin'),
      tscKhz: await capture(join(clock, 'tsc_khz'), []),
    }
  })
}

/** The source of the suite's nvme-cli, in a folder; rejects with LabUnavailable. */
export async function prepareNvmeCliSource(report: (line: string) => void): Promise<string> {
  const { name, nvmeCli } = chosenSuite()
  if (nvmeCli === undefined) {
    throw new LabUnavailable(`${name} has no such tests`, 'PEERNVM_GUEST_SUITE=backports')
  }
  const cache = cacheFolder()
  mkdirSync(cache, { recursive: true })
  const build = (folder: string) => fetchSource(folder, nvmeCli)
  const part = await withLock(cache, () =>
    makePart(cache, `nvme-cli-${name}`, nvmeCli, build, report),
  )
  return join(part, 'source')
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
