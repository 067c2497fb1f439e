// SPDX-License-Identifier: MIT
import { readdirSync } from 'node:fs'
import { expect } from 'vitest'

/** How many files this process has open. */
export const openFiles = (): number => readdirSync('/proc/self/fd').length

/** How many there are once none is closed any more. */
export async function settledOpenFiles(): Promise<number> {
  let before = -1
  const isSettled = () => {
    const now = openFiles()
    const same = now === before
    before = now
    return same
  }
  await expect.poll(isSettled, { interval: 50, timeout: 5000 }).toBe(true)
  return before
}
