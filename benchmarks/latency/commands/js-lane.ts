// SPDX-License-Identifier: MIT
// `--engine js`: submission and completion queue as typed arrays, by hand.

import type { DmaDescriptor, RawQueuePair } from '../../../src/index.ts'
import { Lane, type LanePlace } from './lane.ts'
import type { QueueSetting, SharedRun } from './setting.ts'

export class JsLane extends Lane {
  readonly #pair: RawQueuePair
  readonly #namespaceId: number
  readonly #memory: DmaDescriptor

  constructor(
    pair: RawQueuePair,
    namespaceId: number,
    memory: DmaDescriptor,
    setting: QueueSetting,
    place: LanePlace,
    shared: SharedRun,
  ) {
    super(setting, pair.depth, place, shared)
    this.#pair = pair
    this.#namespaceId = namespaceId
    this.#memory = memory
  }

  get id(): number {
    return this.#pair.id
  }

  get stats() {
    return this.#pair.stats()
  }

  fill(count: number): number {
    const { sq } = this.#pair
    const { source, filled } = this
    let done = 0
    while (done < count && this.blocksLeft > 0) {
      const slot = sq.enqueue()
      const id = sq.commandId(slot)
      const byteOffset = this.choose(id)
      const { lba, blockCount } = source
      if (source.isWrite) {
        sq.write(slot, this.#namespaceId, lba, blockCount, this.#memory, byteOffset)
      } else {
        sq.read(slot, this.#namespaceId, lba, blockCount, this.#memory, byteOffset)
      }
      filled[done++] = id
    }
    this.outstanding += done
    return done
  }

  exchange(waits: boolean): number {
    const { sq, cq } = this.#pair
    sq.submit()
    const count = waits ? cq.wait() : cq.poll()
    if (count === 0) return 0
    const { done } = this
    for (let i = 0; i < count; i++) {
      const entry = cq.done[i] as number
      if (entry >>> 16 !== 0) this.refuse(entry >>> 16)
      done[i] = entry & 0xffff
    }
    cq.update()
    return count
  }
}
