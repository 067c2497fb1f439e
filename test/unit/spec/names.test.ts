// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest'
import { controlBlock, word } from '../../../src/spec/control-block.ts'
import {
  codeText,
  decodeStatus,
  opcodeName,
  statusField,
  statusName,
  statusText,
} from '../../../src/spec/names.ts'
import { nvme, type StatusName } from '../../../src/spec/nvme.ts'

describe('decodeStatus', () => {
  test('takes a status field apart', () => {
    expect(decodeStatus(0x4080)).toEqual({
      sct: 0,
      sc: 0x80,
      name: 'lba_out_of_range',
      dnr: true,
      more: false,
      crd: 0,
    })
    expect(decodeStatus(0x3a81)).toEqual({
      sct: 2,
      sc: 0x81,
      name: 'unrecovered_read_error',
      dnr: false,
      more: true,
      crd: 3,
    })
  })

  test('says what it does not know', () => {
    expect(decodeStatus(0x7ff)).toMatchObject({ sct: 7, sc: 0xff, name: 'vendor_specific' })
    expect(decodeStatus(0x07f)).toMatchObject({ sct: 0, sc: 0x7f, name: 'unknown' })
    expect(statusText(0x7ff)).toBe('Vendor Specific')
    expect(statusText(0x07f)).toBe('Unknown Status')
  })
})

describe('names', () => {
  test('of statuses ignore everything but type and code', () => {
    expect(statusName(0x6101)).toBe('invalid_queue_identifier')
    expect(statusText(0x7801)).toBe('Invalid Command Opcode')
    expect(statusName(0)).toBe('success')
  })

  test('of all statuses lead back to them', () => {
    for (const name of Object.keys(nvme.statuses) as StatusName[]) {
      expect(statusName(statusField(name))).toBe(name)
    }
  })

  test('of opcodes depend on the queue', () => {
    expect(opcodeName('admin', 0x06)).toBe('Identify')
    expect(opcodeName('admin', 0x01)).toBe('Create I/O Submission Queue')
    expect(opcodeName('io', 0x01)).toBe('Write')
    expect(opcodeName('io', 0xc0)).toBe('0xc0')
    expect(codeText('feature', 7)).toBe('Number of Queues')
  })
})

describe('the control block', () => {
  test('has 32 words, and the device writes in the second cache line', () => {
    expect(controlBlock.QueueControlBlock.size).toBe(32 * 4)
    expect(word).toEqual({
      sqTail: 0,
      sqDoorbell: 1,
      sqEntries: 2,
      cqHead: 3,
      cqPhase: 4,
      cqEntries: 5,
      outstanding: 6,
      queueId: 7,
      state: 8,
      armed: 16,
    })
  })
})
