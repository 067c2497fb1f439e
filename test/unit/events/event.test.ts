// SPDX-License-Identifier: MIT
// Events decoded from bytes written down by hand.
import { expect, test } from 'vitest'
import { decodeEvent, type NvmeEvent } from '../../../src/events/event.ts'

function decoded(dword0: number, runs: Readonly<Record<number, number[]>>, size = 512): NvmeEvent {
  const bytes = new Uint8Array(size)
  for (const [at, run] of Object.entries(runs)) bytes.set(run, Number(at))
  return decodeEvent({ dword0, log: bytes.buffer, failure: undefined })
}

test.each([
  [0x010000, 'error', 'invalid_doorbell_register', 'Write to Invalid Doorbell Register'],
  [0x010501, 'health', 'unknown', 'type 1, information 0x05'],
  [0x020101, 'health', 'temperature_threshold', 'Temperature Threshold'],
  [0x020201, 'health', 'spare_below_threshold', 'Spare Below Threshold'],
  [0x040002, 'notice', 'namespace_attribute_changed', 'Namespace Attribute Changed'],
  [0x08f002, 'notice', 'discovery_log_change', 'Discovery Log Page Change'],
  [0x000003, 'immediate', 'normal_shutdown', 'Normal NVM Subsystem Shutdown'],
  [0x810106, 'command_set', 'sanitize_completed', 'Sanitize Operation Completed'],
  [0xc01207, 'vendor_specific', 'unknown', 'type 7, information 0x12'],
  [0x000004, 'unknown', 'unknown', 'type 4, information 0x00'],
])('%i is %s, %s', (dword0, type, info, text) => {
  const event = decodeEvent({ dword0, log: new ArrayBuffer(0), failure: undefined })
  expect(event).toEqual({ type, info, text, dword0, logPage: dword0 >> 16, log: undefined })
})

test('the log page is decoded as what it is', () => {
  expect(decoded(0x010100, { 0: [9], 24: [1] }, 64).error).toMatchObject({
    error_count: 9n,
    nsid: 1,
  })
  expect(decoded(0x020101, { 0: [2], 1: [0x40, 1] }).smart).toMatchObject({
    critical_warning: 2,
    composite_temperature: 320,
  })
  const changed = decoded(0x040002, { 0: [3], 4: [7] }, 4096)
  expect(changed.changedNamespaces).toEqual([3, 7])
  expect(decoded(0x810106, { 2: [1, 1] }).sanitize?.sstat).toBe(0x101)
  const vendor = decoded(0xc01207, { 0: [1, 2, 3] })
  expect([vendor.log?.byteLength, vendor.log?.[2]]).toEqual([512, 3])
})
