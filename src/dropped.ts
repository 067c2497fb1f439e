// SPDX-License-Identifier: MIT
// What a program drops without closing it: it stays, since a device may still reach it, and a
// warning says so.

const registry = new FinalizationRegistry<string>((text) => {
  process.emitWarning(text, { type: 'PeernvmWarning', code: 'PEERNVM_DROPPED' })
})

/** Has `text` said when the last reference to `object` is gone before forgetDropped(object). */
export function warnWhenDropped(object: object, text: string): void {
  registry.register(object, text, object)
}

/** `object` was closed. */
export function forgetDropped(object: object): void {
  registry.unregister(object)
}
