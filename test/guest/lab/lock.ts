// SPDX-License-Identifier: MIT
// One process at a time may change a folder. The lock is an abstract socket: it goes with its
// holder.

import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const waitMsMax = 300_000

/** Runs `work` while nobody else works on `folder`. */
export async function withLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + waitMsMax
  let lock = await tryLock(folder)
  while (lock === undefined) {
    if (performance.now() > deadline) throw new Error(`${folder}: another process is changing it`)
    await sleep(200)
    lock = await tryLock(folder)
  }
  try {
    return await work()
  } finally {
    lock.close()
  }
}

async function tryLock(folder: string): Promise<Server | undefined> {
  const server = createServer()
  server.listen(`\0peernvm-lab:${folder}`)
  try {
    await once(server, 'listening')
    return server
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    return undefined
  }
}
