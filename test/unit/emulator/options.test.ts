// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest'
import { toNativeOptions } from '../../../src/emulator/options.ts'

describe('emulator options', () => {
  test.each([
    [{ blocksize: 512 }, /the emulator has no option 'blocksize'.*blockSize/],
    [{ timing: { latency: 1 } }, /timing has no option 'latency'.*latencyNs/],
    [{ identity: { name: 'x' } }, /identity has no option 'name'.*serial/],
    [{ limits: { queues: 1 } }, /limits has no option 'queues'.*queuePairs/],
    [{ namespaces: [{ image: 'x' }] }, /a namespace has no option 'image'.*size/],
  ])('a misspelt option is refused by name, with those there are: %j', (options, message) => {
    expect(() => toNativeOptions(options as object)).toThrow(message)
  })

  test('a negative latency is refused', () => {
    expect(() => toNativeOptions({ timing: { latencyNs: -1 } })).toThrow(/latencyNs/)
  })
})
