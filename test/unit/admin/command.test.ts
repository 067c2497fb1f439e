// SPDX-License-Identifier: MIT
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type AdminCommand, openController, startEmulator } from 'peernvm'
import { expect, test } from 'vitest'

const small = { emulator: { size: '1MiB' } } as const
const identify = 0x06

test('the buffer of a raw command is overwritten with what the controller answers', async () => {
  await using controller = await openController(small)
  const data = new Uint8Array(4096).fill(0xff)
  const completion = await controller.admin.submit({ opcode: identify, cdw10: 1, data })
  expect(completion).toEqual({ dword0: 0, dword1: 0 })
  expect(Buffer.from(data.subarray(24, 64)).toString().trim()).toMatch(/\w/)
})

test.each<[Partial<AdminCommand>, string, RegExp]>([
  [{ opcode: 256 }, 'ERR_RANGE', /opcode is 256.*0 to 255/],
  [{ opcode: -1 }, 'ERR_RANGE', /opcode is -1/],
  [{ nsid: 2 ** 32 }, 'ERR_RANGE', /nsid is 4294967296/],
  [{ cdw3: -1 }, 'ERR_RANGE', /cdw3 is -1/],
  [{ cdw10: 0.5 }, 'ERR_ARGUMENT', /cdw10/],
  [{ cdw15: Number.NaN }, 'ERR_ARGUMENT', /cdw15/],
  [{ data: new Uint8Array(0) }, 'ERR_RANGE', /data of 0 bytes/],
  [{ data: new Uint8Array(2 ** 17 + 1) }, 'ERR_RANGE', /data of 131073 bytes.*131072/],
  [{ data: [1, 2] as never }, 'ERR_ARGUMENT', /Uint8Array/],
])('submit(%j) is refused with %s', async (wrong, code, message) => {
  await using controller = await openController(small)
  await expect(controller.admin.submit({ opcode: identify, ...wrong })).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  })
})

test('a command takes a timeout of its own', async () => {
  await using controller = await openController(small)
  const { admin } = controller
  for (const timeoutMs of [0, -1, 2 ** 31]) {
    const submitted = admin.submit({ opcode: identify, cdw10: 1 }, { timeoutMs })
    await expect(submitted).rejects.toMatchObject({ code: 'ERR_RANGE' })
  }
  const data = new Uint8Array(4096)
  await admin.submit({ opcode: identify, cdw10: 1, data }, { timeoutMs: 5000 })
})

test('a loop that awaits commands lets the event loop go round', async () => {
  await using controller = await openController(small)
  let rounds = 0
  const count = (): void => {
    rounds++
    next = setImmediate(count)
  }
  let next = setImmediate(count)
  for (let i = 0; i < 160; i++) await controller.admin.getRawFeature({ fid: 7 })
  clearImmediate(next)
  expect(rounds).toBeGreaterThanOrEqual(10)
})

test('each command can be seen, as those of other queues', async () => {
  const seen: unknown[] = []
  const see = (message: unknown): void => void seen.push(message)
  await using controller = await openController(small)
  const channels = ['peernvm:submit', 'peernvm:complete']
  for (const name of channels) subscribe(name, see)
  await controller.admin.keepAlive()
  await controller.admin.submit({ opcode: 0xff, nsid: 3 }).catch(() => {})
  for (const name of channels) unsubscribe(name, see)
  const of = { controller: controller.info.address, queue: 0 }
  expect(seen).toMatchObject([
    { ...of, command: { name: 'Keep Alive', opcode: 0x18 } },
    { ...of, status: 0, commandId: expect.any(Number), elapsedMs: expect.any(Number) },
    { ...of, command: { opcode: 0xff, namespaceId: 3 } },
    { ...of, status: expect.any(Number) },
  ])
  expect(seen[3]).not.toMatchObject({ status: 0 })
})

test('one that is not answered says what state the controller is in', async () => {
  await using device = await startEmulator({ size: '1MiB' })
  await using controller = await openController(device.controller(0))
  device.inject({ on: { queues: 'admin', opcode: identify }, drop: true })
  const submitted = controller.admin.submit(
    { opcode: identify, cdw10: 1, data: new Uint8Array(4096) },
    { timeoutMs: 100 },
  )
  await expect(submitted).rejects.toMatchObject({
    code: 'ERR_TIMEOUT',
    message: expect.stringMatching(/: Identify, /),
    dump: expect.stringMatching(/^Controller .*[\s\S]*CSTS 0x00000001 \(RDY 1\)/),
  })
})
