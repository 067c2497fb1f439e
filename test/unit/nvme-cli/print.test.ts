// SPDX-License-Identifier: MIT
// What the contract test with nvme-cli cannot compare, as there we print something else.
import { expect, test } from 'vitest'
import { bitLines } from '../../../src/cli/nvme-cli/bits.ts'
import { printJson } from '../../../src/cli/nvme-cli/json.ts'
import { identifyViews, logViews, type View } from '../../../src/cli/nvme-cli/views.ts'
import { nvme } from '../../../src/spec/nvme.ts'

const controller: View = identifyViews.controller
const options = { device: 'nvme0', nsid: 1, isHuman: false }

function text(view: View, bytes: Uint8Array, isHuman = false): string {
  return view.text(bytes, { ...options, isHuman }).join('\n')
}

test('a name with control characters does not reach the terminal', () => {
  const bytes = Buffer.alloc(4096)
  bytes.write('\x1b[2Jname\x9b', nvme.structures.IdentifyController.fields.sn[0], 'latin1')
  expect(text(identifyViews.controller, bytes)).toContain('\nsn        : .[2Jname.\n')
  const { sn } = JSON.parse(printJson(controller.json(bytes, options)))
  expect(sn).toBe('\x1b[2Jname\x9b')
})

test('32-bit numbers have no sign', () => {
  const bytes = Buffer.alloc(4096, 0xff)
  expect(text(identifyViews.controller, bytes)).toContain('\nhmpre     : 4294967295\n')
  expect(controller.json(bytes, options)).toMatchObject({ ver: 2 ** 32 - 1 })
})

test('there are at most 32 power states and 64 formats', () => {
  const bytes = Buffer.alloc(4096, 0xff)
  const states = text(identifyViews.controller, bytes).match(/^ps /gm)
  expect(states).toHaveLength(32)
  expect(text(identifyViews.namespace, bytes).match(/^lbaf/gm)).toHaveLength(64)
})

test('blocks of 2 GiB and more have their size', () => {
  const bytes = Buffer.alloc(4096)
  bytes[130] = 31
  expect(text(identifyViews.namespace, bytes, true)).toContain('Data Size: 2147483648 bytes')
})

test('the upper bits of FLBAS count where there are more than 16 formats', () => {
  const bytes = Buffer.alloc(4096)
  const { nlbaf, flbas } = nvme.structures.IdentifyNamespace.fields
  bytes[flbas[0]] = 0x21
  bytes[nlbaf[0]] = 15
  expect(text(identifyViews.namespace, bytes)).toMatch(/^lbaf {2}1 .*\(in use\)$/m)
  bytes[nlbaf[0]] = 16
  expect(text(identifyViews.namespace, bytes)).not.toMatch(/\(in use\)/)
  bytes[nlbaf[0]] = 31
  bytes[flbas[0]] = 0x21
  expect(text(identifyViews.namespace, bytes)).toMatch(/^lbaf 17 .*\(in use\)$/m)
})

test('data units of a full count have their bytes', () => {
  const bytes = Buffer.alloc(512)
  bytes.fill(0xff, 32, 48)
  expect(text(logViews.smart, bytes)).toContain('(174224571863520.49 QB)')
})

test('too many changed namespaces are told, and no list in JSON', () => {
  const bytes = Buffer.alloc(4096)
  bytes.writeUInt32LE(0xffffffff)
  expect(text(logViews['changed-namespaces'], bytes)).toBe('more than 1024 ns changed')
  expect(logViews['changed-namespaces'].json(bytes, options)).toMatchObject({ nvme0: {} })
})

test('features end their lines, commands have their whole CSE', () => {
  const bytes = Buffer.alloc(4096)
  bytes.writeUInt32LE(0x00100001, 0)
  const lines = text(logViews.features, bytes.subarray(0, 1024), true).split('\n')
  expect(lines).toHaveLength(3)
  bytes.writeUInt32LE(0x00040001, 0)
  expect(text(logViews.effects, bytes, true)).toContain('Reserved CSE')
})

test('the sanitize status is whole', () => {
  const bytes = Buffer.alloc(512)
  bytes.writeUInt16LE(0x101, nvme.structures.SanitizeStatusLog.fields.sstat[0])
  expect(text(logViews.sanitize, bytes)).toContain('(SSTAT) :  0x101\n')
})

test('how far a sanitize is, is rounded as C does', () => {
  const bytes = Buffer.alloc(512)
  bytes.writeUInt16LE(2, nvme.structures.SanitizeStatusLog.fields.sstat[0])
  // Halves of the last digit: 0.1953125, 0.5859375, 0.9765625; and the end.
  for (const [sprog, percent] of [
    [128, '0.195312'],
    [384, '0.585938'],
    [640, '0.976562'],
    [65534, '99.996948'],
  ] as const) {
    bytes.writeUInt16LE(sprog, 0)
    expect(text(logViews.sanitize, bytes, true)).toContain(`${sprog}\t(${percent}%)`)
  }
})

test('a status has the specification’s words', () => {
  const bytes = Buffer.alloc(64)
  bytes.writeUInt16LE(0x80 << 1, 12)
  expect(text(logViews.error, bytes)).toContain('status_field\t: 0x80(LBA Out of Range)')
})

test('a line of a table says how it is printed', () => {
  expect(bitLines(['  [3:3] : X {not |}there', '  [2:1] : Reserved'], 0)).toEqual([
    '  [3:3] : 0\tX not there',
  ])
  expect(bitLines(['  [3:3] : X {not |}there', '  [2:1] : Reserved'], 0b1110)).toEqual([
    '  [3:3] : 0x1\tX there',
    '  [2:1] : 0x3\tReserved',
  ])
  expect(bitLines(['[7:0] : {n} of {2^}\tY', ' [1:1] : ?Z'], 4)).toEqual(['[7:0] : 4 of 16\tY'])
})
