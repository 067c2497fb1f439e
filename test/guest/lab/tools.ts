// SPDX-License-Identifier: MIT
// Programs of another Debian, made to run on any: each is started by the loader and with the
// libraries of its own suite.

import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fetchPackages, type PackageSet } from './apt.ts'

const programs = {
  busybox: 'bin/busybox',
  nvme: 'usr/sbin/nvme',
  'mkfs.xfs': 'sbin/mkfs.xfs',
  xfs_repair: 'sbin/xfs_repair',
  zstd: 'usr/bin/zstd',
}

/** Makes `folder`/bin with a starter for each program that the packages have. */
export async function makeTools(folder: string, set: PackageSet): Promise<void> {
  await fetchPackages(folder, set)
  mkdirSync(join(folder, 'bin'))
  for (const [name, path] of Object.entries(programs)) {
    const places = [path, join('usr', path)]
    const place = places.find((candidate) => existsSync(join(folder, 'root', candidate)))
    if (place !== undefined) writeStarter(folder, name, place)
  }
}

// It names no absolute path, because the folder is renamed when it is complete.
function writeStarter(folder: string, name: string, program: string): void {
  const loader = ['usr/lib64', 'lib64']
    .map((path) => join(path, 'ld-linux-x86-64.so.2'))
    .find((path) => existsSync(join(folder, 'root', path)))
  const libraries = ['lib', 'usr/lib'].map((path) => `$root/${path}/x86_64-linux-gnu`).join(':')
  const lines = [
    '#!/bin/sh',
    `root=\${0%/*}/../root`,
    `exec "$root/${loader}" --library-path "${libraries}" "$root/${program}" "$@"`,
  ]
  writeFileSync(join(folder, 'bin', name), `${lines.join('\n')}\n`)
  chmodSync(join(folder, 'bin', name), 0o755)
}
