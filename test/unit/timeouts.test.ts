// SPDX-License-Identifier: MIT
// Whatever times out says which command it was, and shows the state of its controller.
import { expect, test } from 'vitest'
import type { Controller } from '../../src/controller.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import type { FaultMatch } from '../../src/emulator/faults.ts'
import { openController } from '../../src/open.ts'
import type { RawQueuePair } from '../../src/queue/raw.ts'
import { nvme } from '../../src/spec/nvme.ts'
import { failureOf } from '../support/failure.ts'

const { admin_opcode: adminOpcode, nvm_opcode: ioOpcode } = nvme.codes
const timeoutMs = 200
/** Far more than `timeoutMs`, and less than anything waits that was not told it. */
const soonMs = 4000

interface Case {
  readonly what: string
  /** Of which nothing is heard. */
  readonly lost: FaultMatch
  /** How the message names that. */
  readonly name: string
  /** What the dump says of it. */
  readonly shows: string | RegExp
  run(controller: Controller, lose: (more?: FaultMatch) => void): Promise<unknown>
}

const admin = (name: keyof typeof adminOpcode) =>
  ({ queues: 'admin', opcode: adminOpcode[name][0] }) as const
/** The admin command that was lost, as it was sent. */
const lostCommand = (name: string, cdw10: number, cdw11 = 0): RegExp => {
  const words = [cdw10, cdw11].map((word) => `0x${word.toString(16).padStart(8, '0')}`)
  const command = `command \\d+ ${name}, CDW10 ${words[0]} CDW11 ${words[1]}, PRP1 `
  return new RegExp(`\\n  given up 1\\n    ${command}.*\\n(.*\\n)*    slot \\d+: ${command}`)
}
const read = { queues: 'io', opcode: ioOpcode.read[0] } as const

async function startRead(controller: Controller): Promise<RawQueuePair> {
  const queue = await controller.createQueuePair({ mode: 'raw', timeoutMs })
  const { blockSize } = await controller.namespace(1)
  const memory = await controller.allocate(blockSize)
  queue.sq.read(queue.sq.enqueue(), 1, 0, 1, memory, 0)
  queue.sq.submit()
  return queue
}

const cases: readonly Case[] = [
  {
    what: 'creating a completion queue',
    lost: admin('create_io_completion_queue'),
    name: 'Create I/O Completion Queue',
    shows: lostCommand('Create I/O Completion Queue', 0x0020_0001, 0x0001_0003),
    run: (controller, lose) => {
      lose()
      return controller.createQueuePair({ mode: 'await' })
    },
  },
  {
    what: 'creating a submission queue',
    lost: admin('create_io_submission_queue'),
    name: 'Create I/O Submission Queue',
    shows: lostCommand('Create I/O Submission Queue', 0x0007_0001, 0x0001_0001),
    run: (controller, lose) => {
      lose()
      return controller.createQueuePair({ mode: 'raw', depth: 7 })
    },
  },
  ...(['await', 'raw'] as const).map((mode) => ({
    what: `deleting the queues of mode ${mode}`,
    lost: admin('delete_io_submission_queue'),
    name: 'Delete I/O Submission Queue',
    shows: lostCommand('Delete I/O Submission Queue', 1),
    run: async (controller: Controller, lose: () => void) => {
      const queue = await (mode === 'raw'
        ? controller.createQueuePair({ mode })
        : controller.createQueuePair({ mode }))
      lose()
      await queue.close()
    },
  })),
  {
    what: 'deleting the queues of a controller that is closed',
    lost: admin('delete_io_completion_queue'),
    name: 'Delete I/O Completion Queue',
    shows: /\nQueue pair 1 \(raw\), depth 32\n/,
    run: async (controller, lose) => {
      await controller.createQueuePair({ mode: 'raw' })
      lose()
      await controller.close()
    },
  },
  {
    what: 'making queues anew',
    lost: admin('create_io_completion_queue'),
    name: 'Create I/O Completion Queue',
    shows: /\n {2}given up \d\n( {4}command .*\n)* {4}command \d+ Create I\/O Completion Queue, /,
    run: async (controller, lose) => {
      const queue = await controller.createQueuePair({ mode: 'await', timeoutMs })
      const namespace = await controller.namespace(1)
      const block = () => queue.read({ namespace, lba: 0, into: new Uint8Array(512) })
      for (const more of [read, admin('abort')]) lose(more)
      lose()
      await block().catch(() => {})
      await block()
    },
  },
  {
    what: 'an admin command',
    lost: admin('get_features'),
    name: 'Get Features',
    shows: lostCommand('Get Features', nvme.codes.feature.arbitration[0]),
    run: (controller, lose) => {
      lose()
      return controller.admin.getFeature('arbitration')
    },
  },
  {
    what: 'watching events',
    lost: admin('get_features'),
    name: 'Get Features',
    shows: lostCommand('Get Features', nvme.codes.feature.asynchronous_event_configuration[0]),
    run: (controller, lose) => {
      lose()
      return controller.events().ready()
    },
  },
  {
    what: 'a reset',
    lost: admin('set_features'),
    name: 'Set Features',
    shows: lostCommand('Set Features', nvme.codes.feature.number_of_queues[0], 0x007f_007f),
    run: (controller, lose) => {
      lose()
      return controller.reset()
    },
  },
  {
    what: 'cq.wait()',
    lost: read,
    name: 'queue pair 1',
    shows: 'outstanding 1: command ',
    run: async (controller, lose) => {
      lose()
      const queue = await startRead(controller)
      queue.cq.wait()
    },
  },
  {
    what: 'a batch',
    lost: read,
    name: 'a batch of 1 commands',
    shows: 'Queue pair 1 (raw)',
    run: async (controller, lose) => {
      lose()
      const queue = await controller.createQueuePair({ mode: 'raw', timeoutMs })
      const memory = await controller.allocate(512)
      const namespace = await controller.namespace(1)
      const batch = queue.batch({ namespace, memory, capacity: 1 })
      batch.commands.set([ioOpcode.read[0], 0, 1, 0])
      batch.run(1)
    },
  },
  {
    what: 'a promise',
    lost: read,
    name: 'Read, command ',
    shows: 'outstanding 1: command ',
    run: async (controller, lose) => {
      lose()
      const queue = await controller.createQueuePair({ mode: 'await', timeoutMs })
      const namespace = await controller.namespace(1)
      await queue.read({ namespace, lba: 0, into: new Uint8Array(512) })
    },
  },
]

// Most of them wait for what does not come: together.
test.concurrent.each(cases)('$what that is not answered', { timeout: 60_000 }, async (each) => {
  const { lost, name, shows, run } = each
  await using device: Emulator = await startEmulator({ size: '1MiB' })
  const controller = await openController(device.controller(), { timeoutMs })
  const lose = (on = lost) => void device.inject({ drop: true, on })
  const began = performance.now()
  const error = await failureOf(run(controller, lose))
  expect(performance.now() - began).toBeLessThan(soonMs)
  expect(error.code).toBe('ERR_TIMEOUT')
  if (typeof shows === 'string') expect(error.dump).toContain(shows)
  else expect(error.dump).toMatch(shows)
  expect(error.message).toContain(name)
  await controller.close().catch(() => {}) // the queues that it could not delete, again
})

const openings = [
  {
    what: 'identifying the controller',
    lost: admin('identify'),
    shows: lostCommand('Identify', 1),
    open: (device: Emulator) => openController(device.controller(), { timeoutMs }),
  },
  {
    what: 'asking for queues',
    lost: admin('set_features'),
    shows: lostCommand('Set Features', nvme.codes.feature.number_of_queues[0], 0x007f_007f),
    open: (device: Emulator) => openController(device.controller(), { timeoutMs, role: 'manager' }),
  },
  {
    what: 'claiming the admin queue of a reference',
    lost: admin('identify'),
    shows: lostCommand('Identify', 1),
    open: async (device: Emulator) => {
      const options = { timeoutMs, role: 'reference' } as const
      await using controller = await openController(device.controller(), options)
      await controller.claimAdmin()
    },
  },
]

test.concurrent.each(openings)('$what when it is opened', { timeout: 60_000 }, async (each) => {
  const { lost, shows, open } = each
  await using device = await startEmulator({ size: '1MiB' })
  const fault = device.inject({ drop: true, on: lost })
  const began = performance.now()
  const error = await failureOf(open(device))
  expect(performance.now() - began).toBeLessThan(soonMs)
  expect(error).toMatchObject({
    code: 'ERR_TIMEOUT',
    message: expect.stringContaining(`on memory, after ${timeoutMs} ms`),
    dump: expect.stringMatching(shows),
  })
  // It was enabled then, and is not any more.
  expect(error.dump).toMatch(/^Controller memory, transport emulator, emulated\n/)
  expect(error.dump).toMatch(/CC {3}0x00460061 \(EN 1, .*\n {2}CSTS 0x00000001 \(RDY 1\)/)
  fault.remove()
  await using controller = await openController(device.controller())
  expect(controller.dump()).toContain('given up 0')
})
