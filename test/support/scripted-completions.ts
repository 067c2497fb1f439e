// SPDX-License-Identifier: MIT
// A device whose completions a test writes by hand, right or wrong. Behind it is an emulator that
// is too slow to complete anything itself, so that admin commands are real.
import type { Controller } from '../../src/controller.ts'
import type { Namespace } from '../../src/namespace.ts'
import { openController } from '../../src/open.ts'
import type { AwaitQueuePair } from '../../src/queue/await.ts'
import { slotWords } from '../../src/queue/ring.ts'
import { word } from '../../src/spec/control-block.ts'
import { wakeSleepers } from '../../src/wake.ts'

const phaseTag = 0x10000
const hourNs = 3_600e9

export class ScriptedDevice implements AsyncDisposable {
  readonly controller: Controller
  readonly namespace: Namespace
  readonly queue: AwaitQueuePair
  #tail = 0
  #phase = phaseTag

  static async open(options: { depth: number; timeoutMs: number }): Promise<ScriptedDevice> {
    const controller = await openController({
      emulator: { size: '1MiB', timing: { latencyNs: hourNs } },
    })
    const namespace = await controller.namespace(1)
    const queue = await controller.createQueuePair({ mode: 'await', ...options })
    return new ScriptedDevice(controller, namespace, queue)
  }

  private constructor(controller: Controller, namespace: Namespace, queue: AwaitQueuePair) {
    this.controller = controller
    this.namespace = namespace
    this.queue = queue
  }

  /** The command that was written into `slot`: its id as the device knows it, and its first LBA. */
  command(slot: number): { readonly cid: number; readonly lba: number } {
    const { words } = this.queue.ring
    const at = slot * slotWords
    return { cid: (words[at] as number) >>> 16, lba: words[at + 10] as number }
  }

  /** Posts a completion: `status` without the phase tag. */
  post(cid: number, status = 0): void {
    const { completions, block } = this.queue.ring
    Atomics.store(completions, this.#tail * 4 + 3, (status << 17) | this.#phase | cid)
    this.#tail = (this.#tail + 1) % (block[word.cqEntries] as number)
    if (this.#tail === 0) this.#phase ^= phaseTag
    if (!this.queue.ring.isArmed) return
    this.queue.ring.disarm()
    wakeSleepers()
  }

  /** The queues were created again: the device begins anew, too. */
  restart(): void {
    this.#tail = 0
    this.#phase = phaseTag
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.controller.close()
  }
}
