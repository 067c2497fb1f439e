// SPDX-License-Identifier: MIT
// Memory in which native code, or the device itself, counts changes of namespaces, by whomever they
// were made. Every command that relies on a format looks at one word of it first.

import { binding } from './native/load.ts'
import { anyChange, changeOf } from './spec/control-block.ts'

const anyWord = anyChange // folded by the compiler, as in queue/ring.ts

export class NamespaceChanges {
  readonly words: Int32Array
  /** The word `any` when it was last seen what has changed. */
  seen: number

  constructor(memory: ArrayBuffer) {
    this.words = new Int32Array(memory)
    this.seen = this.words[anyWord] as number
  }

  /** Something has changed, or the controller was closed. */
  get areNew(): boolean {
    return this.words[anyWord] !== this.seen
  }

  /** A number that is another one once the namespace has changed. */
  of(namespaceId: number): number {
    return this.words[changeOf(namespaceId)] as number
  }

  /** Before the controller is closed, whose memory it is. */
  release(): void {
    binding().detach(this.words.buffer as ArrayBuffer)
  }
}
