// SPDX-License-Identifier: MIT
// The namespace that is measured: far larger than any cache, and every page of it written.
import type { Controller, Namespace } from '../../src/index.ts'
import { openController } from '../../src/index.ts'

export const namespaceBytes = 2 ** 30
export const lbaBytes = 512

export interface Setting {
  controller: Controller
  namespace: Namespace
}

/** An emulator in memory with a filled namespace; `timing` as in the emulator's options. */
export async function openFilled(
  timing: { latencyNs?: number; bandwidth?: number } = {},
): Promise<Setting> {
  const controller = await openController({ emulator: { size: namespaceBytes, timing } })
  const setting = { controller, namespace: await controller.namespace(1) }
  await fillNamespace(setting)
  return setting
}

/** Writes the whole namespace once, so that no read finds memory that was never touched. */
export async function fillNamespace({ controller, namespace }: Setting): Promise<void> {
  const chunk = 128 * 1024
  using buffer = await controller.allocate(chunk)
  buffer.bytes?.fill(0x5a)
  await using queue = await controller.createQueuePair({ mode: 'await', depth: 8 })
  for (let lba = 0; lba < namespace.blockCount; ) {
    const writes: Promise<void>[] = []
    for (let i = 0; i < 8 && lba < namespace.blockCount; i++, lba += chunk / lbaBytes) {
      writes.push(queue.write({ namespace, lba, from: buffer }))
    }
    await Promise.all(writes)
  }
}
