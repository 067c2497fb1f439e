// SPDX-License-Identifier: MIT
import {
  type Admin,
  type FeatureAnswer,
  type FeatureName,
  type FeatureValue,
  openController,
  startEmulator,
} from 'peernvm'
import { expect, expectTypeOf, test } from 'vitest'
import { featureForms } from '../../../src/admin/feature-table.ts'
import { nvme } from '../../../src/spec/nvme.ts'

const small = { emulator: { size: '1MiB' } } as const

test('a feature has a current, a default and a saved value', async () => {
  await using device = await startEmulator({ size: '1MiB' })
  const before = { ab: 3, lpw: 1, mpw: 2, hpw: 3 }
  {
    await using controller = await openController(device.controller())
    const { admin } = controller
    const initial = await admin.getFeature('arbitration')
    await admin.setFeature('arbitration', before, { save: true })
    await admin.setFeature('arbitration', { ...before, hpw: 200 })
    expect(await admin.getFeature('arbitration')).toEqual({ ...before, hpw: 200 })
    expect(await admin.getFeature('arbitration', { select: 'saved' })).toEqual(before)
    expect(await admin.getFeature('arbitration', { select: 'default_value' })).toEqual(initial)
    const select = 'supported_capabilities'
    expect(await admin.getFeature('arbitration', { select })).toEqual({
      saveable: 1,
      namespace_specific: 0,
      changeable: 1,
    })
  }
  await using controller = await openController(device.controller())
  expect(await controller.admin.getFeature('arbitration')).toEqual(before)
})

test('of a feature with several values the one that is named', async () => {
  await using controller = await openController(small)
  const { admin } = controller
  await admin.setFeature('temperature_threshold', { tmpth: 400, tmpsel: 0, thsel: 0 })
  await admin.setFeature('temperature_threshold', { tmpth: 200, tmpsel: 0, thsel: 1 })
  const threshold = async (thsel: number): Promise<number> =>
    (await admin.getFeature('temperature_threshold', { of: { tmpsel: 0, thsel } })).tmpth
  expect([await threshold(0), await threshold(1)]).toEqual([400, 200])
  await admin.setFeature('interrupt_vector_configuration', { iv: 2, cd: 1 })
  const { cd } = await admin.getFeature('interrupt_vector_configuration', { of: { iv: 2 } })
  expect(cd).toBe(1)
})

test('features of namespaces, and those whose value is data', async () => {
  await using controller = await openController(small)
  const { admin } = controller
  await admin.setFeature('error_recovery', { tler: 7, dulbe: 0 }, { nsid: 1 })
  expect(await admin.getFeature('error_recovery', { nsid: 1 })).toEqual({ tler: 7, dulbe: 0 })
  const timestamp = Uint8Array.of(0, 0, 0, 0, 1, 0)
  await admin.setFeature('timestamp', { timestamp, attributes: 0 })
  const set = await admin.getFeature('timestamp')
  expect(set.timestamp.subarray(3)).toEqual(Uint8Array.of(0, 1, 0))
  await admin.setFeature('host_behavior_support', { acre: 1, etdas: 0, lbafee: 0 })
  expect((await admin.getFeature('host_behavior_support')).acre).toBe(1)
})

test('a feature by its number, with words and data as they are', async () => {
  await using controller = await openController(small)
  const { admin } = controller
  const [fid] = nvme.codes.feature.timestamp
  const data = Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0)
  await admin.setRawFeature({ fid, data })
  const raw = await admin.getRawFeature({ fid, byteLength: 8 })
  expect(raw.data?.subarray(4, 6)).toEqual(Uint8Array.of(1, 0))
  expect(data).toEqual(Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0))
  const later = Buffer.alloc(8)
  const setting = admin.setRawFeature({ fid, data: later })
  later.fill(9)
  await setting
  expect(later).toEqual(Buffer.alloc(8, 9))
  await admin.setRawFeature({ fid: 0x06, cdw11: 0 })
  expect((await admin.getRawFeature({ fid: 0x06 })).dword0).toBe(0)
  expect(await admin.getFeature('volatile_write_cache')).toEqual({ wce: 0 })
  await expect(admin.getRawFeature({ fid: 0xc0 })).rejects.toMatchObject({
    code: 'ERR_NVME_STATUS',
    status: { name: 'invalid_field' },
  })
})

test('every feature of the table that the controller has is read', async () => {
  await using controller = await openController(small)
  const { admin } = controller
  const supported = await admin.supportedFeatures()
  let count = 0
  for (const name of Object.keys(featureForms) as FeatureName[]) {
    const [fid] = nvme.codes.feature[name]
    const nsid = 'ofNamespace' in featureForms[name] ? 1 : 0
    const read = admin.getFeature(name, { nsid })
    if (supported.includes(fid)) {
      expect(Object.keys(await read).length, name).toBeGreaterThan(0)
      count++
    } else {
      await expect(read, name).rejects.toMatchObject({ code: 'ERR_NVME_STATUS' })
    }
  }
  expect(count).toBeGreaterThan(12)
})

test('values have the types that the table implies', () => {
  expectTypeOf<FeatureValue<'number_of_queues'>>().toEqualTypeOf<{
    readonly nsq: number
    readonly ncq: number
  }>()
  expectTypeOf<FeatureValue<'timestamp'>['timestamp']>().toEqualTypeOf<Uint8Array>()
  expectTypeOf<FeatureAnswer<'timestamp', 'supported_capabilities'>>().toEqualTypeOf<{
    readonly saveable: number
    readonly namespace_specific: number
    readonly changeable: number
  }>()
  const wrong = (admin: Admin): unknown => [
    // @ts-expect-error a field is missing
    admin.setFeature('arbitration', { ab: 1 }),
    // @ts-expect-error a feature has no such field
    admin.setFeature('volatile_write_cache', { wce: 1, more: 1 }),
    // @ts-expect-error it has no parts
    admin.getFeature('arbitration', { of: { tmpsel: 0 } }),
    // @ts-expect-error both parts have to be named
    admin.getFeature('temperature_threshold', { of: { tmpsel: 0 } }),
  ]
  expect(wrong).toBeTypeOf('function')
})

test('what cannot be a value is refused, and says why', async () => {
  await using controller = await openController(small)
  const { admin } = controller
  const refused = (attempt: Promise<unknown>, code: string, message: RegExp) =>
    expect(attempt).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  const wce = 'volatile_write_cache'
  await refused(admin.getFeature('speed' as never), 'ERR_ARGUMENT', /arbitration.*give fid/)
  await refused(admin.setFeature(wce, {} as never), 'ERR_ARGUMENT', /wce is missing/)
  await refused(admin.setFeature(wce, { wce: 2 }), 'ERR_RANGE', /wce.*0 to 1/)
  await refused(admin.setFeature(wce, { wce: 1, x: 1 } as never), 'ERR_ARGUMENT', /no 'x'/)
  await refused(admin.getFeature('error_recovery'), 'ERR_ARGUMENT', /give nsid/)
  await refused(admin.getFeature(wce, { of: { wce: 1 } } as never), 'ERR_ARGUMENT', /no part 'wce'/)
  await refused(admin.getFeature(wce, { select: 'last' as never }), 'ERR_ARGUMENT', /saved/)
  const timestamp = new Uint8Array(7)
  const value = { timestamp, attributes: 0 }
  await refused(admin.setFeature('timestamp', value), 'ERR_RANGE', /6 elements/)
})
