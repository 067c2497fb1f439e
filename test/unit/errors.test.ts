// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest'
import { errorTable } from '../../src/error-table.ts'
import { createError, createStatusError, NvmError, unwrap } from '../../src/errors.ts'

describe('errors', () => {
  test('numbers of the table are unique, and in order', () => {
    const numbers = Object.values(errorTable).map(({ number }) => number)
    expect(new Set(numbers).size).toBe(numbers.length)
    expect(numbers).toEqual(numbers.toSorted((one, other) => one - other))
  })

  test.each(Object.keys(errorTable) as (keyof typeof errorTable)[])(
    '%s has message, when and fix',
    (code) => {
      const error = createError(code, 'what varies')
      expect(error).toBeInstanceOf(NvmError)
      expect(error).toMatchObject({ code, name: 'NvmError' })
      expect(error.message).toContain('what varies')
      expect(error.fix).toMatch(/\w{3,} .*\.$/)
      expect(errorTable[code].when).toMatch(/^[\w(].{20,200}\.$/)
      expect(error.message + error.fix).not.toContain('{detail}')
    },
  )

  test('a native failure becomes the error of its number, with its detail', () => {
    const failure = { failureNumber: 9, osError: 16, nvmeStatus: 0, detail: 'disk.img, process 42' }
    expect(() => unwrap(failure)).toThrow(/disk.img, process 42/)
    expect(() => unwrap(failure)).toThrow(expect.objectContaining({ code: 'ERR_BUSY' }))
  })

  test('what is no failure is handed on', () => {
    const value = { detail: 'not a failure' }
    expect(unwrap(value)).toBe(value)
    expect(unwrap(undefined)).toBeUndefined()
    expect(unwrap(0)).toBe(0)
  })

  test('a status is taken apart and the command named', () => {
    const command = { name: 'Read', opcode: 2, namespaceId: 1, lba: 9, blockCount: 8 }
    const error = createStatusError(0x4000 | 0x80, { command, queue: 3 })
    expect(error).toMatchObject({
      code: 'ERR_NVME_STATUS',
      status: { sct: 0, sc: 0x80, name: 'lba_out_of_range', dnr: true, more: false, crd: 0 },
      queue: 3,
    })
    expect(error.message).toContain('Read of 8 blocks at LBA 9 of namespace 1')
  })

  test('a state that cannot be asked for any more hides no error', () => {
    const dump = () => {
      throw createError('ERR_CLOSED', 'the device')
    }
    const error = createError('ERR_TIMEOUT', 'x', { dump })
    expect(error.code).toBe('ERR_TIMEOUT')
    expect(Object.keys(error)).not.toContain('dump')
    expect(createError('ERR_TIMEOUT', 'x', { dump: () => 'queues' }).dump).toBe('queues')
  })

  test('an error without details has no such properties', () => {
    expect(Object.keys(createError('ERR_CLOSED', 'x'))).not.toContain('status')
  })
})
