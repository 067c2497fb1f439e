// SPDX-License-Identifier: MIT
// Who serves a controller is killed and started again, by whichever protocol, and a client that was
// opened with `reconnect`.
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { openController } from 'peernvm'
import { afterEach, describe, expect, test } from 'vitest'
import { failureOf } from '../support/failure.ts'
import { killServing, Serving } from '../support/serving.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

afterEach(killServing)

/** What was under way at the end of a manager, and of a vfio-user server. */
const codes = { start: 'ERR_MANAGER_GONE', startVfioUser: 'ERR_CONTROLLER_GONE' } as const

describe.each([
  ['a manager', 'start', []],
  ['a vfio-user server, doorbells trap', 'startVfioUser', ['--doorbells', 'trap']],
  ['a vfio-user server, doorbells poll', 'startVfioUser', ['--doorbells', 'poll']],
] as const)('%s', (_, how, flags) => {
  const serve = (socket: string, ...args: string[]) => Serving[how](socket, ...args, ...flags)
  const gone = codes[how]

  test('requests under way when it dies fail at once, the next ones work', async () => {
    using folder = temporaryFolder('successors')
    const socket = join(folder.path, 'nvm')
    const image = join(folder.path, 'disk.img')
    let current = await serve(socket, image, '--size', '8MiB')
    const client = await openController(socket, { reconnect: true })
    const namespace = await client.namespace(1)
    const queue = await client.createQueuePair({ mode: 'await', depth: 16 })
    const memory = await client.allocate(16 * 4096)
    let completed = 0
    let rejected = 0
    for (let round = 1; round <= 5; round++) {
      let goesOn = true
      const lane = async (_: unknown, index: number) => {
        const view = memory.view(index * 4096, 4096)
        while (goesOn) {
          view.bytes?.fill(round)
          try {
            await queue.write({ namespace, lba: index * 8, from: view })
            completed++
          } catch (error) {
            expect((error as { code?: string }).code).toBe(gone)
            rejected++
            return
          }
        }
      }
      const lanes = Promise.all(Array.from({ length: 16 }, lane))
      await setTimeout(50)
      // It may be done with all of them when it dies: at each second time it has no chance.
      if (round % 2 === 0) {
        await current.stop()
        for (let before = -1; completed !== before; await setTimeout(20)) before = completed
      }
      const killed = current.kill()
      goesOn = false // who asked again would wait for the next one
      await killed
      await lanes
      current = await serve(socket, image)
      await queue.read({ namespace, lba: 0, into: memory })
      for (let index = 0; index < 16; index++) {
        // A kill may cut a block in two.
        expect([round, round - 1]).toContain(memory.bytes?.[index * 4096 + 4095])
      }
    }
    expect(rejected).toBeGreaterThanOrEqual(2 * 16)
    expect(queue.stats().restarts).toBe(5)
    await client.close()
    expect(await current.end()).toBe(0)
  }, 60_000)

  test('blocks in memory that died are not served as if nothing had happened', async () => {
    using folder = temporaryFolder('successors')
    const socket = join(folder.path, 'nvm')
    const server = await serve(socket, '--size', '8MiB')
    const client = await openController(socket, { reconnect: true })
    const namespace = await client.namespace(1)
    await namespace.write({ lba: 0, from: new Uint8Array(512).fill(1) })
    await server.kill()
    using _next = await serve(socket, '--size', '8MiB')
    const into = new Uint8Array(512)
    for (const attempt of [
      () => namespace.read({ lba: 0, into }),
      () => client.admin.identifyController(),
      () => client.createQueuePair({ mode: 'raw' }),
    ]) {
      // The first may have been asked before anybody had looked at who came.
      expect(['ERR_DATA_LOST', gone]).toContain((await failureOf(attempt())).code)
    }
    const error = await failureOf(namespace.read({ lba: 0, into }))
    expect(error.code).toBe('ERR_DATA_LOST')
    expect(error.message).toContain(socket)
    expect(error.fix).toContain('serve an image')
    await client.close().catch(() => {})
    await using again = await openController(socket)
    await (await again.namespace(1)).read({ lba: 0, into })
    expect(into[0]).toBe(0)
  }, 60_000)
})
