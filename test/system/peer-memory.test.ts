// SPDX-License-Identifier: MIT
// Memory of another PCI function as a target: data of an emulated controller lands there and comes
// from there, and is counted as p2p. The functions are made of files.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { openController } from '../../src/open.ts'
import { DeviceOfFiles, mayMountHere, peerBusAddress } from '../support/device-of-files.ts'
import { refusalOf } from '../support/misuse.ts'
import { runProgram } from '../support/process.ts'
import { skipVisibly } from '../support/skip.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const program = fileURLToPath(new URL('./programs/peer-memory.mjs', import.meta.url))
const range = { bar: 2, byteLength: 4096 }

test('data goes to and from another device, by every way, and is counted', async (context) => {
  if (!mayMountHere()) {
    skipVisibly(context, 'no user namespaces', 'sysctl kernel.unprivileged_userns_clone=1')
  }
  using folder = temporaryFolder('peer-memory')
  const device = new DeviceOfFiles(folder.path, {})
  const file = device.addPeer('0000:06:00.0', 65536)
  const [command = '', ...args] = [...device.launcher, process.execPath, program, file]
  const { stdout, stderr, code } = await runProgram(command, args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout)).toMatchObject({
    memory: { kind: 'peer', path: 'p2p', byteLength: 49152, sizes: [49152] },
    read: [[1], [2], [3], [4], [6], [7], [5]],
    written: [9],
    promises: { commands: 8, p2p: 5, direct: 1, bounce: 1 },
    failed: 0,
    raw: { commands: 6, p2p: 4, direct: 1, bounce: 0 },
    other: { commands: 1, p2p: 0, direct: 0, bounce: 1 },
    attached: ['peer', 'p2p', 49152],
    itself: 'ERR_ARGUMENT',
    address: peerBusAddress + 4096,
    refused: {
      text: 'ERR_TARGET',
      absent: 'ERR_TARGET',
      noBar: 'ERR_RANGE',
      ports: 'ERR_UNSUPPORTED',
      odd: 'ERR_ALIGNMENT',
      beyond: 'ERR_RANGE',
    },
    late: [11],
    vanished: 'ERR_NVME_STATUS',
    seen: 0,
    mapped: [true, false],
    disposed: [0, 'ERR_CLOSED'],
  })
})

test('a controller of another process is given none', async () => {
  using folder = temporaryFolder('peer-clients')
  await using device = await startEmulator({ size: '1MiB', controllers: 2 })
  await using manager = await openController(device.controller(0))
  await using server = await manager.serve({ path: join(folder.path, 'nvm') })
  await using client = await openController(server.path)
  expect(await refusalOf(() => client.mapPeer('0000:06:00.0', range))).toBe('ERR_UNSUPPORTED')
  await using _served = await device.serve({ controller: 1, vfioUser: folder.path })
  await using host = await openController(folder.path)
  expect(host.info.transport).toBe('vfio-user')
  expect(await refusalOf(() => host.mapPeer('0000:06:00.0', range))).toBe('ERR_UNSUPPORTED')
})
