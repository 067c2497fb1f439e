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

  test('a timing model is one that there is, and instead of timing', () => {
    expect(toNativeOptions({ model: '970pro' }).timingModel).toBe('970pro')
    expect(toNativeOptions({ timing: {}, model: 'p4800x' }).timingModel).toBe('p4800x')
    expect(toNativeOptions({ identity: { model: 'M1' } })).toMatchObject({
      timingModel: '',
      model: 'M1',
    })
    expect(toNativeOptions({ load: new Uint8Array(1), model: 'p4800x' }).timingModel).toBe('p4800x')
    expect(() => toNativeOptions({ model: 'optane' as 'p4800x' })).toThrow(
      /Wrong argument.*no timing model 'optane'.*p4800x, 970pro.*identity/,
    )
    expect(() => toNativeOptions({ model: '970pro', timing: { latencyNs: 1 } })).toThrow(
      /Wrong argument.*model and timing.*leave one out/,
    )
  })

  test('a bandwidth below 1 is not that of 0, no limit', () => {
    expect(toNativeOptions({ timing: { bandwidth: 0.4 } }).bandwidth).toBe(1)
    expect(toNativeOptions({ timing: { bandwidth: 0 } }).bandwidth).toBe(0)
  })

  test('a negative latency is refused', () => {
    expect(() => toNativeOptions({ timing: { latencyNs: -1 } })).toThrow(/latencyNs/)
  })
})
