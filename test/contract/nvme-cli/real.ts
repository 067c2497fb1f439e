// SPDX-License-Identifier: MIT
// Debian's nvme-cli, given bytes of ours: a preloaded library answers its commands from files.
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { runProgram } from '../../support/process.ts'
import { skipVisibly } from '../../support/skip.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const shimSource = join(import.meta.dirname, 'shim.c')

/** What the controller answers to one admin command. */
export interface Answer {
  readonly opcode: number
  /** CNS, log page identifier or feature identifier. */
  readonly selector: number
  readonly data?: Uint8Array
  readonly dword0?: number
}

/** nvme-cli with a device of files; disposing removes them. */
export class RealNvme implements Disposable {
  readonly #folder = temporaryFolder('nvme-cli')
  readonly #shim = join(this.#folder.path, 'shim.so')

  private constructor() {
    const flags = ['-shared', '-fPIC', '-Wall', '-Werror', '-o', this.#shim, shimSource, '-ldl']
    execFileSync('cc', flags, { timeout: 60_000 })
  }

  /** Undefined where nvme-cli is not installed. */
  static open(): RealNvme | undefined {
    try {
      execFileSync('nvme', ['version'], { timeout: 10_000 })
    } catch {
      return undefined
    }
    return new RealNvme()
  }

  /** What `nvme COMMAND /dev/nvme0 ARGS` prints when the device answers so. */
  async run(answers: readonly Answer[], command: string, ...args: string[]): Promise<string> {
    const files = answers.flatMap((answer) => this.#write(answer))
    const env = { LD_PRELOAD: this.#shim, NVME_ANSWERS: this.#folder.path, LC_ALL: 'C.UTF-8' }
    try {
      const outcome = await runProgram('nvme', [command, '/dev/nvme0', ...args], { env })
      if (outcome.code !== 0) throw new Error(`nvme ${command}: ${outcome.stderr}`)
      return outcome.stdout
    } finally {
      for (const file of files) rmSync(file)
    }
  }

  #write({ opcode, selector, data, dword0 }: Answer): string[] {
    const digits = (value: number) => value.toString(16).padStart(2, '0')
    const path = join(this.#folder.path, `${digits(opcode)}-${digits(selector)}`)
    const files: string[] = []
    if (data !== undefined) {
      writeFileSync(path, data)
      files.push(path)
    }
    if (dword0 !== undefined) {
      writeFileSync(`${path}.result`, dword0.toString(16))
      files.push(`${path}.result`)
    }
    return files
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]()
  }
}

/** Ends the test as skipped where there is no nvme-cli. */
export function requireNvme(context: TestContext, nvme: RealNvme | undefined): RealNvme {
  return nvme ?? skipVisibly(context, 'there is no nvme-cli', 'apt-get install nvme-cli')
}
