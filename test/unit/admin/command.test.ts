// SPDX-License-Identifier: MIT
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type AdminCommand, openController, startEmulator } from 'peernvm'
import { expect, test } from 'vitest'
import { failureOf } from '../../support/failure.ts'

const small = { emulator: { size: '1MiB' } } as const
const identify = 0x06

test('the buffer of a raw command is overwritten with what the controller answers', async () => {
  await using controller = await openController(small)
  const data = new Uint8Array(4096).fill(0xff)
  const completion = await controller.admin.submit({ opcode: identify, cdw10: 1, data })
  expect(completion).toEqual({ dword0: 0, dword1: 0 })
  expect(Buffer.from(data.subarray(24, 64)).toString().trim()).toMatch(/\w/)
})

test.each([
  { what: 'detached', change: (buffer: ArrayBuffer) => structuredClone(0, { transfer: [buffer] }) },
  { what: 'resized', change: (buffer: ArrayBuffer) => buffer.resize(512) },
])('a buffer that was $what meanwhile is no answer', async ({ change }) => {
  await using controller = await openController(small)
  const buffer = new ArrayBuffer(4096, { maxByteLength: 4096 })
  const data = new Uint8Array(buffer)
  const submitted = controller.admin.submit({ opcode: identify, cdw10: 1, data })
  change(buffer)
  await expect(submitted).rejects.toMatchObject({ code: 'ERR_CLOSED' })
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
  [{ opcode: 0x05 }, 'ERR_UNSUPPORTED', /Create I\/O Completion Queue .* use createQueuePair\(\)/],
  [{ opcode: 0x00 }, 'ERR_UNSUPPORTED', /Delete I\/O Submission Queue .* use close\(\)/],
  [{ opcode: 0x0c }, 'ERR_UNSUPPORTED', /Asynchronous Event Request .* use events\(\)/],
  [{ opcode: 0x7c }, 'ERR_UNSUPPORTED', /Doorbell Buffer Config is the library's own/],
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

test('one that is not answered is shown in the admin queue, as it was sent', async () => {
  await using device = await startEmulator({ size: '1MiB' })
  await using controller = await openController(device.controller(0))
  await controller.admin.keepAlive()
  device.inject({ on: { queues: 'admin', opcode: identify }, drop: true })
  const error = await failureOf(
    controller.admin.submit(
      { opcode: identify, nsid: 7, cdw10: 0x0003_0011, cdw11: 9, data: new Uint8Array(4096) },
      { timeoutMs: 100 },
    ),
  )
  expect(error).toMatchObject({
    code: 'ERR_TIMEOUT',
    message: expect.stringMatching(/: Identify, id 0, /),
    dump: expect.stringMatching(/^Controller .*[\s\S]*CSTS 0x00000001 \(RDY 1\)/),
  })
  const sent = 'command 0 Identify of namespace 7, CDW10 0x00030011 CDW11 0x00000009, PRP1 0x'
  const lines = error.dump?.split('\n') ?? []
  // Identify and Set Features of opening, Keep Alive, this one, and the Abort for it.
  expect(lines).toContain('Admin queue, depth 63')
  expect(lines).toContain('  submission  tail 5 head 5 of 64')
  expect(lines).toContain('  completion  head 4 phase 1 of 64')
  expect(lines).toContain('  outstanding 0')
  const givenUp = lines.indexOf('  given up 1')
  expect(lines[givenUp + 1]).toContain(`    ${sent}`)
  const last = lines.indexOf('  last commands, newest first')
  expect(lines[last + 1]).toContain('slot 4: command 1 Abort, ')
  expect(lines[last + 2]).toContain(`slot 3: ${sent}`)
  expect(lines[last + 3]).toContain('slot 2: command 0 Keep Alive, ')
  expect(lines).toContain('    slot 2: command 0 phase 1 status 0x0000 Successful Completion')
})

test('one that waits, and those for events, are shown too; closed, nothing is', async () => {
  await using device = await startEmulator({ size: '1MiB' })
  const controller = await openController(device.controller())
  await controller.events().ready()
  device.inject({ on: { queues: 'admin', opcode: identify }, drop: true })
  const waiting = failureOf(controller.admin.submit({ opcode: identify, cdw10: 1 }))
  expect(controller.dump()).toMatch(
    /\n {2}outstanding 1\n {4}command \d Identify, CDW10 0x00000001 /,
  )
  expect(controller.dump()).toContain('\n  given up 0\n  event requests 4\n')
  await controller.close()
  await waiting
  expect(controller.dump()).toBe('Controller memory: closed')
})
