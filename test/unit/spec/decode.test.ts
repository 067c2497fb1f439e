// SPDX-License-Identifier: MIT
// decode() on bytes written down by hand from the specification, not made with the table.
import fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { byteLengthOf, type Decoded, decode, decodeBits } from '../../../src/spec/decode.ts'
import type { BitLayout } from '../../../src/spec/form.ts'
import { type BitLayoutName, nvme } from '../../../src/spec/nvme.ts'

/** A page of zeroes with runs of bytes at offsets, in hexadecimal. */
function page(byteLength: number, runs: Readonly<Record<number, string>>): Uint8Array {
  const bytes = new Uint8Array(byteLength)
  for (const [offset, run] of Object.entries(runs)) {
    bytes.set(Buffer.from(run.replaceAll(' ', ''), 'hex'), Number(offset))
  }
  return bytes
}

const hexOf = (text: string): string => Buffer.from(text).toString('hex')

// Identify Controller as QEMU's nvme device answers it: the bytes that are not zero.
const controllerPage = page(4096, {
  0: '36 1b f4 1a',
  4: hexOf('deadbeef'.padEnd(20)),
  24: hexOf('QEMU NVMe Ctrl'.padEnd(40)),
  64: hexOf('7.2.0'.padEnd(8)),
  72: '06 00 54 52 00 07 00 00 00 04 01 00',
  92: '00 01 00 00 10 00 08 00',
  111: '01',
  256: '2a 01 03 03 03 07 00 00 00 00 57 01 73 01',
  280: '00 00 00 40 00 00 00 00 01',
  512: '66 44 00 00 00 01 00 00 5d 01',
  525: '07',
  768: `${hexOf('nqn.2019-08.org.qemu:deadbeef')} 00 ff`,
  2048: 'c4 09 00 02 10 00 00 00 04 00 00 00',
  2080: '01 00',
})

describe('decode of Identify Controller', () => {
  const controller = decode('IdentifyController', controllerPage)

  test('reads numbers of every width', () => {
    expect(controller.vid).toBe(0x1b36)
    expect(controller.ssvid).toBe(0x1af4)
    expect(controller.mdts).toBe(7)
    expect(controller.ver).toBe(0x10400)
    expect(controller.oaes).toBe(0x100)
    expect(controller.ctratt).toBe(0x80010)
    expect(controller.cntrltype).toBe(1)
    expect(controller.oacs).toBe(0x12a)
    expect(controller.wctemp).toBe(343)
    expect(controller.nn).toBe(256)
    expect(controller.oncs).toBe(0x15d)
  })

  test('reads 128-bit numbers as bigint, low half first', () => {
    expect(controller.tnvmcap).toBe((1n << 64n) | 0x40000000n)
  })

  test('reads text without its padding', () => {
    expect(controller.sn).toBe('deadbeef')
    expect(controller.mn).toBe('QEMU NVMe Ctrl')
    expect(controller.fr).toBe('7.2.0')
    expect(controller.subnqn).toBe('nqn.2019-08.org.qemu:deadbeef')
  })

  test('reads arrays of bytes and of structures', () => {
    expect([...controller.ieee]).toEqual([0x00, 0x54, 0x52])
    expect(controller.psd).toHaveLength(32)
    expect(controller.psd[0]).toMatchObject({ mp: 2500, flags: 2, enlat: 16, exlat: 4 })
    expect(controller.psd[1]?.mp).toBe(1)
  })

  test('stays as it is when the memory is used again', () => {
    const bytes = controllerPage.slice()
    const { ieee } = decode('IdentifyController', bytes)
    bytes.fill(0xff)
    expect([...ieee]).toEqual([0x00, 0x54, 0x52])
  })
})

describe('decode of Identify Namespace', () => {
  test('reads sizes as bigint and the LBA formats', () => {
    const namespace = decode(
      'IdentifyNamespace',
      page(4096, {
        0: '00 00 20 00 00 00 00 00 00 00 20 00 00 00 00 00 01 00 00 00 00 00 00 80 14 07 24',
        104: '00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff',
        128: '00 00 09 00 08 00 09 00',
        144: '00 00 0c 02',
        380: '40 00 0c 03',
      }),
    )
    expect(namespace.nsze).toBe(0x200000n)
    expect(namespace.nuse).toBe(0x8000000000000001n)
    expect(namespace.nlbaf).toBe(7)
    expect(namespace.lbaf).toHaveLength(64)
    expect(namespace.lbaf[1]).toEqual({ ms: 8, lbads: 9, rp: 0 })
    expect(namespace.lbaf[4]).toEqual({ ms: 0, lbads: 12, rp: 2 })
    expect(namespace.lbaf[63]).toEqual({ ms: 64, lbads: 12, rp: 3 })
    expect(namespace.nguid[15]).toBe(0xff)
    expect(decodeBits('flbas', namespace.flbas)).toEqual({
      format_lower: 4,
      extended: 0,
      format_upper: 1,
    })
  })
})

describe('decode of log pages', () => {
  test('reads the number at an odd offset and the 128-bit counters of SMART', () => {
    const smart = decode(
      'SmartLog',
      page(512, { 0: '02 2c 01 64 0a 03', 32: '00 00 00 00 00 00 00 00 01', 200: '2d 01' }),
    )
    expect(smart).toMatchObject({ critical_warning: 2, composite_temperature: 300 })
    expect(smart).toMatchObject({ available_spare: 100, available_spare_threshold: 10 })
    expect(smart.percentage_used).toBe(3)
    expect(smart.data_units_read).toBe(1n << 64n)
    expect(smart.temperature_sensor[0]).toBe(301)
  })

  test('reads the slots of the firmware slot log', () => {
    const slots = decode('FirmwareSlotLog', page(512, { 0: '21', 16: hexOf('2.1     ') }))
    expect(slots.frs.map(({ revision }) => revision)).toEqual(['', '2.1', '', '', '', '', ''])
  })
})

describe('decode of SGL descriptors', () => {
  test('reads a last segment', () => {
    const bytes = page(16, { 0: '00 10 00 00 01 00 00 00 20 00 00 00 00 00 00 30' })
    const descriptor = decode('SglDescriptor', bytes)
    expect(descriptor).toEqual({ address: 0x100001000n, length: 32, identifier: 0x30 })
    expect(decodeBits('sgl_identifier', descriptor.identifier).type).toBe(
      nvme.codes.sgl_descriptor_type.last_segment[0],
    )
  })
})

describe('decode of queue entries', () => {
  test('reads a Read command', () => {
    const command = decode(
      'SubmissionQueueEntry',
      page(64, {
        0: '02 00 34 12 01 00 00 00',
        24: '00 10 00 00 01 00 00 00 00 20 00 00 00 00 00 00 78 56 34 12 01 00 00 00 07 00 00 00',
      }),
    )
    expect(command).toMatchObject({ opc: 2, cid: 0x1234, nsid: 1, prp1: 0x100001000n })
    expect(command).toMatchObject({ prp2: 0x2000n, cdw10: 0x12345678, cdw11: 1, cdw12: 7 })
  })

  test('reads a completion with an error', () => {
    const bytes = page(16, { 0: '01 00 00 00 00 00 00 00 05 00 03 00 34 12 01 81' })
    const completion = decode('CompletionQueueEntry', bytes)
    expect(completion).toEqual({ dw0: 1, dw1: 0, sqhd: 5, sqid: 3, cid: 0x1234, status: 0x8101 })
    expect(decodeBits('cqe_status', completion.status)).toEqual({ p: 1, sf: 0x4080 })
  })

  test('honours the offset of a view', () => {
    const bytes = page(48, { 16: '2a' })
    expect(decode('CompletionQueueEntry', bytes.subarray(16)).dw0).toBe(42)
    expect(decode('CompletionQueueEntry', new DataView(bytes.buffer, 16)).dw0).toBe(42)
  })

  test('refuses too few bytes', () => {
    expect(() => decode('SubmissionQueueEntry', new Uint8Array(63))).toThrow(
      expect.objectContaining({ code: 'ERR_RANGE' }),
    )
    expect(byteLengthOf('SubmissionQueueEntry')).toBe(64)
  })
})

describe('the types', () => {
  test('follow the table', () => {
    type Controller = Decoded<'IdentifyController'>
    expectTypeOf<Controller['mdts']>().toEqualTypeOf<number>()
    expectTypeOf<Controller['sn']>().toEqualTypeOf<string>()
    expectTypeOf<Controller['tnvmcap']>().toEqualTypeOf<bigint>()
    expectTypeOf<Controller['ieee']>().toEqualTypeOf<Uint8Array>()
    expectTypeOf<Controller['psd']>().toEqualTypeOf<readonly Decoded<'PowerStateDescriptor'>[]>()
    expectTypeOf<Decoded<'IdentifyNamespace'>['nsze']>().toEqualTypeOf<bigint>()
    expectTypeOf(decodeBits('cc', 0)).toHaveProperty('iosqes').toEqualTypeOf<number>()
    // @ts-expect-error: no such field
    expectTypeOf<Controller['mtds']>().toBeAny()
  })
})

describe('decodeBits', () => {
  test('reads CAP of a real controller', () => {
    // 2048 entries, contiguous, 15 s, stride 4 B, NVM command set, pages from 4 KiB to 64 KiB.
    const cap = decodeBits('cap', 0x0040_0020_1e01_07ffn)
    expect(cap).toMatchObject({
      mqes: 2047,
      cqr: 1,
      to: 30,
      dstrd: 0,
      css: 1,
      mpsmin: 0,
      mpsmax: 4,
    })
  })

  test('refuses what the word cannot have', () => {
    const tooLong = expect.objectContaining({ code: 'ERR_RANGE' })
    for (const value of [-1, -1n, 2n ** 64n])
      expect(() => decodeBits('cap', value)).toThrow(tooLong)
    expect(() => decodeBits('cc', 2 ** 32)).toThrow('it has 32 bits')
    expect(decodeBits('cap', 2n ** 64n - 1n).mqes).toBe(0xffff)
  })

  // What libnvme has nothing to compare with, from the figures of the specification.
  test.each([
    ['create_sq_cdw10', 0x003f_0005, { qid: 5, qsize: 63 }],
    ['create_sq_cdw11', 0x0002_0005, { pc: 1, qprio: 2, cqid: 2 }],
    ['create_sq_cdw12', 0x0000_0007, { nvmsetid: 7 }],
    ['create_cq_cdw10', 0x0fff_0001, { qid: 1, qsize: 4095 }],
    ['create_cq_cdw11', 0x0003_0003, { pc: 1, ien: 1, iv: 3 }],
    ['delete_queue_cdw10', 0x0000_ffff, { qid: 0xffff }],
    ['abort_cdw10', 0x1234_0001, { sqid: 1, cid: 0x1234 }],
    ['abort_dw0', 1, { not_aborted: 1 }],
    ['async_event_dw0', 0x0002_0101, { aet: 1, aei: 1, lid: 2 }],
    ['sqe_flags', 0x42, { fuse: 2, psdt: 1 }],
    ['sgl_identifier', 0x31, { subtype: 1, type: 3 }],
    ['firmware_commit_dw0', 2, { mud: 2 }],
    ['feature_capabilities', 5, { saveable: 1, namespace_specific: 0, changeable: 1 }],
    ['timestamp_attributes', 0x02, { synch: 0, origin: 1 }],
    ['crt', 0x02, { vq: 0, vi: 1 }],
    ['ips', 0x80, { scale: 2 }],
    ['apws', 0x42, { workload: 2, scale: 1 }],
    ['ocfs', 0x0001, { format_0: 1, format_1: 0 }],
    ['independent_nsfeat', 0x10, { uidreuse: 0, rmedia: 1 }],
    ['nstat', 1, { nrdy: 1 }],
    ['pic', 0x04, { storage_tag_16b: 0, storage_tag_mask_16b: 0, stcrs: 1 }],
    ['lid_effects', 0x0001_0001, { lsupp: 1, ios: 0, lidsp: 1 }],
    ['active_firmware_info', 0x21, { active: 1, next: 2 }],
    ['reporting_context', 0x0005_0007, { port_id: 7, port_type: 1, exists: 1 }],
  ] as const)('reads %s', (name, value, expected) => {
    expect(decodeBits(name, value)).toEqual(expected)
  })

  test('takes any word apart so that its fields make it up again', () => {
    const names = Object.keys(nvme.bitLayouts) as BitLayoutName[]
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        (name, bits) => {
          const layout: BitLayout = nvme.bitLayouts[name]
          const value = BigInt.asUintN(layout.width, bits)
          const decoded: Readonly<Record<string, number>> = decodeBits(name, value)
          let expected = 0n
          let rebuilt = 0n
          for (const [bit, [high, low]] of Object.entries(layout.bits)) {
            for (let at = low; at <= high; at++) expected |= value & (1n << BigInt(at))
            rebuilt |= BigInt(decoded[bit] ?? -1) << BigInt(low)
          }
          expect(rebuilt).toBe(expected)
        },
      ),
    )
  })
})
