// SPDX-License-Identifier: MIT
// What several readers and who measures them tell each other in memory that Workers share.
import type { ControllerToken } from 'peernvm'
import { readerCounts } from './cells.ts'

const cacheLines = 32 // words of two cache lines: what the CPU fetches together

/** Not 0: readers stop. */
export const stopWord = 0
/** Commands that a reader has done. */
export const countWord = (index: number): number => (index + 1) * cacheLines
export const sharedWords = countWord(Math.max(...readerCounts))

/** What a Worker is started with. */
export interface WorkerSetting {
  token: ControllerToken
  shared: Int32Array
  index: number
}
