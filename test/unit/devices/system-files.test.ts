// SPDX-License-Identifier: MIT
// Files below a folder, and what this machine says when it is asked.
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pciFunctions } from '../../../src/devices/pci.ts'
import { RealFiles } from '../../../src/devices/system-files.ts'
import { tryOut } from '../../../src/doctor/trials.ts'
import { skipVisibly } from '../../support/skip.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

test('files, folders and links are those below its root', () => {
  using folder = temporaryFolder('machine')
  const at = (path: string) => join(folder.path, path)
  mkdirSync(at('sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0'), { recursive: true })
  mkdirSync(at('sys/bus/pci/devices'), { recursive: true })
  mkdirSync(at('sys/bus/pci/drivers/nvme'), { recursive: true })
  const device = at('sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0')
  writeFileSync(join(device, 'class'), '0x010802\n')
  symlinkSync('../../../../bus/pci/drivers/nvme', join(device, 'driver'))
  const link = '../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0'
  symlinkSync(link, at('sys/bus/pci/devices/0000:01:00.0'))
  const machine = new RealFiles(folder.path)
  expect(pciFunctions(machine)).toEqual([
    {
      address: '0000:01:00.0',
      classCode: 0x010802,
      vendor: 0,
      driver: 'nvme',
      group: undefined,
      numaNode: undefined,
      above: ['pci0000:00', '0000:00:01.0'],
    },
  ])
  expect(machine.list('/sys/bus/pci')).toEqual(['devices', 'drivers'])
  expect(machine.mayUse('/sys/bus/pci/devices/0000:01:00.0/class')).toBe(true)
})

test('what is not there is undefined, empty, or of no use', () => {
  const machine = new RealFiles()
  const path = '/no/such/path'
  expect([machine.text(path), machine.link(path), machine.real(path)]).toEqual(
    Array(3).fill(undefined),
  )
  expect(machine.list(path)).toEqual([])
  expect(machine.mayUse(path)).toBe(false)
  expect(machine.isClaimed(path)).toBeUndefined()
  expect(machine.isClaimed('/dev/null')).toBeUndefined()
})

/** Opens a block device for this process alone, by which the kernel knows it as claimed. */
function claimOne(): { path: string; fd: number } | undefined {
  for (const name of readdirSync('/dev')) {
    const path = join('/dev', name)
    try {
      if (!statSync(path).isBlockDevice()) continue
      return { path, fd: openSync(path, constants.O_RDONLY | constants.O_EXCL) }
    } catch {} // somebody else has it, or this process may not
  }
  return undefined
}

test('the kernel says whether somebody has a block device', (context) => {
  const claimed = claimOne()
  if (claimed === undefined) {
    skipVisibly(context, 'no block device may be opened', 'run it as root, with one in /dev')
  }
  const system = new RealFiles()
  const whileClaimed = system.isClaimed(claimed.path)
  closeSync(claimed.fd)
  expect([whileClaimed, system.isClaimed(claimed.path)]).toEqual([true, false])
})

test('the native part and the emulator work here', async () => {
  expect(await tryOut()).toMatchObject({ addon: undefined, emulator: undefined, memfd: undefined })
})
