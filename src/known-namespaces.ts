// SPDX-License-Identifier: MIT
// What a controller reference knows of namespaces, and when that is out of date: after a format, a
// deletion or a detachment, and when the controller reports that somebody else changed one.

import type { Admin } from './admin/admin.ts'
import { allNamespaces } from './admin/command.ts'
import { NvmError } from './errors.ts'
import type { NvmeEvent } from './events/event.ts'
import { Namespace, type NamespaceOwner } from './namespace.ts'
import { identifyFormat } from './namespace-format.ts'
import type { QueuePair } from './queue/pair.ts'

export class KnownNamespaces {
  readonly #admin: Admin
  readonly #owner: NamespaceOwner
  readonly #queues: ReadonlySet<QueuePair>
  readonly #known = new Map<number, Namespace>()
  /** Grows with each change: what was asked before it may be out of date. */
  #changes = 0

  constructor(admin: Admin, owner: NamespaceOwner, queues: ReadonlySet<QueuePair>) {
    this.#admin = admin
    this.#owner = owner
    this.#queues = queues
  }

  blockSizeOf(id: number): number | undefined {
    return this.#known.get(id)?.blockSize
  }

  /** ERR_NAMESPACE when it is not active. */
  async get(id: number): Promise<Namespace> {
    for (;;) {
      const known = this.#known.get(id)
      if (known !== undefined) return known
      const changes = this.#changes
      const format = await identifyFormat(this.#admin, id)
      if (changes !== this.#changes || this.#known.has(id)) continue
      const namespace = new Namespace(format, this.#owner)
      this.#known.set(id, namespace)
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
    for (const namespace of this.#known.values()) namespace.forgetOwnQueue()
  }

  /** Nothing is sent any more for what it was. */
  forget(nsid: number | 'all'): void {
    this.#changes++
    for (const [id, namespace] of this.#known) {
      if (nsid !== 'all' && nsid !== id) continue
      this.#known.delete(id)
      namespace.retire()
      for (const queue of this.#queues) queue.forgetNamespace(id)
    }
  }

  /** Forgets those that are not what they were. */
  async check(event: NvmeEvent): Promise<void> {
    if (event.info !== 'namespace_attribute_changed') return
    this.#changes++
    const changed = new Set(event.changedNamespaces)
    const areMany = changed.size === 0 || changed.has(allNamespaces)
    for (const [id, namespace] of this.#known) {
      if (areMany || changed.has(id)) await this.#compare(namespace).catch(() => this.forget(id))
    }
  }

  /** The same for all of them. Rejects when that cannot be told now. */
  async checkAll(): Promise<void> {
    this.#changes++
    for (const namespace of this.#known.values()) await this.#compare(namespace)
  }

  async #compare({ id, blockSize, blockCount, prinfo }: Namespace): Promise<void> {
    const now = await identifyFormat(this.#admin, id).catch(undefinedIfGone)
    const isSame =
      now?.blockSize === blockSize && now.blockCount === blockCount && now.prinfo === prinfo
    if (!isSame) this.forget(id)
  }
}

/** It may go between being listed and being identified. */
function undefinedIfGone(error: unknown): undefined {
  if (error instanceof NvmError && error.code === 'ERR_NAMESPACE') return undefined
  throw error
}
