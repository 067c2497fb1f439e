// SPDX-License-Identifier: MIT
// The device outlives the driver, the guest and their accidents.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { skipVisibly } from '../support/skip.ts'
import { boot } from './lab/boot.ts'
import { vfioUser } from './lab/serve.ts'
import { guestSuite } from './lab/suite.ts'
import { programText, servedDevice } from './lab/use.ts'

const timeout = 600_000
/** Of QEMU 11.1's client when a server dies while several of its threads wait for it. */
const qemuDefect = "error_setv: Assertion `*errp == NULL' failed"

guestSuite('the driver', {
  files: ['life/driver.sh'],
  environment: { REBINDS: '5' },
  needs: { fio: 'fio' },
})

test('the guest restarts, orderly and abruptly', { timeout }, async (context) => {
  const { lab, share, socket } = await servedDevice(context, { fio: 'fio' })
  const script = programText('life/reboot.sh')
  const outcome = await boot(lab, { script, share, devices: vfioUser(socket), reboots: true })
  expect(outcome.exitCode, outcome.log).toBe(0)
  expect(outcome.log).toContain('boot 3')
})

test('the server dies under I/O', { timeout }, async (context) => {
  const { lab, share, socket, kill } = await servedDevice(context, { fio: 'fio' })
  const operator = async () => {
    await appears(join(share, 'busy'))
    kill()
  }
  const script = programText('life/dead-server.sh')
  const job = { script, share, devices: vfioUser(socket), operator }
  const outcome = await boot(lab, job).catch((error: Error) => {
    if (!error.message.includes(qemuDefect)) throw error
    return skipVisibly(context, 'QEMU ended by an assertion of its own', 'docs/limits.md')
  })
  expect(outcome.exitCode, outcome.log).toBe(0)
})

/** Resolves when the guest has made the file. */
async function appears(path: string): Promise<void> {
  const deadline = performance.now() + 120_000
  while (!existsSync(path)) {
    if (performance.now() > deadline) throw new Error(`the guest did not make ${path}`)
    await sleep(100)
  }
}
