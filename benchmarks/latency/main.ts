#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// nvm-latency-bench: latency and throughput of an NVMe controller, in libnvm's way and spelling, or
// per command. What a way needs is loaded when it runs, so that --help is quick.

import type { NvmError } from '../../src/errors.ts'
import { type MasterOptions, parseMaster } from './master/options.ts'
import { type BenchOptions, type CommandOptions, parseOptions } from './options.ts'
import { refuseOverwriting } from './safety.ts'
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
    const { refuseInUse } = await import('../../src/devices/in-use.ts')
    refuseInUse(options.ctrl)
  }
  refuseResults(options)
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
    const { refuseUnwritable } = await import('../../src/report/outputs.ts')
    refuseUnwritable([options.outfile, options.stats || undefined])
    const { measureMaster } = await import('./master/measure.ts')
    return measureMaster(options)
  }
  return perCommand(options, args)
}

/** What is measured, or read, is no place for results. */
function refuseResults(options: BenchOptions | MasterOptions): void {
  const { ctrl } = options
  if (options.way === 'windows') return
  if (options.way === 'master') {
    refuseOverwriting([ctrl, options.infile], [options.outfile, options.stats])
  } else {
    const { fioJson, infile, json, outfile, report, verify } = options
    refuseOverwriting([ctrl, infile, verify], [fioJson, json, outfile, report])
  }
}

async function perCommand(options: CommandOptions, args: readonly string[]): Promise<number> {
  const { prepareFolder, refuseUnwritable, writeOutputs } = await import(
    '../../src/report/outputs.ts'
  )
  const { writeJson } = await import('../../src/report/json.ts')
  const { renderTable } = await import('../../src/report/table.ts')
  const { measureCommands } = await import('./commands/run.ts')
  const { fioJson, json, outfile, report } = options
  refuseUnwritable([fioJson, json, outfile, report])
  prepareFolder(options.svg)
  const { result, exitCode } = await measureCommands(options, args)
  if (json !== '-' && fioJson !== '-') process.stdout.write(renderTable(result))
  if (json !== undefined) writeJson(json, result)
  writeOutputs(result, options)
  return exitCode
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exitCode = 1
  if (error.code !== 'EPIPE') say(`standard output: ${error.message}`) // else nobody reads any more
})

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof Error)) throw error
  const { code, fix, message } = error as Partial<NvmError> & Error
  say(fix === undefined ? message : `${message}\n${fix}`)
  process.exitCode = code === 'ERR_ARGUMENT' ? 2 : 1
}
