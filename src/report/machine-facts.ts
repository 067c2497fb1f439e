// SPDX-License-Identifier: MIT
// What a reader needs to know of the machine to judge a figure measured on it.
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { packageFolder } from '../native/package-folder.ts'

export interface MachineFacts {
  cpu: string
  cpus: number
  memoryGiB: number
  kernel: string
  node: string
  hugePages: string
}

function firstLine(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return 'unknown'
  }
}

/** Facts of this machine, of no person or place. */
export function machineFacts(): MachineFacts {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    hugePages: firstLine('/sys/kernel/mm/transparent_hugepage/enabled'),
  }
}

/** The facts that stand above every table. */
export function describeMachine(): string {
  const { cpu, cpus, kernel, node } = machineFacts()
  return `${cpu}, ${cpus} CPUs, Linux ${kernel}, Node ${node}`
}

/** The version of this package. */
export function packageVersion(): string {
  const text = readFileSync(join(packageFolder(), 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
