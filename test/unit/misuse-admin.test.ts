// SPDX-License-Identifier: MIT
// Every method of controller.admin with every kind of wrong argument, one at a time: an NvmError,
// and no command that changes anything was sent.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Admin } from '../../src/admin/admin.ts'
import type { Controller } from '../../src/controller.ts'
import { binding } from '../../src/native/load.ts'
import { openController } from '../../src/open.ts'
import { nvme } from '../../src/spec/nvme.ts'
import {
  notABoolean,
  notACount,
  notAnObject,
  notBytes,
  notRefused,
  notText,
  refusalOf,
} from '../support/misuse.ts'

const u32 = [...notACount, 2 ** 32]
const nsid = u32
const u16 = [...notACount, 2 ** 16]
const u8 = [...notACount, 2 ** 8]
const name = [...notText, 'x', 'toString', '__proto__']
const code = [...name.filter((value) => typeof value !== 'number'), -1, 1.5, 2 ** 32, Number.NaN]
const blockSize = [...notACount, 0, 2 ** 32]
const blocks = [...notACount.filter((value) => typeof value !== 'bigint'), 0, 0n, -1n]
const timeoutMs = [...notACount.filter((value) => value !== 1.5), 0, 2 ** 31]
const notAList = [null, true, 5, 'x', {}, Symbol('s'), [undefined], ['0'], [-1], [2 ** 16]]

const layout = {
  blockSize,
  metadataSize: u16,
  lbaFormat: [...notACount, 64],
  extended: notABoolean,
  protection: name,
  protectionFirst: notABoolean,
}

type Options = Readonly<Record<string, readonly unknown[]>>

interface Row {
  readonly method: keyof Admin
  readonly right: readonly unknown[]
  /** Wrong values of each argument by its position; of options, by their names. */
  readonly wrong: readonly (readonly unknown[] | Options)[]
  /** The argument at this position may be left out. */
  readonly optionalFrom: number
}

const row = (
  method: keyof Admin,
  right: Row['right'],
  wrong: Row['wrong'],
  optionalFrom = right.length,
): Row => ({ method, right, wrong, optionalFrom })

const retain = { retainAsynchronousEvent: notABoolean }

const rows: readonly Row[] = [
  row(
    'submit',
    [{ opcode: nvme.codes.admin_opcode.keep_alive[0] }, {}],
    [{ opcode: u8, nsid: u32, cdw10: u32, data: notBytes }, { timeoutMs }],
    1,
  ),
  row('identify', [{ cns: 1 }], [{ cns: code, nsid, cntid: u16, csi: code, cnssid: u16 }]),
  row('identifyNamespace', [1], [nsid]),
  row('identifyNamespaceNvm', [1], [nsid]),
  row('identifyNamespaceIndependent', [1], [nsid]),
  row('identifyAllocatedNamespace', [1], [nsid]),
  row('namespaceDescriptors', [1], [nsid]),
  row('activeNamespaces', [0], [nsid], 0),
  row('allocatedNamespaces', [0], [nsid], 0),
  row('attachedControllers', [1, 0], [nsid, u16], 1),
  row('subsystemControllers', [0], [u16], 0),
  row(
    'getLogPage',
    [{ lid: 2, byteLength: 512 }],
    [
      {
        lid: code,
        byteLength: [...notACount, 0, 2 ** 31],
        offset: notACount,
        nsid,
        lsp: u8,
        lsi: u16,
        csi: code,
        uuidIndex: u8,
        ...retain,
      },
    ],
  ),
  row('smartLog', [{}], [{ ...retain, nsid, lid: ['error_information'] }], 0),
  row('errorLog', [{}], [retain], 0),
  row('changedNamespaces', [{}], [retain], 0),
  row('commandEffects', [{}], [{ csi: code }], 0),
  row('sanitizeStatus', [{}], [retain], 0),
  row('getFeature', ['arbitration', {}], [name, { select: name, nsid, of: notAnObject }], 1),
  row(
    'getFeature',
    ['temperature_threshold', { of: { tmpsel: 0, thsel: 0 } }],
    [name, { of: [...notAnObject, {}, { tmpsel: 0 }, { tmpsel: 0, thsel: null }] }],
    1,
  ),
  row(
    'getRawFeature',
    [{ fid: 1 }],
    [
      {
        fid: u8,
        select: name,
        nsid,
        cdw11: u32,
        uuidIndex: u8,
        byteLength: [...notACount, 2 ** 27],
      },
    ],
  ),
  row(
    'setFeature',
    ['volatile_write_cache', { wce: 1 }, {}],
    [name, { wce: [undefined, ...notACount, 2] }, { save: notABoolean, nsid }],
    2,
  ),
  row(
    'setFeature',
    ['timestamp', { timestamp: new Uint8Array(6), attributes: 0 }, {}],
    [name, { timestamp: [undefined, 5, 'x', {}, null, [null], [256]], attributes: u8 }, {}],
    2,
  ),
  row(
    'setRawFeature',
    [{ fid: 6, cdw11: 1 }],
    [
      {
        fid: u8,
        save: notABoolean,
        nsid,
        cdw11: u32,
        cdw12: u32,
        cdw13: u32,
        cdw15: u32,
        uuidIndex: u8,
        data: notBytes,
      },
    ],
  ),
  row(
    'formatNamespace',
    [1, {}],
    [[...nsid, 0, 2 ** 32 - 1], { ...layout, secureErase: name, timeoutMs }],
    1,
  ),
  row(
    'createNamespace',
    [{ blockCount: 8 }],
    [{ ...layout, blockCount: blocks, capacity: blocks, shared: notABoolean, timeoutMs }],
  ),
  row('deleteNamespace', [1, {}], [[...nsid, 0, 2 ** 32 - 1], { timeoutMs }], 1),
  row(
    'attachNamespace',
    [1, [0]],
    [
      [...nsid, 0],
      [...notAList, []],
    ],
    1,
  ),
  row(
    'detachNamespace',
    [1, [0]],
    [
      [...nsid, 0],
      [...notAList, []],
    ],
    1,
  ),
  row(
    'sanitize',
    [{ action: 'overwrite' }],
    [
      {
        action: name,
        allowUnrestrictedExit: notABoolean,
        passes: [...notACount, 0, 17],
        pattern: u32,
        invertBetweenPasses: notABoolean,
        noDeallocate: notABoolean,
      },
    ],
  ),
  row('deviceSelfTest', ['short_test', {}], [name, { nsid }], 1),
]

const reading: readonly number[] = [nvme.codes.admin_opcode.identify[0]]

describe('controller.admin refuses', () => {
  let controller: Controller
  beforeAll(async () => {
    controller = await openController({ emulator: { size: '1MiB' } })
  })
  afterAll(() => controller.close())
  beforeEach(() => {
    vi.spyOn(binding(), 'submitAdmin')
  })
  afterEach(() => {
    const sent = vi.mocked(binding().submitAdmin).mock.calls.map(([, words]) => words[0])
    expect(sent.filter((opcode) => !reading.includes(opcode as number))).toEqual([])
    vi.restoreAllMocks()
  })

  const call = ({ method }: Row, args: readonly unknown[]): unknown =>
    (controller.admin[method] as (...given: readonly unknown[]) => unknown)(...args)

  test.each(rows.map((each) => [each.method, each] as const))(
    'odd arguments of %s',
    async (_, each) => {
      const { right, wrong, optionalFrom } = each
      for (const [index, values] of wrong.entries()) {
        const given = (value: unknown) => call(each, (right as unknown[]).with(index, value))
        const missing = index < optionalFrom ? [undefined] : []
        if (Array.isArray(values)) {
          expect(await notRefused([...missing, ...values], given), `argument ${index}`).toEqual([])
          continue
        }
        const options = right[index] as object
        const odd = [...missing, ...notAnObject, { ...options, odd: 1 }, { ...options, Fid: 1 }]
        expect(await notRefused(odd, given), `argument ${index}`).toEqual([])
        for (const [option, oddValues] of Object.entries(values as Options)) {
          const withOption = (value: unknown) => given({ ...options, [option]: value })
          expect(await notRefused(oddValues, withOption), option).toEqual([])
        }
      }
      if (optionalFrom > 0) expect(await refusalOf(() => call(each, []))).toBe('ERR_ARGUMENT')
    },
  )

  test.each([
    { method: 'identify', needs: 'cns' },
    { method: 'getLogPage', needs: 'lid' },
    { method: 'getRawFeature', needs: 'fid' },
    { method: 'setRawFeature', needs: 'fid' },
    { method: 'createNamespace', needs: 'blockCount' },
    { method: 'sanitize', needs: 'action' },
    { method: 'submit', needs: 'opcode' },
  ] as const)('$method without $needs', async ({ method, needs }) => {
    const { right } = rows.find((each) => each.method === method) as Row
    const { [needs]: _, ...rest } = right[0] as Record<string, unknown>
    expect(await refusalOf(() => controller.admin[method](rest as never))).toBe('ERR_ARGUMENT')
  })

  test('a layout that is given twice, or in part', async () => {
    const { admin } = controller
    for (const odd of [{ lbaFormat: 0, blockSize: 512 }, { metadataSize: 0 }]) {
      expect(await refusalOf(() => admin.formatNamespace(1, odd))).toBe('ERR_ARGUMENT')
    }
    const odd = { blockCount: 8, lbaFormat: 0, metadataSize: 0 }
    expect(await refusalOf(() => admin.createNamespace(odd))).toBe('ERR_ARGUMENT')
  })

  test('every method has a row here, or no argument', () => {
    const methods = Object.entries(
      Object.getOwnPropertyDescriptors(Object.getPrototypeOf(controller.admin)),
    ).filter(([method, { value }]) => method !== 'constructor' && /\((?!\))/.test(header(value)))
    const tested = new Set<string>(rows.map(({ method }) => method))
    expect(methods.map(([method]) => method).filter((each) => !tested.has(each))).toEqual([])
    expect(methods.length).toBe(tested.size)
  })
})

/** The first line of a method, where its parameters are. */
const header = (method: unknown): string => String(method).split('{', 1)[0] as string

test('a misspelt option of a format erases nothing, and says the right name', async () => {
  await using controller = await openController({ emulator: { size: '1MiB' } })
  const namespace = await controller.namespace(1)
  const bytes = new Uint8Array(512).fill(0x5a)
  await namespace.write({ lba: 7, from: bytes })
  const format = controller.admin.formatNamespace(1, { blocksize: 4096 } as never)
  await expect(format).rejects.toMatchObject({
    code: 'ERR_ARGUMENT',
    message: expect.stringMatching(/no option 'blocksize'; it has blockSize, /),
  })
  expect(namespace.blockSize).toBe(512)
  expect(await namespace.read({ lba: 7, into: new Uint8Array(512) })).toEqual(bytes)
})
