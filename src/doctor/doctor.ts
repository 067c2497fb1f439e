// SPDX-License-Identifier: MIT
// Runs the checks on a machine and says which goals can be reached on it.

import { type Check, type Finding, type Goal, goals } from './check.ts'
import { driveCheck } from './checks/drives.ts'
import { cudaCheck, moduleCheck, topologyCheck } from './checks/gpu.ts'
import { iommuCheck, vfioCheck } from './checks/iommu.ts'
import {
  containerCheck,
  cpuCheck,
  hugePageCheck,
  memfdCheck,
  memlockCheck,
  memoryCheck,
  quotaCheck,
} from './checks/limits.ts'
import { addonCheck, emulatorCheck, nodeCheck } from './checks/program.ts'
import type { Machine } from './machine.ts'

/** All checks, in the order in which they are printed. */
export const checks: readonly Check[] = [
  nodeCheck,
  addonCheck,
  emulatorCheck,
  cpuCheck,
  quotaCheck,
  memoryCheck,
  containerCheck,
  memfdCheck,
  hugePageCheck,
  memlockCheck,
  iommuCheck,
  vfioCheck,
  driveCheck,
  cudaCheck,
  moduleCheck,
  topologyCheck,
]

export interface NamedFinding extends Finding {
  readonly check: string
}

export interface Diagnosis {
  readonly findings: readonly NamedFinding[]
  /** For each goal the names of the checks that are in its way. */
  readonly blockedBy: Readonly<Record<Goal, readonly string[]>>
}

/** What works on the machine and what blocks it. */
export function diagnose(machine: Machine): Diagnosis {
  const results = checks.map((check) => ({ check, found: [check.look(machine)].flat() }))
  const blocking = (goal: Goal) =>
    results
      .filter(({ check, found }) => check.goals.includes(goal) && found.some(isBlocked))
      .map(({ check }) => check.name)
  return {
    findings: results.flatMap(({ check, found }) =>
      found.map((finding) => ({ check: check.name, ...finding })),
    ),
    blockedBy: Object.fromEntries(goals.map((goal) => [goal, blocking(goal)])) as never,
  }
}

function isBlocked({ state }: Finding): boolean {
  return state === 'blocked'
}
