// SPDX-License-Identifier: MIT
// Whatever times out says which command it was, and shows the state of its controller.
import { expect, test } from 'vitest'
import type { Controller } from '../../src/controller.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { openController } from '../../src/open.ts'
import type { RawQueuePair } from '../../src/queue/raw.ts'
import { nvme } from '../../src/spec/nvme.ts'
import { failureOf } from '../support/failure.ts'

const { admin_opcode: adminOpcode, nvm_opcode: ioOpcode } = nvme.codes
const timeoutMs = 200

interface Case {
  readonly what: string
  /** Of which nothing is heard. */
  readonly lost: { readonly queues: 'admin' | 'io'; readonly opcode: number }
  /** How the message names that. */
  readonly name: string
  /** A line of the dump. */
  readonly shows: string
  run(controller: Controller, lose: () => void): Promise<unknown>
}

const admin = (name: keyof typeof adminOpcode) =>
  ({ queues: 'admin', opcode: adminOpcode[name][0] }) as const
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
    shows: 'Controller memory, transport emulator',
    run: (controller, lose) => {
      lose()
      return controller.createQueuePair({ mode: 'await' })
    },
  },
  {
    what: 'creating a submission queue',
    lost: admin('create_io_submission_queue'),
    name: 'Create I/O Submission Queue',
    shows: 'Controller memory, transport emulator',
    run: (controller, lose) => {
      lose()
      return controller.createQueuePair({ mode: 'raw' })
    },
  },
  ...(['await', 'raw'] as const).map((mode) => ({
    what: `deleting the queues of mode ${mode}`,
    lost: admin('delete_io_submission_queue'),
    name: 'Delete I/O Submission Queue',
    shows: `Queue pair 1 (${mode}), depth 32`,
    run: async (controller: Controller, lose: () => void) => {
      const queue = await (mode === 'raw'
        ? controller.createQueuePair({ mode })
        : controller.createQueuePair({ mode }))
      lose()
      await queue.close()
    },
  })),
  {
    what: 'an admin command',
    lost: admin('get_features'),
    name: 'Get Features',
    shows: 'Controller memory, transport emulator',
    run: (controller, lose) => {
      lose()
      return controller.admin.getFeature('arbitration')
    },
  },
  {
    what: 'watching events',
    lost: admin('get_features'),
    name: 'Get Features',
    shows: 'Controller memory, transport emulator',
    run: (controller, lose) => {
      lose()
      return controller.events().ready()
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
  const lose = () => void device.inject({ drop: true, on: lost })
  const error = await failureOf(run(controller, lose))
  expect(error).toMatchObject({ code: 'ERR_TIMEOUT', dump: expect.stringContaining(shows) })
  expect(error.message).toContain(name)
  await controller.close().catch(() => {}) // the queues that it could not delete, again
})
