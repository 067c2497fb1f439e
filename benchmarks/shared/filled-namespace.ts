// SPDX-License-Identifier: MIT
// The namespace that is measured: far larger than any cache, and every page of it written.
import { type Controller, type EmulatorOptions, type Namespace, openController } from 'peernvm'

export const namespaceBytes = 2 ** 30
export const lbaBytes = 512

export interface Setting {
  controller: Controller
  namespace: Namespace
}

/** An emulator in memory with a filled namespace; `timing` and `limits` as in its options. */
export async function openFilled(
  options: Pick<EmulatorOptions, 'timing' | 'limits'> = {},
): Promise<Setting> {
  const controller = await openController({ emulator: { size: namespaceBytes, ...options } })
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
