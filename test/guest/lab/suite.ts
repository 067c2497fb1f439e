// SPDX-License-Identifier: MIT
// Tests that are shell functions of programs/*.sh, run in one guest on a device that
// `peernvm serve` offers: each function is a test of its own here, by its name.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { skipVisibly } from '../../support/skip.ts'
import { boot, type Job } from './boot.ts'
import { emptyImage, missingProgram } from './host.ts'
import { type Lab, prepareLab } from './prepare.ts'
import { LabUnavailable } from './process.ts'
import { type Server, serve, vfioUser } from './serve.ts'
import { chosenSuite } from './suites.ts'
import { report } from './use.ts'

const programFolder = join(import.meta.dirname, '..', 'programs')

export interface GuestSuite {
  /** Files of programs/, run in this order. */
  files: string[]
  /** Programs of the machine that they use, and each one's package. */
  needs?: Record<string, string>
  serveArguments?: string[]
  /** Further properties of QEMU's device. */
  deviceProperties?: Record<string, unknown>
  /** What the shell functions find in their environment. */
  environment?: Record<string, string>
  job?: Partial<Job>
  timeoutMs?: number
}

type Run = { log: string } | { unavailable: string; fix: string }

/** Declares the tests and the guest in which they run. */
export function guestSuite(name: string, suite: GuestSuite): void {
  const timeoutMs = suite.timeoutMs ?? 600_000
  describe(`${name} (${chosenSuite().name})`, () => {
    const scratch = mkdtempSync(join(tmpdir(), 'peernvm-guest-'))
    let run: Run
    let failed = false
    beforeAll(
      async () => {
        run = await runSuite(suite, scratch, timeoutMs)
      },
      timeoutMs + 330_000, // the lab is made at first
    )
    afterEach(({ task }) => {
      failed ||= task.result?.state === 'fail'
    })
    afterAll(() => {
      if (failed) report(`${name}: what it left is in ${scratch}`)
      else rmSync(scratch, { recursive: true, force: true })
    })
    test.for(testNames(suite.files))('%s', ([, call], context) => {
      if ('unavailable' in run) return skipVisibly(context, run.unavailable, run.fix)
      expectOk(run.log, call)
    })
  })
}

/** Title of each test of the files, and how run.sh calls it. */
function testNames(files: string[]): [string, string][] {
  return files.flatMap((file) => {
    const text = readFileSync(join(programFolder, file), 'utf8')
    const names = [...text.matchAll(/^test_([a-z0-9_]*)\(\) \{$/gm)].map(([, name = '']) => name)
    return names.map((name): [string, string] => [
      `${basename(file, '.sh')}: ${name.replaceAll('_', ' ')}`,
      `${file} test_${name}`,
    ])
  })
}

async function runSuite(suite: GuestSuite, scratch: string, timeoutMs: number): Promise<Run> {
  const missing = missingProgram({ xz: 'xz-utils', cc: 'g++', ...suite.needs })
  if (missing !== undefined) return missing
  let lab: Lab
  try {
    lab = await prepareLab(report)
  } catch (error) {
    if (!(error instanceof LabUnavailable)) throw error
    return { unavailable: error.message, fix: error.fix }
  }
  const image = emptyImage(scratch)
  const share = join(scratch, 'share')
  mkdirSync(share)
  const server = await serve(image, join(scratch, 'device'), suite.serveArguments)
  try {
    const outcome = await boot(lab, { ...jobOf(suite, server, share), timeoutMs, ...suite.job })
    report(`the guest took ${outcome.elapsedMs} ms`)
    return outcome
  } catch (error) {
    // What ran before the guest stopped counts all the same.
    report((error as Error).message)
    const path = join(share, 'job.log')
    return { log: existsSync(path) ? readFileSync(path, 'utf8') : (error as Error).message }
  } finally {
    await server.stop()
  }
}

function jobOf(suite: GuestSuite, server: Server, share: string): Job {
  const variables = Object.entries(suite.environment ?? {}).map(
    ([key, value]) => `${key}='${value}'`,
  )
  const command = [...variables, 'bash', join(programFolder, 'run.sh'), ...suite.files]
  const devices = vfioUser(server.socket, suite.deviceProperties)
  return { script: command.join(' '), share, devices }
}

/** What the guest printed has a line that says so; else the lines that say why not. */
function expectOk(log: string, call: string): void {
  const lines = log.split('\n')
  const at = lines.findIndex((line) => `${line} `.includes(`ok ${call} `))
  if (at < 0) expect.fail(`the guest did not come to it\n${lines.slice(-20).join('\n')}`)
  if (lines[at]?.startsWith('ok ')) return
  const end = lines.findIndex((line, index) => index > at && !line.startsWith('# '))
  expect.fail(lines.slice(at, end).join('\n'))
}
