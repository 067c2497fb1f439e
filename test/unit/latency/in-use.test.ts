// SPDX-License-Identifier: MIT
// Devices that are in use are refused, on trees of files as sysfs and procfs have them.
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { refuseInUse } from '../../../benchmarks/latency/in-use.ts'
import { refuseUnconfirmed } from '../../../benchmarks/latency/safety.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const address = '0000:05:00.0'
const pci = `sys/devices/pci0000:00/0000:00:01.0/${address}`
let folder: TemporaryFolder

beforeEach(() => {
  folder = temporaryFolder('in-use')
})
afterEach(() => folder[Symbol.dispose]())

const at = (path: string) => join(folder.path, path)
const folders = () => ({ sys: at('sys'), proc: at('proc') })

function write(path: string, text = ''): void {
  mkdirSync(dirname(at(path)), { recursive: true })
  writeFileSync(at(path), text)
}

function link(path: string, to: string): void {
  mkdirSync(dirname(at(path)), { recursive: true })
  mkdirSync(at(to), { recursive: true })
  symlinkSync(at(to), at(path))
}

/** A block device below `parent`, with its entry in the class. */
function block(name: string, parent: string): string {
  const path = `${parent}/${name}`
  link(`sys/class/block/${name}`, path)
  mkdirSync(at(`${path}/holders`), { recursive: true })
  return path
}

function recordDevice({ mounts = '', swaps = '' } = {}): string {
  link(`sys/bus/pci/devices/${address}`, pci)
  mkdirSync(at(`${pci}/nvme/nvme0`), { recursive: true })
  write('proc/mounts', `proc /proc proc rw 0 0\n${mounts}`)
  write('proc/swaps', `Filename Type Size Used Priority\n${swaps}`)
  return block('nvme0n1', `${pci}/nvme/nvme0`)
}

const check = (target: string) => () => refuseInUse(target, folders())

test('a device without namespaces in use is none of our business', () => {
  recordDevice({ mounts: '/dev/nvme1n1 / ext4 rw 0 0\n' })
  expect(check(address)).not.toThrow()
  expect(check('0000:06:00.0')).not.toThrow()
  expect(check(at('no.img'))).not.toThrow()
})

test.each([address, '05:00.0', `pci:${address}`])('%s that is mounted is refused', (target) => {
  recordDevice({ mounts: '/dev/nvme0n1 /data ext4 rw 0 0\n' })
  expect(check(target)).toThrow(/ERR_BUSY|nvme0n1 is mounted at \/data/)
})

test('a partition is refused, mounted or not', () => {
  const disk = recordDevice({ mounts: '/dev/nvme0n1p1 /home ext4 rw 0 0\n' })
  write(`${block('nvme0n1p1', disk)}/partition`, '1\n')
  write(`${block('nvme0n1p2', disk)}/partition`, '2\n')
  expect(check(address)).toThrow(
    /nvme0n1p1 is a partition of it; .*p1 is mounted at \/home; .*p2 is a partition/,
  )
})

test('swap space is refused, and what another device is made of', () => {
  const disk = recordDevice({ swaps: '/dev/nvme0n1 partition 1000 0 -2\n' })
  mkdirSync(at(`${disk}/holders/dm-0`))
  expect(check(address)).toThrow(/nvme0n1 is swap space; .*dm-0 uses .*nvme0n1/)
})

test('with multipathing the namespace is found through its subsystem', () => {
  recordDevice({ mounts: '/dev/nvme7n1 /data ext4 rw 0 0\n' })
  const subsystem = 'sys/devices/virtual/nvme-subsystem/nvme-subsys7'
  link(`${subsystem}/nvme0`, `${pci}/nvme/nvme0`)
  block('nvme7n1', subsystem)
  expect(check(address)).toThrow(/nvme7n1 is mounted at \/data/)
})

test('the namespace of another controller does not count', () => {
  recordDevice({ mounts: '/dev/nvme7n1 /data ext4 rw 0 0\n' })
  const subsystem = 'sys/devices/virtual/nvme-subsystem/nvme-subsys7'
  mkdirSync(at(`${subsystem}/nvme3`), { recursive: true })
  block('nvme7n1', subsystem)
  expect(check(address)).not.toThrow()
})

test('an image that a loop device shows is refused', () => {
  write('disk.img')
  write('proc/mounts', '/dev/loop3 /mnt ext4 rw 0 0\n')
  const loop = block('loop3', 'sys/devices/virtual/block')
  write(`${loop}/loop/backing_file`, `${realpathSync(at('disk.img'))}\n`)
  expect(check(at('disk.img'))).toThrow(/image of \/dev\/loop3, which is mounted at \/mnt/)
})

test('writing to what is no emulator needs a second word, after model and serial number', () => {
  const device = { model: 'Fast One', serial: 'S123' }
  const write =
    (options: { write: boolean; yes: boolean }, emulated = false) =>
    () =>
      refuseUnconfirmed(options, emulated, device)
  expect(write({ write: true, yes: false })).toThrow(/Fast One \(serial number S123\) needs --yes/)
  expect(write({ write: true, yes: true })).not.toThrow()
  expect(write({ write: true, yes: false }, true)).not.toThrow()
  expect(write({ write: false, yes: false })).not.toThrow()
})
