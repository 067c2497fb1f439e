// SPDX-License-Identifier: MIT
import type { DmaDescriptor } from 'peernvm'

/** The first `count` parts of a buffer, of `byteLength` bytes each. */
export function viewsOf(buffer: DmaDescriptor, count: number, byteLength: number): DmaDescriptor[] {
  return Array.from({ length: count }, (_, i) => buffer.view(i * byteLength, byteLength))
}
