// SPDX-License-Identifier: MIT
// `peernvm serve` in a process of its own, and how QEMU attaches to what it serves.

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from '../../support/repository.ts'

export interface Server {
  /** What QEMU connects to. */
  socket: string
  /** Ends it as a user would; its exit code, and what it printed. */
  stop(): Promise<{ exitCode: number | null | 'still running'; output: string }>
  /** Ends it as a crash would. */
  kill(): void
}

/** Resolves when the server listens in `folder`. */
export async function serve(image: string, folder: string, args: string[] = []): Promise<Server> {
  const program = join(root, 'dist/src/cli/peernvm.js')
  mkdirSync(folder, { recursive: true })
  const command = [process.execPath, program, 'serve', image, '--vfio-user', folder, ...args]
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const socket = join(folder, 'cntrl')
  for (let tries = 0; !existsSync(socket); tries++) {
    if (tries === 300 || child.exitCode !== null) throw new Error(`it does not serve: ${output}`)
    await sleep(100)
  }
  return {
    socket,
    kill: () => void child.kill('SIGKILL'),
    stop: async () => {
      child.kill('SIGTERM')
      const exitCode = await Promise.race([ended, sleep(30_000, 'still running' as const)])
      child.kill('SIGKILL')
      return { exitCode, output }
    },
  }
}

/** QEMU's arguments for the device at a server's socket; `more` of its properties. */
export function vfioUser(socket: string, more: Record<string, unknown> = {}): string[] {
  const device = {
    driver: 'vfio-user-pci',
    socket: { type: 'unix', path: socket },
    // A busy machine is no dead server.
    'x-msg-timeout': 60_000,
    ...more,
  }
  return ['-device', JSON.stringify(device)]
}
