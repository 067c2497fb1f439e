// SPDX-License-Identifier: MIT
// Runs a program of the machine and waits for it, and says why the lab cannot be used.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** The lab cannot be had here, which is no defect of what is tested: tests skip. */
export class LabUnavailable extends Error {
  readonly fix: string

  constructor(message: string, fix: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'LabUnavailable'
    this.fix = fix
  }
}

/** Resolves to what the program printed; rejects with what it complained of. */
export async function capture(
  program: string,
  args: string[],
  options: { cwd?: string; timeoutMs?: number } = {},
): Promise<string> {
  const { stdout } = await execute(program, args, {
    cwd: options.cwd,
    timeout: options.timeoutMs ?? 180_000,
    maxBuffer: 64 << 20,
    killSignal: 'SIGKILL',
  }).catch((error: NodeJS.ErrnoException & { stderr?: string }) => {
    const reason = error.stderr?.trim() || error.message
    throw new Error(`${program}: ${reason}`, { cause: error })
  })
  return stdout.trim()
}

/** `capture`, for programs whose output nobody reads. */
export async function run(program: string, args: string[], cwd?: string): Promise<void> {
  await capture(program, args, cwd === undefined ? {} : { cwd })
}
