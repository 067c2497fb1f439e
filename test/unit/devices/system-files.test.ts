// SPDX-License-Identifier: MIT
// A machine whose files are below a folder, and what is tried on this one.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pciFunctions } from '../../../src/devices/pci.ts'
import { RealFiles } from '../../../src/devices/system-files.ts'
import { tryOut } from '../../../src/doctor/trials.ts'
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

test('the native part and the emulator work here', async () => {
  expect(await tryOut()).toMatchObject({ addon: undefined, emulator: undefined, memfd: undefined })
})
