// SPDX-License-Identifier: MIT
// What a client of bench:peers is asked for and answers.
import type { Setting } from '../shared/filled-namespace.ts'

/** What a client does, for how long. */
export interface Load {
  /** Bytes that a command moves. */
  byteLength: number
  /** Commands outstanding. */
  depth: number
  /** How many of a hundred commands write; the others read. */
  writePercent: number
  milliseconds: number
}

export interface Outcome {
  commands: number
  ns: number
}

export type Workload = (setting: Setting, load: Load) => Promise<Outcome>

export function fail(status: number): never {
  throw new Error(`a command completed with status 0x${status.toString(16)}`)
}
