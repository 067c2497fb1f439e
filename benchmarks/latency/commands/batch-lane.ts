// SPDX-License-Identifier: MIT
// `--engine batch`: commands as numbers, and one native call that submits and reaps many of them.

import type { Batch, DmaDescriptor, Namespace, RawQueuePair } from '../../../src/index.ts'
import { nvme } from '../../../src/spec/nvme.ts'
import { Lane, type LanePlace } from './lane.ts'
import type { QueueSetting, SharedRun } from './setting.ts'

const opcodeRead = nvme.codes.nvm_opcode.read[0]
const opcodeWrite = nvme.codes.nvm_opcode.write[0]

/** Descriptions for each command that may be outstanding: they are used in turn. */
export const slotsPerCommand = 2

export class BatchLane extends Lane {
  readonly #pair: RawQueuePair
  readonly #batch: Batch
  readonly #busy: Uint8Array
  #position = 0
  #filled = 0

  constructor(
    pair: RawQueuePair,
    namespace: Namespace,
    memory: DmaDescriptor,
    setting: QueueSetting,
    place: LanePlace,
    shared: SharedRun,
  ) {
    const capacity = slotsPerCommand * pair.depth
    super(setting, capacity, place, shared)
    this.#pair = pair
    this.#batch = pair.batch({ namespace, memory, capacity })
    this.#busy = new Uint8Array(capacity)
  }

  get id(): number {
    return this.#pair.id
  }

  get stats() {
    return this.#pair.stats()
  }

  fill(count: number): number {
    const { commands } = this.#batch
    const { source, filled } = this
    const capacity = filled.length
    const first = this.#position === capacity ? 0 : this.#position
    let slot = first
    // Only what lies in one piece, up to the first description whose command is outstanding.
    while (slot < capacity && slot - first < count && this.blocksLeft > 0) {
      if (this.#busy[slot] !== 0) break
      const at = 4 * slot
      commands[at + 3] = this.choose(slot)
      commands[at] = source.isWrite ? opcodeWrite : opcodeRead
      commands[at + 1] = source.lba
      commands[at + 2] = source.blockCount
      filled[slot - first] = slot
      this.#busy[slot] = 1
      slot++
    }
    this.#position = first
    this.#filled = slot - first
    this.outstanding += this.#filled
    return this.#filled
  }

  exchange(waits: boolean): number {
    const { done } = this
    const batch = this.#batch
    const submitted = batch.exchange(this.#position, this.#filled, waits ? 1 : 0)
    this.#position += submitted
    this.#filled -= submitted
    const count = batch.reaped
    for (let i = 0; i < count; i++) {
      const slot = batch.outcomes[2 * i] as number
      const status = batch.outcomes[2 * i + 1] as number
      if (status !== 0) this.refuse(status)
      this.#busy[slot] = 0
      done[i] = slot
    }
    return count
  }
}
