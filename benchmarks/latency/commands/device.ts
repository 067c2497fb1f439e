// SPDX-License-Identifier: MIT
// What is measured: opening it, what it says of itself, and filling an emulator in memory.

import type { Controller, Namespace, Target } from '../../../src/index.ts'
import { decodeBits, openController } from '../../../src/index.ts'
import type { ControllerFacts } from '../../../src/report/result.ts'
import type { CommandOptions } from '../options.ts'
import type { QueueLimits } from './plan.ts'

const memoryBytes = 2 ** 30

/** What openController() is given. */
export function targetOf({ ctrl, emulatorBytes, timing }: CommandOptions): Target {
  const model = timing === undefined ? {} : { model: timing }
  if (ctrl === undefined) return { emulator: { size: emulatorBytes ?? memoryBytes, ...model } }
  return timing === undefined ? ctrl : { emulator: { image: ctrl, ...model } }
}

/** Opens it as its manager, which resets it, or as a client of the process that serves it. */
export function openDevice(options: CommandOptions): Promise<Controller> {
  return openController(targetOf(options))
}

/** What it says of itself. */
export async function factsOf(
  controller: Controller,
  namespace: Namespace,
  options: CommandOptions,
): Promise<ControllerFacts> {
  const { info } = controller
  const { mn, sn, fr } = await controller.admin.identifyController()
  const { mjr, mnr, ter } = decodeBits('vs', info.vs)
  return {
    target: options.ctrl ?? null,
    transport: info.transport,
    model: mn,
    serial: sn,
    firmware: fr,
    nvme: `${mjr}.${mnr}.${ter}`,
    namespace: namespace.id,
    blockSize: namespace.blockSize,
    blockCount: namespace.blockCount,
    transferBytesMax: Number.isFinite(info.transferBytesMax) ? info.transferBytesMax : 0,
    timing: options.timing ?? null,
  }
}

/** How deep its queues may be, and how many of them it granted. */
export async function limitsOf({ admin, info }: Controller): Promise<QueueLimits> {
  const { nsq, ncq } = await admin.getFeature('number_of_queues') // both less by one
  return { depthMax: info.queueEntriesMax - 1, queuesMax: Math.min(nsq, ncq) + 1 }
}

/**
 * Writes every block of an emulator in memory once: reads of memory that was never touched would
 * all find the same page.
 */
export async function fillMemory(controller: Controller, namespace: Namespace): Promise<void> {
  const chunk = 128 * 1024
  const depth = 8
  using buffer = await controller.allocate(chunk)
  buffer.bytes?.fill(0x5a)
  await using queue = await controller.createQueuePair({ mode: 'await', depth })
  const { blockSize, blockCount } = namespace
  const step = chunk / blockSize
  for (let lba = 0; lba < blockCount; ) {
    const writes: Promise<void>[] = []
    while (writes.length < depth && lba < blockCount) {
      const from = buffer.view(0, Math.min(step, blockCount - lba) * blockSize)
      writes.push(queue.write({ namespace, lba, from }))
      lba += step
    }
    await Promise.all(writes)
  }
}
