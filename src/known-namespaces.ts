// SPDX-License-Identifier: MIT
// What a controller reference knows of namespaces, and when that is out of date: after a format, a
// deletion or a detachment, whoever asked for it.

import type { Admin } from './admin/admin.ts'
import { NvmError } from './errors.ts'
import { Namespace, type NamespaceOwner } from './namespace.ts'
import type { NamespaceChanges } from './namespace-changes.ts'
import { checkNamespaceId, identifyFormat } from './namespace-format.ts'
import type { QueuePair } from './queue/pair.ts'
import { anyChange } from './spec/control-block.ts'

/** A namespace, and its count of changes from before it was identified. */
interface Known {
  readonly namespace: Namespace
  count: number
}

export class KnownNamespaces {
  readonly #admin: Admin
  readonly #owner: NamespaceOwner
  readonly #queues: ReadonlySet<QueuePair>
  readonly #changes: NamespaceChanges
  readonly #known = new Map<number, Known>()
  /** Grows when something is forgotten: what was asked before it may be out of date. */
  #forgotten = 0

  constructor(
    admin: Admin,
    owner: NamespaceOwner,
    queues: ReadonlySet<QueuePair>,
    changes: NamespaceChanges,
  ) {
    this.#admin = admin
    this.#owner = owner
    this.#queues = queues
    this.#changes = changes
  }

  /** What was identified and has not been forgotten. */
  find(id: number): Namespace | undefined {
    return this.#known.get(id)?.namespace
  }

  /** ERR_NAMESPACE when it is not active. */
  async get(id: number): Promise<Namespace> {
    checkNamespaceId(id)
    for (;;) {
      this.notice()
      const known = this.find(id)
      if (known !== undefined) return known
      const forgotten = this.#forgotten
      const count = this.#changes.of(id)
      const format = await identifyFormat(this.#admin, id)
      if (forgotten !== this.#forgotten || this.#changes.of(id) !== count) continue
      if (this.#known.has(id)) continue
      const namespace = new Namespace(format, this.#owner)
      this.#known.set(id, { namespace, count })
      return namespace
    }
  }

  async all(): Promise<Namespace[]> {
    const found: Namespace[] = []
    let ids = await this.#admin.activeNamespaces()
    while (ids.length > 0) {
      for (const id of ids) {
        const namespace = await this.get(id).catch(undefinedIfGone)
        if (namespace !== undefined) found.push(namespace)
      }
      ids = await this.#admin.activeNamespaces(ids.at(-1))
    }
    return found
  }

  /** What names no queue needs another. */
  forgetOwnQueue(): void {
    for (const { namespace } of this.#known.values()) namespace.forgetOwnQueue()
  }

  /** Nothing is sent any more for what it was. */
  forget(nsid: number | 'all'): void {
    this.#forgotten++
    for (const [id, { namespace }] of this.#known) {
      if (nsid !== 'all' && nsid !== id) continue
      this.#known.delete(id)
      namespace.retire()
      for (const queue of this.#queues) queue.forgetNamespace(id)
    }
  }

  /** Forgets those that were changed. */
  notice(): void {
    const changes = this.#changes
    if (!changes.areNew || changes.words.length === 0) return
    changes.seen = changes.words[anyChange] as number
    for (const [id, { count }] of this.#known) {
      if (changes.of(id) !== count) this.forget(id)
    }
  }

  /**
   * Forgets those that are not what they were before another manager came, which counts anew.
   * Rejects when that cannot be told now.
   */
  async checkAll(): Promise<void> {
    const changes = this.#changes
    this.#forgotten++
    changes.seen = changes.words[anyChange] as number
    for (const [id, known] of this.#known) {
      const count = changes.of(id)
      if (await this.#isSame(known.namespace)) known.count = count
      else this.forget(id)
    }
  }

  async #isSame({ id, blockSize, blockCount, prinfo }: Namespace): Promise<boolean> {
    const now = await identifyFormat(this.#admin, id).catch(undefinedIfGone)
    return now?.blockSize === blockSize && now.blockCount === blockCount && now.prinfo === prinfo
  }
}

/** It may go between being listed and being identified. */
function undefinedIfGone(error: unknown): undefined {
  if (error instanceof NvmError && error.code === 'ERR_NAMESPACE') return undefined
  throw error
}
