// SPDX-License-Identifier: MIT
// Fetches Debian packages of any suite and unpacks them into a folder. Nothing is installed on the
// machine: apt works on lists, sources and a package status of its own, so that this needs no root
// and no chroot.

import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { capture, LabUnavailable, run } from './process.ts'

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

export interface PackageSet {
  /** Suites to take packages from; with several, the last one is preferred. */
  suites: string[]
  packages: string[]
  /** Packages that count as installed, with all that they would pull in. */
  provided?: string[]
}

/** Downloads a set with all its dependencies and unpacks it into `folder/root`. */
export async function fetchPackages(folder: string, set: PackageSet): Promise<void> {
  const apt = join(folder, 'apt')
  const archives = join(apt, 'archives')
  mkdirSync(join(folder, 'root'))
  const install = ['--yes', '--download-only', 'install']
  await fetch(apt, set, { type: 'deb', args: [...install, ...set.packages] })
  for (const archive of readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
    await run('dpkg-deb', ['--extract', join(archives, archive), join(folder, 'root')])
  }
  rmSync(apt, { recursive: true })
}

/** Downloads the source of a package and unpacks it into `folder/source`. */
export async function fetchSource(folder: string, set: PackageSet): Promise<void> {
  const apt = join(folder, 'apt')
  mkdirSync(join(folder, 'source'))
  await fetch(apt, set, { type: 'deb-src', args: ['--download-only', 'source', ...set.packages] })
  for (const archive of readdirSync(apt).filter((name) => name.includes('.orig.tar.'))) {
    const unpack = ['--extract', '--file', join(apt, archive), '--strip-components=1']
    await run('tar', [...unpack, '--directory', join(folder, 'source')])
  }
  rmSync(apt, { recursive: true })
}

/** Runs apt-get on the lists of the set's suites, in the folder `apt`. */
async function fetch(
  apt: string,
  set: PackageSet,
  { type, args }: { type: 'deb' | 'deb-src'; args: string[] },
): Promise<void> {
  mkdirSync(join(apt, 'archives', 'partial'), { recursive: true })
  mkdirSync(join(apt, 'lists', 'partial'), { recursive: true })
  writeFileSync(join(apt, 'sources.list'), await sourceLines(type, set.suites))
  writeFileSync(join(apt, 'status'), (set.provided ?? []).map(installedEntry).join('\n'))
  const options = aptOptions(apt)
  const suite = set.suites.at(-1) as string
  try {
    await run('apt-get', [...options, 'update'])
    await run('apt-get', [...options, '--target-release', suite, ...args], apt)
  } catch (error) {
    const what = `${set.packages.join(', ')} of Debian ${set.suites.join(', ')}`
    const fix = 'the mirror that apt uses must be reachable and have it'
    throw new LabUnavailable(`${what} cannot be fetched`, fix, error)
  }
}

/** The mirror that this machine's own apt uses serves the other suites, too. */
async function sourceLines(type: 'deb' | 'deb-src', suites: string[]): Promise<string> {
  const fields = ['Created-By: Packages', 'Label: Debian', 'Component: main']
  let mirrors = ''
  if (existsSync(keyring)) {
    mirrors = await capture('apt-get', ['indextargets', '--format', '$(REPO_URI)', ...fields])
  }
  const mirror = mirrors.split('\n')[0]
  if (!mirror) {
    const fix = 'on Debian: apt-get update && apt-get install debian-archive-keyring'
    throw new LabUnavailable('no Debian mirror among the sources of apt', fix)
  }
  return suites.map((suite) => `${type} [signed-by=${keyring}] ${mirror} ${suite} main\n`).join('')
}

function installedEntry(name: string): string {
  const fields = [
    'Status: install ok installed',
    'Version: 9999',
    'Architecture: amd64',
    'Multi-Arch: allowed',
  ]
  return [`Package: ${name}`, ...fields, 'Maintainer: none', 'Description: none', ''].join('\n')
}

function aptOptions(apt: string): string[] {
  return [
    `Dir::State=${apt}`,
    `Dir::State::status=${join(apt, 'status')}`,
    `Dir::Cache=${apt}`,
    `Dir::Etc::sourcelist=${join(apt, 'sources.list')}`,
    'Dir::Etc::sourceparts=/dev/null',
    'Dir::Etc::preferencesparts=/dev/null',
    'APT::Sandbox::User=',
    'APT::Architecture=amd64',
    'APT::Install-Recommends=false',
    'Acquire::Languages=none',
    'Acquire::Retries=2',
    'Acquire::http::Timeout=15',
    'Acquire::https::Timeout=15',
    // A suite that cannot be had is an error here, not later.
    'APT::Update::Error-Mode=any',
  ].flatMap((option) => ['--option', option])
}
