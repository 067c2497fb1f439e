// SPDX-License-Identifier: MIT
// Which Linux a guest runs: a Debian suite's kernel, with nvme-cli and xfsprogs of the same age.
import type { PackageSet } from './apt.ts'

export interface Suite {
  name: string
  kernel: PackageSet
  tools: PackageSet
  /** Whose source has nvme-cli's own tests; Debian 12's have faults (docs/limits.md). */
  nvmeCli?: PackageSet
  /** Where busybox, linked statically, is among the tools. */
  busybox: string
}

// What a kernel's installation would run, and tools of this kind do not use.
const unusedByKernels = ['kmod', 'linux-base', 'initramfs-tools']
const unusedByTools = ['python3', 'python3-dbus', 'uuid-runtime', 'debconf']

const bookworm: Suite = {
  name: 'bookworm',
  kernel: {
    suites: ['bookworm'],
    packages: ['linux-image-amd64'],
    provided: unusedByKernels,
  },
  tools: {
    suites: ['bookworm'],
    packages: ['nvme-cli', 'xfsprogs', 'busybox-static'],
    provided: unusedByTools,
  },
  busybox: 'bin/busybox',
}

const backports: Suite = {
  name: 'backports',
  kernel: {
    suites: ['trixie', 'trixie-backports'],
    packages: ['linux-image-amd64'],
    provided: unusedByKernels,
  },
  tools: {
    suites: ['trixie', 'trixie-backports'],
    packages: ['nvme-cli', 'xfsprogs', 'busybox-static', 'zstd'],
    provided: unusedByTools,
  },
  nvmeCli: { suites: ['trixie'], packages: ['nvme-cli'] },
  busybox: 'usr/bin/busybox',
}

const suites = [bookworm, backports]

/** PEERNVM_GUEST_SUITE names it; bookworm unless told. */
export function chosenSuite(): Suite {
  const name = process.env.PEERNVM_GUEST_SUITE ?? bookworm.name
  const suite = suites.find((candidate) => candidate.name === name)
  const names = suites.map((candidate) => candidate.name).join(', ')
  if (suite === undefined) throw new Error(`PEERNVM_GUEST_SUITE=${name}: there are ${names}`)
  return suite
}
