// SPDX-License-Identifier: MIT
// Each command that is seen to be submitted is seen to end, once, whatever becomes of it.
import { channel } from 'node:diagnostics_channel'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Controller } from '../../src/controller.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import type { Namespace } from '../../src/namespace.ts'
import { openController } from '../../src/open.ts'
import type { CompletedCommand, SubmittedCommand } from '../../src/trace.ts'
import { runProgram } from '../support/process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const read = 0x02
const lost = { on: { queues: 'io', opcode: read }, drop: true } as const

interface Seen {
  readonly name: string
  readonly queue: number
  readonly commandId: number | undefined
  end?: number | string
}

/** Commands as both channels tell of them until the test ends, each with its one end. */
function watchCommands(): Seen[] {
  const watched = startWatching()
  onTestFinished(watched.stop)
  return watched.all
}

function startWatching(): { all: Seen[]; stop: () => void } {
  const all: Seen[] = []
  const onSubmit = (message: unknown): void => {
    const { queue, command } = message as SubmittedCommand
    const { name, commandId } = command
    all.push({ name, queue, commandId })
  }
  const onComplete = (message: unknown): void => {
    const { queue, commandId, status, error } = message as CompletedCommand
    const open = all.filter((each) => each.end === undefined)
    const its = open.filter((each) => each.queue === queue && each.commandId === commandId)
    expect(its, `which command ${commandId} of queue ${queue} is`).toHaveLength(1)
    expect(status === undefined).not.toBe(error === undefined)
    const [one] = its
    if (one !== undefined) one.end = status ?? error ?? ''
  }
  const stop = (): void => {
    channel('peernvm:submit').unsubscribe(onSubmit)
    channel('peernvm:complete').unsubscribe(onComplete)
  }
  channel('peernvm:submit').subscribe(onSubmit)
  channel('peernvm:complete').subscribe(onComplete)
  return { all, stop }
}

const endsOf = (seen: readonly Seen[], name: string): unknown[] =>
  seen.filter((each) => each.name === name).map(({ end }) => end)

interface Opened {
  readonly device: Emulator
  readonly controller: Controller
  readonly namespace: Namespace
}

async function open(): Promise<Opened> {
  const device = await startEmulator({ size: '1MiB' })
  onTestFinished(() => device.close())
  const controller = await openController(device.controller())
  onTestFinished(() => controller.close())
  return { device, controller, namespace: await controller.namespace(1) }
}

const into = (): Uint8Array => new Uint8Array(512)

test('a command whose queue was deleted, as it was late', async () => {
  const { device, controller, namespace } = await open()
  const queue = await controller.createQueuePair({ mode: 'await', timeoutMs: 200 })
  device.inject({ ...lost, times: 1 })
  const seen = watchCommands()
  const code = 'ERR_TIMEOUT'
  await expect(queue.read({ namespace, lba: 1, into: into() })).rejects.toMatchObject({ code })
  await queue.read({ namespace, lba: 1, into: into() })
  await queue.close()
  expect(endsOf(seen, 'Read')).toEqual([code, 0])
})

test('a command of a queue that was closed meanwhile', async () => {
  const { device, controller, namespace } = await open()
  const queue = await controller.createQueuePair({ mode: 'await' })
  device.inject({ ...lost, times: 1 })
  const seen = watchCommands()
  const dropped = queue.read({ namespace, lba: 1, into: into() }).catch(() => {})
  await queue.read({ namespace, lba: 2, into: into() })
  await queue.close()
  await dropped
  expect(endsOf(seen, 'Read')).toEqual(['ERR_ABORTED', 0])
})

test('a command that a reset ended', async () => {
  const { device, controller, namespace } = await open()
  const queue = await controller.createQueuePair({ mode: 'await' })
  device.inject({ ...lost, times: 1 })
  const seen = watchCommands()
  const dropped = queue.read({ namespace, lba: 1, into: into() }).catch(({ code }) => code)
  await controller.reset()
  const code = await dropped
  expect(code).toMatch(/^ERR_/)
  expect(endsOf(seen, 'Read')).toEqual([code])
})

test('raw commands, and those of a batch, of a queue that was closed', async () => {
  const { device, controller, namespace } = await open()
  device.inject(lost)
  const seen = watchCommands()
  const memory = await controller.allocate(4096)
  const queue = await controller.createQueuePair({ mode: 'raw' })
  queue.sq.read(queue.sq.enqueue(), 1, 0, 1, memory, 0)
  queue.sq.submit()
  const other = await controller.createQueuePair({ mode: 'raw' })
  const batch = other.batch({ namespace, memory, capacity: 3 })
  batch.commands.set([2, 10, 1, 0, 0, 0, 0, 0, 2, 12, 1, 1024]) // Read, Flush, Read
  batch.exchange(0, 3, 1)
  await queue.close()
  await other.close()
  expect(endsOf(seen, 'Read')).toEqual(['ERR_ABORTED', 'ERR_ABORTED', 'ERR_ABORTED'])
  expect(endsOf(seen, 'Flush')).toEqual([0])
})

test('a command of a batch that the completion queue hands over', async () => {
  const { controller, namespace } = await open()
  const seen = watchCommands()
  const memory = await controller.allocate(4096)
  const queue = await controller.createQueuePair({ mode: 'raw' })
  const batch = queue.batch({ namespace, memory, capacity: 8 })
  batch.commands.set([2, 10, 1, 0], 4 * 7)
  batch.exchange(7, 1, 0)
  if (batch.reaped === 0) queue.cq.wait()
  expect(seen.filter((each) => each.queue !== 0)).toMatchObject([
    { name: 'Read', commandId: 7, end: 0 },
  ])
})

test('admin commands that overlap, of which one is lost', async () => {
  const { device, controller } = await open()
  const keepAlive = { opcode: 0x18 }
  device.inject({ on: { queues: 'admin', ...keepAlive, nth: 2 }, drop: true, times: 1 })
  const seen = watchCommands()
  const { admin } = controller
  const outcomes = await Promise.allSettled(
    [1, 2, 3].map(() => admin.submit(keepAlive, { timeoutMs: 100 })),
  )
  expect(endsOf(seen, 'Keep Alive').sort()).toEqual([0, 0, 'ERR_TIMEOUT'])
  expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1)
})

test('the commands that opening, queues, events and recovery send by themselves', async () => {
  const seen = watchCommands()
  const { device, controller, namespace } = await open()
  const queue = await controller.createQueuePair({ mode: 'await', timeoutMs: 200 })
  device.inject({ ...lost, times: 1 })
  await queue.read({ namespace, lba: 1, into: into() }).catch(() => {})
  await controller.close()
  await queue.close()
  expect(seen.filter(({ end }) => end === undefined)).toEqual([])
  const names = seen.filter((each) => each.queue === 0).map(({ name }) => name)
  expect(new Set(names)).toEqual(
    new Set([
      'Identify',
      'Set Features',
      'Create I/O Completion Queue',
      'Create I/O Submission Queue',
      'Abort',
      'Delete I/O Submission Queue',
      'Delete I/O Completion Queue',
    ]),
  )
})

test('requests for events: one that an event ended, and those that a reset did', async () => {
  const { device, controller } = await open()
  const seen = watchCommands()
  const events = controller.events()[Symbol.asyncIterator]()
  const event = events.next()
  await expect.poll(() => endsOf(seen, 'Asynchronous Event Request')).toContain(undefined)
  await device.addNamespace({ size: '1MiB' })
  await event
  expect(endsOf(seen, 'Asynchronous Event Request')).toContain(0)
  await controller.close()
  const ends = endsOf(seen, 'Asynchronous Event Request')
  expect(new Set(ends)).toEqual(new Set([0, 'ERR_ABORTED']))
})

test('commands of a client, in its own process and in that of its manager', async () => {
  using folder = temporaryFolder('trace')
  const path = join(folder.path, 'socket')
  const seen = watchCommands()
  const { controller } = await open()
  await controller.serve({ path })
  const program = `
    import { openController } from 'peernvm'
    const controller = await openController(${JSON.stringify(path)})
    await controller.admin.keepAlive()
    await controller.close()`
  const { stderr } = await runProgram(process.execPath, ['--input-type=module', '-e', program], {
    env: { PEERNVM_TRACE: '1' },
  })
  const its = stderr.split('\n').filter((line) => line.includes(' queue 0 command '))
  expect(its).toEqual([
    expect.stringMatching(/socket \(memory\) queue 0 command 0: Keep Alive$/),
    expect.stringMatching(/ queue 0 command 0: Successful Completion after [\d.]+ us$/),
  ])
  await expect.poll(() => endsOf(seen, 'Keep Alive')).toEqual([0])
})

test('who subscribes later sees the end of no command of a queue that measures', async () => {
  const { controller, namespace } = await open()
  const queue = await controller.createQueuePair({ mode: 'raw', histogram: true })
  const memory = await controller.allocate(4096)
  queue.sq.read(queue.sq.enqueue(), 1, 0, 1, memory, 0)
  queue.sq.submit()
  const batch = queue.batch({ namespace, memory, capacity: 1 })
  batch.commands.set([2, 10, 1, 0])
  const seen = watchCommands()
  queue.cq.wait()
  expect(batch.run(1)).toBe(0)
  expect(endsOf(seen, 'Read')).toEqual([0])
  expect(queue.stats().latency?.count).toBe(2)
})

test('who subscribes later sees no end without its beginning', async () => {
  const { controller } = await open()
  const events = controller.events()[Symbol.asyncIterator]()
  const event = events.next().catch(() => {})
  await controller.admin.keepAlive()
  const seen = watchCommands()
  await controller.reset()
  await controller.admin.keepAlive()
  expect(endsOf(seen, 'Keep Alive')).toEqual([0])
  await controller.close()
  await event
})

test.each([{ histogram: false }, { histogram: true }])(
  'what ended while nobody listened has no end later, %o',
  async ({ histogram }) => {
    const { controller, namespace } = await open()
    const queue = await controller.createQueuePair({ mode: 'raw', depth: 4, histogram })
    const memory = await controller.allocate(4096)
    const batch = queue.batch({ namespace, memory, capacity: 4 })
    batch.commands.set([read, 10, 1, 0, read, 11, 1, 512], 8) // no index that is an id, too
    const first = startWatching()
    queue.sq.read(queue.sq.enqueue(), 1, 0, 1, memory, 1024)
    queue.sq.submit()
    expect(batch.exchange(2, 2, 0)).toBe(2)
    const early = first.all.filter(({ end }) => end !== undefined).length
    first.stop()
    for (let left = 3 - batch.reaped; left > 0; ) left -= queue.cq.wait()
    const seen = watchCommands()
    await queue.close()
    expect(first.all.filter(({ end }) => end !== undefined)).toHaveLength(early)
    expect(seen.filter(({ queue: id }) => id !== 0)).toEqual([])
  },
)

test('a command that was enqueued by hand, and that a batch takes', async () => {
  const { controller, namespace } = await open()
  const queue = await controller.createQueuePair({ mode: 'raw', depth: 4 })
  const memory = await controller.allocate(4096)
  const batch = queue.batch({ namespace, memory, capacity: 4 })
  batch.commands.set([read, 10, 1, 0, read, 11, 1, 512], 8) // no index that is an id, too
  const seen = watchCommands()
  const slot = queue.sq.enqueue()
  const byHand = queue.sq.commandId(slot)
  queue.sq.flush(slot, 1)
  queue.sq.submit()
  expect(batch.exchange(2, 2, 3)).toBe(2)
  const indices = Array.from({ length: 3 }, (_, i) => batch.outcomes[2 * i])
  expect(indices.sort()).toEqual([~byHand, 2, 3].sort())
  expect(endsOf(seen, 'Flush')).toEqual([0])
  expect(endsOf(seen, 'Read')).toEqual([0, 0])
  await queue.close()
})
