// SPDX-License-Identifier: MIT
// How long a manager takes until it has everything back of a client that was killed while it read.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { readSharing } from 'peernvm'

const program = fileURLToPath(new URL('./process.js', import.meta.url))
const forever = 600_000

/** Milliseconds from the signal until the status does not show the client any more. */
export async function measureKill(path: string): Promise<number> {
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    child.stdin.write(`open ${path}\n`)
    await once(child.stdout, 'data')
    child.stdin.write(`sync 4096 32 50 ${forever}\n`)
    while ((await commandsOf(path, child)) === 0) await sleep(1)
    const began = performance.now()
    child.kill('SIGKILL')
    while ((await commandsOf(path, child)) !== undefined);
    return performance.now() - began
  } finally {
    child.kill('SIGKILL')
  }
}

/** I/O commands of the client; undefined when there is none. */
async function commandsOf(path: string, { pid }: ChildProcess): Promise<number | undefined> {
  return (await readSharing(path)).clients.find((client) => client.pid === pid)?.ioCommands
}
