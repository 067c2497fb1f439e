// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { refuseUnconfirmed } from '../../../benchmarks/latency/safety.ts'

test('writing to what is no emulator needs a second word, after model and serial number', () => {
  const device = { model: 'Fast One', serial: 'S123' }
  const write =
    (options: { write: boolean; yes: boolean }, emulated = false) =>
    () =>
      refuseUnconfirmed(options, emulated, device)
  expect(write({ write: true, yes: false })).toThrow(/Fast One \(serial number S123\) needs --yes/)
  expect(write({ write: true, yes: true })).not.toThrow()
  expect(write({ write: true, yes: false }, true)).not.toThrow()
  expect(write({ write: false, yes: false })).not.toThrow()
})
