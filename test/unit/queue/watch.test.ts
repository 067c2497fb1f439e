// SPDX-License-Identifier: MIT
// Commands are seen by subscribers of diagnostics channels, by histograms, and in dumps.
import { channel } from 'node:diagnostics_channel'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Controller } from '../../../src/controller.ts'
import type { Namespace } from '../../../src/namespace.ts'
import { openController } from '../../../src/open.ts'
import type { CompletedCommand, SubmittedCommand } from '../../../src/trace.ts'

let controller: Controller
let namespace: Namespace

beforeAll(async () => {
  controller = await openController({ emulator: { size: '16MiB' } })
  namespace = await controller.namespace(1)
})
afterAll(() => controller.close())

/** What both channels say of I/O queues until the test ends. */
function subscribe(): { submitted: SubmittedCommand[]; completed: CompletedCommand[] } {
  const submitted: SubmittedCommand[] = []
  const completed: CompletedCommand[] = []
  const onSubmit = (message: unknown): void => {
    const command = message as SubmittedCommand
    if (command.queue !== 0) submitted.push(command)
  }
  const onComplete = (message: unknown): void => {
    const command = message as CompletedCommand
    if (command.queue !== 0) completed.push(command)
  }
  channel('peernvm:submit').subscribe(onSubmit)
  channel('peernvm:complete').subscribe(onComplete)
  onTestFinished(() => {
    channel('peernvm:submit').unsubscribe(onSubmit)
    channel('peernvm:complete').unsubscribe(onComplete)
  })
  return { submitted, completed }
}

describe('diagnostics channels', () => {
  test('promises: each command and its status, in order', async () => {
    const { submitted, completed } = subscribe()
    await using queue = await controller.createQueuePair({ mode: 'await', depth: 3 })
    const into = new Uint8Array(512)
    await Promise.all([0, 1, 2, 3].map((lba) => queue.read({ namespace, lba, into })))
    await queue.read({ namespace, lba: 2 ** 40, into }).catch(() => {})
    expect(submitted.map(({ queue: id, command }) => [id, command.name, command.lba])).toEqual(
      [0, 1, 2, 3, 2 ** 40].map((lba) => [queue.id, 'Read', lba]),
    )
    expect(completed.map(({ status }) => (status ?? 0x7ff) & 0x7ff)).toEqual([0, 0, 0, 0, 0x080])
    expect(completed.every(({ elapsedMs = 0 }) => elapsedMs > 0 && elapsedMs < 10_000)).toBe(true)
    expect(submitted[0]?.controller).toBe(controller.info.address)
  })

  test('raw queues: at the doorbell, also around the end of the queue', async () => {
    const { submitted, completed } = subscribe()
    await using queue = await controller.createQueuePair({ mode: 'raw', depth: 2 })
    using memory = await controller.allocate(4096)
    for (let i = 0; i < 5; i++) {
      queue.sq.read(queue.sq.enqueue(), 1, i, 1, memory, 0)
      queue.sq.submit()
      queue.cq.wait()
      queue.cq.update()
    }
    expect(submitted.map(({ command }) => command.lba)).toEqual([0, 1, 2, 3, 4])
    expect(completed).toHaveLength(5)
  })

  test('batches: commands by their index', async () => {
    const { submitted, completed } = subscribe()
    await using queue = await controller.createQueuePair({ mode: 'raw', depth: 2 })
    using memory = await controller.allocate(4096)
    const batch = queue.batch({ namespace, memory, capacity: 3 })
    batch.commands.set([2, 10, 1, 0, 2, 11, 1, 512, 2, 2 ** 40, 1, 1024])
    expect(batch.run(3)).toBe(1)
    expect(submitted.map(({ command }) => [command.commandId, command.lba])).toEqual([
      [0, 10],
      [1, 11],
      [2, 2 ** 40],
    ])
    expect(completed.map(({ commandId, status }) => [commandId, status !== 0]).sort()).toEqual([
      [0, false],
      [1, false],
      [2, true],
    ])
  })
})

describe('histogram', () => {
  test('has each command of a queue that was created with one, and of no other', async () => {
    await using queue = await controller.createQueuePair({ mode: 'await', histogram: true })
    await using other = await controller.createQueuePair({ mode: 'await' })
    const into = new Uint8Array(512)
    for (let lba = 0; lba < 40; lba++) await queue.read({ namespace, lba, into })
    const { latency } = queue.stats()
    expect(latency?.count).toBe(40)
    expect(latency?.min).toBeGreaterThan(0)
    expect(other.stats()).not.toHaveProperty('latency')
  })

  test('has the commands of batches too, whoever sends and takes them', async () => {
    const latencyNs = 5_000_000
    await using slow = await openController({ emulator: { size: '1MiB', timing: { latencyNs } } })
    const where = await slow.namespace(1)
    using memory = await slow.allocate(4096)
    await using queue = await slow.createQueuePair({ mode: 'raw', depth: 3, histogram: true })
    const { sq, cq } = queue
    const { latency } = queue.stats()
    const batch = queue.batch({ namespace: where, memory, capacity: 8 })
    for (let i = 0; i < 8; i++) batch.commands.set([2, i, 1, 0], 4 * i)
    const begun = performance.now()
    expect(batch.run(8)).toBe(0)
    const elapsedNs = (performance.now() - begun) * 1e6
    expect(latency?.count).toBe(8)
    expect(latency?.min).toBeGreaterThanOrEqual(latencyNs)
    expect(latency?.max).toBeLessThan(elapsedNs)
    expect(latency?.mean).toBeLessThan(elapsedNs / 2) // three at a time

    sq.read(sq.enqueue(), 1, 0, 1, memory, 0)
    sq.submit()
    batch.exchange(0, 0, 1)
    expect(latency?.count).toBe(9)
    batch.exchange(0, 2, 0)
    for (let left = 2; left > 0; ) left -= cq.wait()
    cq.update()
    expect(latency?.count).toBe(11)
    expect(latency?.min).toBeGreaterThanOrEqual(latencyNs)
    expect(latency?.max).toBeLessThan((performance.now() - begun) * 1e6)
  })
})

describe('dump', () => {
  test('decodes registers and the last commands', async () => {
    await using queue = await controller.createQueuePair({ mode: 'await', depth: 2 })
    await queue.read({ namespace, lba: 9, into: new Uint8Array(131_072) })
    await queue.flush({ namespace })
    const dump = controller.dump()
    expect(dump).toContain('transport emulator, emulated')
    expect(dump).toMatch(/CC {3}0x00460061 \(EN 1, CSS 6, IOSQES 6, IOCQES 4\)/)
    expect(dump).toMatch(/CSTS 0x00000001 \(RDY 1\)/)
    expect(dump).toMatch(/Flush of namespace 1/)
    expect(dump).toMatch(
      /Read of 256 blocks at LBA 9 of namespace 1, SGL 0x[0-9a-f]+, 131072 bytes/,
    )
  })

  test('says so when it is closed', async () => {
    const closed = await openController({ emulator: { size: '1MiB' } })
    await closed.close()
    expect(closed.dump()).toBe('Controller memory: closed')
  })
})
