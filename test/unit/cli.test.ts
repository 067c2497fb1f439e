// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { IdentifyController } from '../../src/admin/identify.ts'
import { renderIdentify } from '../../src/cli/identify.ts'
import type { ControllerInfo } from '../../src/controller.ts'
import { runProgram } from '../support/process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const program = fileURLToPath(new URL('../../dist/src/cli/peernvm.js', import.meta.url))

const block = `------------- Controller information -------------
PCI Vendor ID           : 86 80
PCI Subsystem Vendor ID : 86 80
NVM Express version     : 1.0.0
Controller page size    : 4096
Max queue entries       : 4096
Serial Number           : CVCQ5251008G400AGN
Model Number            : INTEL SSDPEDMW400G4
Firmware revision       : 8EV101H0
Max data transfer size  : 131072
Max outstanding commands: 0
Max number of namespaces: 1
--------------------------------------------------`

describe('peernvm', () => {
  test('output that nobody reads is no crash, and output that is lost no success', async () => {
    const run = (command: string) =>
      runProgram('bash', ['-c', `${process.execPath} ${program} ${command}; exit $?`])
    const unread = await run('log effects | true; sleep 0.2')
    expect(unread.stderr).toBe('Resetting controller and setting up admin queues...\n')
    for (const what of ['identify', 'log effects']) {
      const { code, stderr } = await run(`${what} > /dev/full`)
      expect(code).toBe(1)
      expect(stderr).toContain('ENOSPC')
    }
  })

  test('identify prints the block as libnvm does', () => {
    const identify = {
      vid: 0x8086,
      ssvid: 0x8086,
      sn: 'CVCQ5251008G400AGN',
      mn: 'INTEL SSDPEDMW400G4',
      fr: '8EV101H0',
      maxcmd: 0,
      nn: 1,
    } as IdentifyController
    const info = {
      vs: 0x10000,
      pageSize: 4096,
      queueEntriesMax: 4096,
      transferBytesMax: 131072,
    } as ControllerInfo
    expect(renderIdentify(identify, info)).toBe(block)
  })

  test('an error is one line, and one more that says what to do', async () => {
    const outcome = await runProgram(process.execPath, [program, 'identify', '/no/such/image'])
    expect(outcome.code).toBe(1)
    expect(outcome.stderr).toMatch(/^peernvm: The target cannot be opened: .*\n {2}Give an image/m)
    expect(outcome.stderr).not.toContain('    at ')
  })

  test.each([[], ['--doorbells', 'trap'], ['--doorbells', 'poll']])(
    'serve %s %s ends cleanly at SIGTERM and removes its socket',
    async (...doorbells) => {
      using folder = temporaryFolder('serve')
      const image = join(folder.path, 'disk.img')
      const where = ['--size', '8MiB', '--vfio-user', folder.path]
      const args = [program, 'serve', image, ...where, ...doorbells]
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      let said = ''
      for await (const part of child.stdout) {
        said += part
        if (/-device .*\n/.test(said)) break
      }
      const socket = join(folder.path, 'cntrl')
      expect(said).toMatch(`Serving ${image} at ${socket}\n`)
      expect(said).toContain(
        `-device '{"driver":"vfio-user-pci","socket":{"type":"unix","path":"${socket}"}}'`,
      )
      expect(existsSync(join(folder.path, 'cntrl'))).toBe(true)
      child.kill('SIGTERM')
      expect(await once(child, 'exit')).toEqual([0, null])
      expect(existsSync(join(folder.path, 'cntrl'))).toBe(false)
    },
  )

  test('serve names its ways to ring, in its help and when there is no such', async () => {
    const help = await runProgram(process.execPath, [program, 'serve', '--help'])
    expect(help.stdout).toMatch(/--doorbells .*trap.*poll/s)
    const args = [program, 'serve', 'disk.img', '--vfio-user', '/tmp', '--doorbells', 'knock']
    const outcome = await runProgram(process.execPath, args)
    expect(outcome.code).toBe(2)
    expect(outcome.stderr).toMatch(/doorbells.*trap.*poll.*knock/s)
  })

  test.each([
    [['--timing', 'optane'], /--timing is one of p4800x, 970pro, and not 'optane'/],
    [['--timing', '970pro', '--latency-ns', '5'], /--timing says how long.*leave out --latency-ns/],
  ])('serve refuses %j', async (timing, message) => {
    const args = [program, 'serve', '--size', '4MiB', '--vfio-user', '/nonexistent', ...timing]
    const outcome = await runProgram(process.execPath, args)
    expect(outcome.code).not.toBe(0)
    expect(outcome.stderr).toMatch(message)
  })
})
