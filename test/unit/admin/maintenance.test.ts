// SPDX-License-Identifier: MIT
import { decodeBits, openController, startEmulator } from 'peernvm'
import { expect, test, vi } from 'vitest'
import { nvme } from '../../../src/spec/nvme.ts'

const small = { size: '1MiB' } as const

test('a self-test runs, is seen in its log page, and is ended', async () => {
  await using controller = await openController({ emulator: small })
  const { admin } = controller
  await admin.deviceSelfTest('extended_test', { nsid: 1 })
  await expect(admin.deviceSelfTest('short_test')).rejects.toMatchObject({
    status: { name: 'device_self_test_in_progress' },
  })
  expect((await admin.selfTestLog()).current_operation).toBe(2)
  await admin.deviceSelfTest('abort_test')
  const { current_operation: running, result } = await admin.selfTestLog()
  expect(running).toBe(0)
  expect(decodeBits('self_test_status', result[0]?.dsts ?? 0)).toEqual({
    result: nvme.codes.self_test_result.aborted_by_command[0],
    code: nvme.codes.self_test_code.extended_test[0],
  })
  await expect(admin.deviceSelfTest('long' as never)).rejects.toMatchObject({
    code: 'ERR_ARGUMENT',
  })
})

test('a sanitize writes its pattern everywhere, and says when it has ended', async () => {
  await using controller = await openController({ emulator: small })
  const { admin } = controller
  const pattern = 0x01020304
  await admin.sanitize({ action: 'overwrite', passes: 2, pattern, noDeallocate: true })
  await vi.waitUntil(async () => (await admin.sanitizeStatus()).sprog === 0xffff)
  const { sstat, scdw10 } = await admin.sanitizeStatus()
  const completed = nvme.codes.sanitize_state.completed[0]
  expect(decodeBits('sstat', sstat)).toMatchObject({ state: completed, completed_passes: 2 })
  expect(decodeBits('sanitize_cdw10', scdw10)).toMatchObject({ sanact: 3, owpass: 2, ndas: 1 })
  const namespace = await controller.namespace(1)
  const block = await namespace.read({ lba: 77, into: new Uint8Array(512) })
  expect(block.subarray(0, 4)).toEqual(Uint8Array.of(4, 3, 2, 1))
})

test('what a sanitize cannot be is refused', async () => {
  await using controller = await openController({ emulator: small })
  const { admin } = controller
  for (const passes of [0, 17]) {
    const refused = admin.sanitize({ action: 'overwrite', passes })
    await expect(refused).rejects.toMatchObject({ code: 'ERR_RANGE' })
  }
  await expect(admin.sanitize({ action: 'crypto_erase' })).rejects.toMatchObject({
    status: { name: 'invalid_field' },
  })
  await expect(admin.sanitize({ action: 'shred' as never })).rejects.toMatchObject({
    code: 'ERR_ARGUMENT',
  })
})

test('keep alive keeps the controller alive', async () => {
  await using device = await startEmulator(small)
  await using controller = await openController(device.controller())
  await controller.admin.setFeature('keep_alive_timer', { kato: 60_000 })
  await controller.admin.keepAlive()
  expect(await controller.admin.getFeature('keep_alive_timer')).toEqual({ kato: 60_000 })
})
