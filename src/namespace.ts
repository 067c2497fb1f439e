// SPDX-License-Identifier: MIT
// A namespace of a controller: its format, and reads and writes with promises.

import type { AwaitQueuePair } from './queue/await.ts'
import type { DataTarget } from './queue/transfer.ts'

/** A read through a namespace; the length of `into` says how many blocks. */
export interface NamespaceRead<T extends DataTarget = DataTarget> {
  readonly lba: number | bigint
  readonly into: T
}

/** A write through a namespace; the length of `from` says how many blocks. */
export interface NamespaceWrite {
  readonly lba: number | bigint
  readonly from: DataTarget
}

export interface NamespaceFormat {
  readonly id: number
  /** Bytes of a block. */
  readonly blockSize: number
  readonly blockCount: number
}

export class Namespace implements NamespaceFormat {
  readonly id: number
  readonly blockSize: number
  readonly blockCount: number
  readonly byteLength: number
  #queue: AwaitQueuePair | undefined
  readonly #openQueue: () => Promise<AwaitQueuePair>

  /** Internal: controller.namespace makes them. */
  constructor(format: NamespaceFormat, openQueue: () => Promise<AwaitQueuePair>) {
    this.id = format.id
    this.blockSize = format.blockSize
    this.blockCount = format.blockCount
    this.byteLength = format.blockSize * format.blockCount
    this.#openQueue = openQueue
  }

  /** Reads whole blocks; resolves to the filled bytes. On `queue`, or on the controller's own. */
  read(request: NamespaceRead, queue?: AwaitQueuePair): Promise<Uint8Array> {
    const ready = queue ?? this.#queue
    const { lba, into } = request
    if (ready !== undefined) return ready.read({ namespace: this, lba, into })
    return this.#open().then((opened) => opened.read({ namespace: this, lba, into }))
  }

  /** Writes whole blocks; resolves when the controller has taken them. */
  write(request: NamespaceWrite, queue?: AwaitQueuePair): Promise<void> {
    const ready = queue ?? this.#queue
    const { lba, from } = request
    if (ready !== undefined) return ready.write({ namespace: this, lba, from })
    return this.#open().then((opened) => opened.write({ namespace: this, lba, from }))
  }

  /** Resolves when everything written before is durable. */
  async flush(queue?: AwaitQueuePair): Promise<void> {
    await (queue ?? this.#queue ?? (await this.#open())).flush({ namespace: this })
  }

  /** Reads a group with one promise; resolves to the filled bytes in the same order. */
  async readMany(
    requests: readonly NamespaceRead[],
    queue?: AwaitQueuePair,
  ): Promise<Uint8Array[]> {
    const ready = queue ?? this.#queue ?? (await this.#open())
    return ready.readMany(requests.map(({ lba, into }) => ({ namespace: this, lba, into })))
  }

  /** Writes a group with one promise. */
  async writeMany(requests: readonly NamespaceWrite[], queue?: AwaitQueuePair): Promise<void> {
    const ready = queue ?? this.#queue ?? (await this.#open())
    return ready.writeMany(requests.map(({ lba, from }) => ({ namespace: this, lba, from })))
  }

  async #open(): Promise<AwaitQueuePair> {
    this.#queue ??= await this.#openQueue()
    return this.#queue
  }
}
