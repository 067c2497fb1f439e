// SPDX-License-Identifier: MIT
// What becomes of a batch's memory when it is disposed before its queue is closed.
import { readFileSync } from 'node:fs'
import { type Controller, openController, type ReceivedCommand, startEmulator } from 'peernvm'
import { expect, test } from 'vitest'
import { openFiles, settledOpenFiles } from '../../support/open-files.ts'

const memoryBytes = 16 << 20
const opcode = 0x92

/** Mappings of memory with a descriptor that are as large as what these tests allocate. */
function largeMappings(): number {
  const lines = readFileSync('/proc/self/maps', 'utf8').split('\n')
  return lines.filter((line) => {
    const [first, end] = (line.split(' ', 1)[0] as string).split('-')
    const byteLength = Number.parseInt(end as string, 16) - Number.parseInt(first as string, 16)
    return line.includes('memfd:') && byteLength >= memoryBytes
  }).length
}

async function makeBatch(controller: Controller) {
  const namespace = await controller.namespace(1)
  const queue = await controller.createQueuePair({ mode: 'raw' })
  const memory = await controller.allocate(memoryBytes)
  return { queue, memory, batch: queue.batch({ namespace, memory, capacity: 1 }) }
}

test('goes at once where nothing is outstanding, and the batch sends nothing more', async () => {
  await using controller = await openController({ emulator: { size: '1MiB' } })
  const namespace = await controller.namespace(1)
  await using queue = await controller.createQueuePair({ mode: 'raw' })
  const filesBefore = await settledOpenFiles()
  const mappingsBefore = largeMappings()
  for (let i = 0; i < 10; i++) {
    const memory = await controller.allocate(memoryBytes)
    const batch = queue.batch({ namespace, memory, capacity: 1 })
    batch.commands.set([2, 0, 1, 0])
    expect(batch.run(1)).toBe(0)
    memory[Symbol.dispose]()
    const { commands } = queue.stats()
    expect(() => batch.run(1)).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
    expect(() => batch.exchange(0, 1, 1)).toThrow('the memory of the batch was disposed')
    expect(batch.exchange(0, 0, 0)).toBe(0)
    expect(queue.stats().commands).toBe(commands)
  }
  await expect.poll(largeMappings).toBe(mappingsBefore)
  await expect.poll(openFiles).toBe(filesBefore)
})

test('stays until what is outstanding has completed', async () => {
  await using device = await startEmulator({ size: '1MiB' })
  await using controller = await openController(device.controller())
  let answer = () => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  const received = new Promise<ReceivedCommand>((resolve) => {
    device.onCommand(opcode, { name: 'held', data: { bytes: 512 } }, async (command) => {
      resolve(command)
      await answered
      command.data.fill(7)
    })
  })
  const mappingsBefore = largeMappings()
  const { queue, memory, batch } = await makeBatch(controller)
  await using _queue = queue
  batch.commands.set([opcode, 0, 1, 0])
  expect(batch.exchange(0, 1, 0)).toBe(1)
  await received
  memory[Symbol.dispose]()
  expect(() => batch.exchange(0, 1, 0)).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve))
  expect(batch.exchange(0, 0, 0)).toBe(0)
  expect(batch.reaped).toBe(0)
  expect(largeMappings()).toBeGreaterThan(mappingsBefore)

  answer()
  await expect.poll(() => batch.exchange(0, 0, 0) + batch.reaped).toBe(1)
  expect([...batch.outcomes.subarray(0, 2)]).toEqual([0, 0])
  await expect.poll(largeMappings).toBe(mappingsBefore)
})

test('goes with the queue whose commands never complete', async () => {
  await using device = await startEmulator({ size: '1MiB' })
  await using controller = await openController(device.controller())
  device.onCommand(
    opcode,
    { name: 'silent', data: { bytes: 512 } },
    () => new Promise<void>(() => {}),
  )
  const mappingsBefore = largeMappings()
  const { queue, memory, batch } = await makeBatch(controller)
  batch.commands.set([opcode, 0, 1, 0])
  expect(batch.exchange(0, 1, 0)).toBe(1)
  memory[Symbol.dispose]()
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve))
  expect(largeMappings()).toBeGreaterThan(mappingsBefore)
  await queue.close()
  expect(() => batch.exchange(0, 0, 1)).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
  await expect.poll(largeMappings).toBe(mappingsBefore)
})
