#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// nvm-latency-bench: latency and throughput of an NVMe controller, in libnvm's way and spelling, or
// per command. What a way needs is loaded when it runs, so that --help is quick.

import type { NvmError } from '../../src/errors.ts'
import { parseMaster } from './master/options.ts'
import { type CommandOptions, parseOptions } from './options.ts'
import { explainReadings, isMaster } from './spelling.ts'

const say = (line: string) => process.stderr.write(`${line}\n`)

/** Runs what the arguments say; returns what the process ends with. */
async function main(args: readonly string[]): Promise<number> {
  if (args[0] === 'compare') {
    const { compare } = await import('./compare.ts')
    process.stdout.write(compare(args.slice(1)))
    return 0
  }
  const inMaster = isMaster(args)
  const options = explainReadings(args, inMaster, () =>
    inMaster ? parseMaster(args) : parseOptions(args),
  )
  if (options.ctrl !== undefined) {
    const { refuseInUse } = await import('./in-use.ts')
    refuseInUse(options.ctrl)
  }
  if (options.dryRun) {
    const { describePlan } = await import('./dry-run.ts')
    for (const line of describePlan(options)) console.log(line)
    return 0
  }
  if (options.way === 'windows') {
    const { measureWindows } = await import('./windows/measure.ts')
    return measureWindows(options)
  }
  if (options.way === 'master') {
    const { measureMaster } = await import('./master/measure.ts')
    return measureMaster(options)
  }
  return perCommand(options, args)
}

async function perCommand(options: CommandOptions, args: readonly string[]): Promise<number> {
  const { refuseUnwritable, writeOutputs } = await import('../../src/report/outputs.ts')
  const { writeJson } = await import('../../src/report/json.ts')
  const { renderTable } = await import('../../src/report/table.ts')
  const { measureCommands } = await import('./commands/run.ts')
  const { fioJson, json, outfile, report } = options
  refuseUnwritable([fioJson, json, outfile, report])
  const { result, exitCode } = await measureCommands(options, args)
  if (json !== undefined) writeJson(json, result)
  writeOutputs(result, options)
  if (json !== '-' && fioJson !== '-') process.stdout.write(renderTable(result))
  return exitCode
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof Error)) throw error
  const { code, fix, message } = error as Partial<NvmError> & Error
  say(fix === undefined ? message : `${message}\n${fix}`)
  process.exitCode = code === 'ERR_ARGUMENT' ? 2 : 1
}
