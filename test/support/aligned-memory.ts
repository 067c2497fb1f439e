// SPDX-License-Identifier: MIT
// The only page-aligned memory that JavaScript can make; the types of Node do not have it.
interface Wasm {
  readonly Memory: new (options: { initial: number }) => { readonly buffer: ArrayBuffer }
}
const wasm = (globalThis as unknown as { WebAssembly: Wasm }).WebAssembly
const unitBytes = 65536

/** At least `byteLength` bytes that begin with a page, for `controller.map()`. */
export const alignedMemory = (byteLength: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(new wasm.Memory({ initial: Math.ceil(byteLength / unitBytes) }).buffer)
