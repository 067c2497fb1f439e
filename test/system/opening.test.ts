// SPDX-License-Identifier: MIT
// Devices that are slow to answer, and what a process does with others meanwhile.
import { join } from 'node:path'
import { type Controller, openController } from 'peernvm'
import { afterEach, describe, expect, test } from 'vitest'
import { killServing, Serving } from '../support/serving.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

afterEach(killServing)

/** Opens, uses and closes another controller while `call` waits for a server that was stopped. */
async function whileItWaits<T>(server: Serving, call: () => Promise<T>): Promise<T> {
  const open = await openController()
  await server.stop()
  let waits = true
  const slow = call().finally(() => {
    waits = false
  })
  slow.catch(() => {}) // whoever awaits it hears of it
  const other = await openController()
  await other.admin.identifyController()
  await other.close()
  await open.close()
  expect(waits).toBe(true)
  server.process.kill('SIGCONT')
  return slow
}

describe.each([
  ['a manager', Serving.start],
  ['a vfio-user server', Serving.startVfioUser],
] as const)('%s that does not answer holds up no other controller', (_, start) => {
  test('when it is opened', async () => {
    using folder = temporaryFolder('opening')
    const socket = join(folder.path, 'socket')
    using server = await start(socket)
    const slow: Controller = await whileItWaits(server, () => openController(socket))
    await slow.close()
  })
})

test('a vfio-user server that does not answer holds up no other when it is claimed', async () => {
  using folder = temporaryFolder('opening')
  const socket = join(folder.path, 'socket')
  using server = await Serving.startVfioUser(socket)
  await using slow = await openController(socket, { role: 'reference' })
  await whileItWaits(server, () => slow.claimAdmin())
  expect((await slow.admin.identifyController()).nn).toBe(256)
})
