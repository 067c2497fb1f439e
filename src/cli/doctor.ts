// SPDX-License-Identifier: MIT
// `peernvm doctor`: prints what works here, what blocks the rest, and the command that fixes it.

import { type Goal, goals } from '../doctor/check.ts'
import { type Diagnosis, diagnose } from '../doctor/doctor.ts'
import { ThisMachine } from '../doctor/machine.ts'
import { tryOut } from '../doctor/trials.ts'
import { exitCodes } from './command.ts'
import { joined, write } from './write.ts'

interface DoctorOptions {
  readonly for: Goal
  readonly json: boolean
}

const goalTexts: Readonly<Record<Goal, string>> = {
  emulator: 'Emulated controllers',
  device: 'NVMe drives',
  gpu: 'GPU memory and NVMe drives',
}

/** Looks and prints; the exit code says whether what was asked for works. */
export async function doctor(options: DoctorOptions): Promise<number> {
  const diagnosis = diagnose(new ThisMachine(await tryOut()))
  await write(
    options.json
      ? `${JSON.stringify(forJson(diagnosis), undefined, 2)}\n`
      : joined(lines(diagnosis)),
  )
  return diagnosis.blockedBy[options.for].length === 0 ? exitCodes.ok : exitCodes.failure
}

function forJson({ findings, blockedBy }: Diagnosis): object {
  const reached = Object.entries(blockedBy).map(([goal, names]) => [
    goal,
    { works: names.length === 0, blockedBy: names },
  ])
  return { goals: Object.fromEntries(reached), findings }
}

/** One line for each finding, the fix below it, and last what can be done here. */
export function lines({ findings, blockedBy }: Diagnosis): string[] {
  const width = Math.max(...findings.map(({ check }) => check.length))
  return [
    ...findings.flatMap(({ check, state, text, fix, fixOn }) => [
      `${state.padEnd(8)} ${check.padEnd(width)}  ${text}`,
      ...(fix === undefined
        ? []
        : [`${' '.repeat(width + 11)}${fixOn === 'host' ? 'on the host: ' : ''}${fix}`]),
    ]),
    '',
    ...goals.map((goal) => {
      const names = blockedBy[goal]
      return `${goalTexts[goal]}: ${names.length === 0 ? 'work' : `blocked by ${names.join(', ')}`}`
    }),
  ]
}
