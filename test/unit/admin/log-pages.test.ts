// SPDX-License-Identifier: MIT
import { decode, decodeBits, openController, startEmulator } from 'peernvm'
import { expect, test } from 'vitest'
import { nvme } from '../../../src/spec/nvme.ts'

const small = { size: '1MiB' } as const

test('the log pages that the table has, decoded', async () => {
  await using controller = await openController({ emulator: small })
  const { admin } = controller
  const namespace = await controller.namespace(1)
  await namespace.write({ lba: 0, from: new Uint8Array(1024) })
  const smart = await admin.smartLog()
  expect(smart).toMatchObject({ available_spare: 100, host_write_commands: 1n, media_errors: 0n })
  expect((await admin.firmwareSlots()).frs[0]).toEqual({
    revision: (await admin.identifyController()).fr,
  })
  expect(await admin.changedNamespaces()).toEqual([])
  const { result, current_operation: running } = await admin.selfTestLog()
  expect([running, result.length]).toEqual([0, 20])
  expect((await admin.sanitizeStatus()).sprog).toBe(0xffff)
  const pages = await admin.supportedLogPages()
  expect(pages).toContain(nvme.codes.log_page.sanitize_status[0])
  expect(pages).not.toContain(nvme.codes.log_page.telemetry_host_initiated[0])
  expect(await admin.supportedFeatures()).toContain(nvme.codes.feature.arbitration[0])
})

test('the effects of commands, of this command set and of one that does not exist', async () => {
  await using controller = await openController({ emulator: small })
  const [format] = nvme.codes.admin_opcode.format_nvm
  const [write] = nvme.codes.nvm_opcode.write
  const effects = await controller.admin.commandEffects()
  expect(decodeBits('command_effects', effects.acs[format] ?? 0)).toMatchObject({
    csupp: 1,
    ncc: 1,
  })
  expect(effects.iocs[write]).not.toBe(0)
  const zoned = await controller.admin.commandEffects({ csi: 'zoned_namespace' })
  expect(zoned.iocs[write]).toBe(0)
})

test('the errors of commands, the newest first, without the entries that are empty', async () => {
  await using controller = await openController({ emulator: small })
  const { admin } = controller
  expect(await admin.errorLog()).toEqual([])
  await expect(admin.identifyNamespace(4000)).rejects.toMatchObject({ code: 'ERR_NVME_STATUS' })
  await expect(admin.submit({ opcode: 0xff })).rejects.toMatchObject({ code: 'ERR_NVME_STATUS' })
  const errors = await admin.errorLog()
  expect(errors.map(({ error_count, sqid, nsid }) => ({ error_count, sqid, nsid }))).toEqual([
    { error_count: 2n, sqid: 0, nsid: 0 },
    { error_count: 1n, sqid: 0, nsid: 4000 },
  ])
  const { sc } = decodeBits('status_field', (errors[0]?.status_field ?? 0) >> 1)
  expect(sc).toBe(nvme.statuses.invalid_opcode[1])
})

test('a page longer than one command transfers is read in parts that fit together', async () => {
  await using device = await startEmulator({ ...small, limits: { mdts: 1 } })
  await using controller = await openController(device.controller())
  const { admin } = controller
  // Each is an event of the Persistent Event Log.
  for (let i = 0; i < 300; i++) await admin.setFeature('volatile_write_cache', { wce: i % 2 })
  const lid = 'persistent_event_log'
  const header = await admin.getLogPage({ lid, lsp: 1, byteLength: 512 })
  const byteLength = Number(decode('PersistentEventLogHeader', header).tll) & ~3
  const limit = controller.info.transferBytesMax
  expect(byteLength).toBeGreaterThan(limit + 128)
  const commands = (): number => device.stats()[0]?.adminCommands ?? 0
  const before = commands()
  const whole = await admin.getLogPage({ lid, byteLength })
  expect(commands() - before).toBe(1 + Math.ceil(byteLength / limit)) // Identify, and the parts
  expect(whole.subarray(0, 512)).toEqual(header)
  for (const offset of [0, 512, limit - 64, limit]) {
    const part = await admin.getLogPage({ lid, byteLength: 128, offset })
    expect(part).toEqual(whole.subarray(offset, offset + 128))
  }
})

test('reading retains events unless it is told not to', async () => {
  await using device = await startEmulator(small)
  await using controller = await openController(device.controller())
  const { admin } = controller
  const id = await device.addNamespace({ size: '1MiB' })
  expect(await admin.changedNamespaces()).toEqual([id])
  expect(await admin.changedNamespaces({ retainAsynchronousEvent: false })).toEqual([id])
  expect(await admin.changedNamespaces()).toEqual([])
})

test.each([
  [{ lid: 2, byteLength: 0 }, 'ERR_RANGE'],
  [{ lid: 2, byteLength: 6 }, 'ERR_ALIGNMENT'],
  [{ lid: 2, byteLength: 2 ** 40 }, 'ERR_RANGE'],
  [{ lid: 2, byteLength: 8, offset: 2 }, 'ERR_ALIGNMENT'],
  [{ lid: 2, byteLength: 8, offset: -4 }, 'ERR_RANGE'],
  [{ lid: 256, byteLength: 8 }, 'ERR_RANGE'],
  [{ lid: 'smart', byteLength: 8 }, 'ERR_ARGUMENT'],
  [{ lid: 2, byteLength: 8, lsp: 128 }, 'ERR_RANGE'],
])('getLogPage(%j) is refused with %s', async (request, code) => {
  await using controller = await openController({ emulator: small })
  await expect(controller.admin.getLogPage(request as never)).rejects.toMatchObject({ code })
})
