// SPDX-License-Identifier: MIT
// Slots of a promise queue: what is in those that the device may not have read stays as it is.
import { expect, test } from 'vitest'
import { slotWords } from '../../../src/queue/ring.ts'
import { ScriptedDevice } from '../../support/scripted-completions.ts'

const flush = 0

test('slots that are fetched for the next commands are those of no command', async () => {
  await using device = await ScriptedDevice.open({ depth: 4, timeoutMs: 10_000 })
  const { queue } = device
  const submit = (cdw15: number) => queue.submit({ opcode: flush, nsid: 1, cdw15 })
  const lastDwords = () =>
    Array.from({ length: 5 }, (_, slot) => queue.ring.words[slot * slotWords + 15])
  const complete = (...slots: number[]) => {
    for (const { cid } of slots.map((slot) => device.command(slot))) device.post(cid)
  }
  const first = [1, 2, 3, 4].map(submit)
  expect(lastDwords()).toEqual([1, 2, 3, 4, 0])
  complete(0, 1)
  await Promise.all(first.slice(0, 2))
  expect(lastDwords()).toEqual([0, 0, 3, 4, 0])
  const next = [5, 6].map(submit)
  expect(lastDwords()).toEqual([6, 0, 3, 4, 5])
  complete(2, 3, 4, 0)
  await Promise.all([...first, ...next])
  expect(lastDwords()).toEqual([0, 0, 0, 0, 0])
})
