// SPDX-License-Identifier: MIT
// Who uses a drive, on recorded trees of sysfs and procfs: what doctor and the benchmark ask.
import { expect, test } from 'vitest'
import { refuseInUse } from '../../../src/devices/in-use.ts'
import { describeUse, isSeen, usesOfController, usesOfImage } from '../../../src/devices/uses.ts'
import { RecordedMachine } from '../../support/recorded-machine.ts'

const address = '0000:05:00.0'
const drive = `/sys/bus/pci/devices/${address} -> ../../../devices/pci0000:00/${address}
/sys/devices/pci0000:00/${address}/nvme/nvme0
/sys/class/block/nvme0n1 -> ../../devices/pci0000:00/${address}/nvme/nvme0/nvme0n1
/sys/class/block/nvme0n1/dev: 259:0
/proc/self/mountinfo: 22 1 0:21 / /proc rw,nosuid - proc proc rw
/proc/swaps: Filename Type Size Used Priority`
const partition = `/sys/class/block/nvme0n1p1 -> nvme0n1/nvme0n1p1
/sys/class/block/nvme0n1p1/partition: 1
/sys/class/block/nvme0n1p1/dev: 259:1`
const mounted = (number: string, source: string, at = '/data') =>
  `/proc/self/mountinfo: 40 22 ${number} / ${at} rw shared:5 - ext4 ${source} rw`

const md0 = '/sys/class/block/md0/dev: 9:0'

const machine = (...lines: string[]) => new RecordedMachine([drive, ...lines].join('\n'))
const uses = (...lines: string[]) => usesOfController(machine(...lines), address).map(describeUse)

test('a drive that nobody uses, and one that is not there', () => {
  expect(uses(mounted('8:1', '/dev/sda1', '/'))).toEqual([])
  expect(usesOfController(machine(), '0000:06:00.0')).toEqual([])
})

test.each([
  ['by its number', mounted('259:0', '/dev/root'), '/dev/nvme0n1 is mounted at /data'],
  ['by its name', mounted('0:44', '/dev/nvme0n1'), '/dev/nvme0n1 is mounted at /data'],
  [
    'by a link',
    `/dev/disk/by-label/fast -> ../../nvme0n1\n${mounted('0:44', '/dev/disk/by-label/fast')}`,
    '/dev/nvme0n1 is mounted at /data',
  ],
  [
    'at a place with a space',
    mounted('259:0', '/dev/nvme0n1', '/my\\040data'),
    '/dev/nvme0n1 is mounted at /my data',
  ],
])('a mount is found %s', (_, lines, use) => {
  expect(uses(lines)).toEqual([use])
})

test('a partition is a use, and so is what is mounted of it', () => {
  expect(uses(partition)).toEqual(['/dev/nvme0n1p1 is a partition of it'])
  expect(uses(partition, mounted('259:1', '/dev/nvme0n1p1'))).toContain(
    '/dev/nvme0n1p1 is mounted at /data',
  )
})

test('swap space', () => {
  expect(uses('/proc/swaps: /dev/nvme0n1 partition 1000 0 -2')).toEqual([
    '/dev/nvme0n1 is swap space',
  ])
})

test.each(['dm-0', 'md127', 'bcache0'])('what is made of a partition, to its end: %s', (name) => {
  const made = `/sys/class/block/nvme0n1p1/holders/${name}
/sys/class/block/${name}/dev: 254:0
/sys/class/block/${name}/holders/dm-9
/sys/class/block/dm-9/dm/name: vault`
  expect(uses(partition, made, mounted('0:50', '/dev/mapper/vault'))).toEqual([
    '/dev/nvme0n1p1 is a partition of it',
    `/dev/${name} is made of /dev/nvme0n1p1`,
    `/dev/dm-9 is made of /dev/${name}`,
    '/dev/dm-9 is mounted at /data',
  ])
})

test('what is made of two partitions is named for each, and its own uses once', () => {
  const second = partition.replaceAll('p1', 'p2').replace('259:1', '259:2')
  const holders = [1, 2].map((n) => `/sys/class/block/nvme0n1p${n}/holders/md0`)
  expect(uses(partition, second, ...holders, mounted('9:0', '/dev/md0'), md0)).toEqual([
    '/dev/nvme0n1p1 is a partition of it',
    '/dev/md0 is made of /dev/nvme0n1p1',
    '/dev/md0 is mounted at /data',
    '/dev/nvme0n1p2 is a partition of it',
    '/dev/md0 is made of /dev/nvme0n1p2',
  ])
})

test('a loop device over a namespace', () => {
  const loop = '/sys/class/block/loop2/loop/backing_file: /dev/nvme0n1'
  expect(uses(loop)).toEqual(['/dev/loop2 is made of /dev/nvme0n1'])
})

test('a pool of one is what is mounted', () => {
  const btrfs = '/sys/fs/btrfs/12ab/devices/nvme0n1 -> ../../../../block/nvme0n1'
  expect(uses(btrfs, mounted('0:44', '/dev/nvme0n1'))).toEqual(['/dev/nvme0n1 is mounted at /data'])
})

test('members of pools, which name one device in a mount, or none', () => {
  const btrfs = `/sys/fs/btrfs/12ab/devices/sdb -> ../../../../block/sdb
/sys/fs/btrfs/12ab/devices/nvme0n1 -> ../../../../block/nvme0n1`
  expect(uses(btrfs)).toEqual(['/dev/nvme0n1 is part of a pool (Btrfs 12ab)'])
  const zfs = '/run/udev/data/b259:0: E:ID_FS_TYPE=zfs_member'
  expect(uses(zfs)).toEqual(['/dev/nvme0n1 is part of a pool (ZFS)'])
})

const subsystem = '/sys/devices/virtual/nvme-subsystem/nvme-subsys7'
const paths = `../../devices/pci0000:00/${address}/nvme/nvme0`
const multipath = `/sys/class/block/nvme7c0n1 -> ${paths}/nvme7c0n1
/sys/class/block/nvme7n1 -> ../../devices/virtual/nvme-subsystem/nvme-subsys7/nvme7n1
/sys/class/block/nvme7n1/dev: 259:7
${mounted('259:7', '/dev/nvme7n1')}`

test('with multipathing the namespace is found through its subsystem', () => {
  expect(uses(multipath, `${subsystem}/nvme0`)).toEqual(['/dev/nvme7n1 is mounted at /data'])
  expect(uses(multipath, `${subsystem}/nvme3`)).toEqual([])
})

test('what another namespace mounted is known where the kernel may be asked', () => {
  expect(uses('/dev/nvme0n1 claimed')).toEqual([
    'the kernel has given /dev/nvme0n1 to somebody (a mount that is not seen from here)',
  ])
  expect(uses('/dev/nvme0n1 claimed', mounted('259:0', '/dev/nvme0n1'))).toEqual([
    '/dev/nvme0n1 is mounted at /data',
  ])
  expect(isSeen(machine('/dev/nvme0n1 free'), address)).toBe(true)
  expect(isSeen(machine(), address)).toBe(false)
  const shared = machine('/dev/nvme0n1 free', '/dev/nvme7n1 free', multipath, `${subsystem}/nvme0`)
  expect(isSeen(shared, address)).toBe(true) // of a path nothing can be asked
})

test('an image is used by loop devices, their partitions, and as swap', () => {
  const image = '/images/disk.img'
  const loop = `${image}
/sys/class/block/loop3/loop/backing_file: ${image}
/sys/class/block/loop3p1 -> loop3/loop3p1
/sys/class/block/loop3/loop3p1/partition: 1
${mounted('0:9', '/dev/loop3p1', '/mnt')}
/dev/loop3 claimed`
  const of = (lines: string) => usesOfImage(machine(lines), image).map(describeUse)
  expect(of(loop)).toEqual([
    `/dev/loop3 is made of ${image}`,
    '/dev/loop3p1 is a partition of it',
    '/dev/loop3p1 is mounted at /mnt',
  ])
  expect(of(`${image}\n/proc/swaps: ${image} file 1000 0 -2`)).toEqual([`${image} is swap space`])
  expect(of(image)).toEqual([])
  expect(usesOfImage(machine(), '/no.img')).toEqual([])
})

test.each([address, '05:00.0', `pci:${address}`, '0000:05:00.0'.toUpperCase()])(
  'the benchmark refuses %s where it is in use',
  (target) => {
    const used = machine(mounted('259:0', '/dev/nvme0n1'))
    expect(() => refuseInUse(target, used)).toThrow(
      expect.objectContaining({
        code: 'ERR_BUSY',
        message: expect.stringContaining('nvme0n1 is mounted at /data'),
        fix: expect.stringContaining('lsblk --fs'),
      }),
    )
    expect(() => refuseInUse(target, machine())).not.toThrow()
  },
)

test.each(['/images/disk.img', 'emulator:/images/disk.img'])(
  'the benchmark refuses the image %s where a loop device shows it',
  (target) => {
    const loop = '/images/disk.img\n/sys/class/block/loop3/loop/backing_file: /images/disk.img'
    expect(() => refuseInUse(target, machine(loop))).toThrow(/loop3 is made of/)
  },
)
