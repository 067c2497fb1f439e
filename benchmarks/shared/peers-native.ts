// SPDX-License-Identifier: MIT
// The native measuring program (../peers/native): C++ clients, and what the machine itself can do.
import { fileURLToPath } from 'node:url'
import { Measurer } from './measurer.ts'

/** Starts it; it was built by `scripts/build-native.mjs peers-native`. */
export function openPeersNative(): Measurer {
  const program = fileURLToPath(new URL('../../../build/bin/peers-native', import.meta.url))
  return new Measurer('peers-native', [program])
}
