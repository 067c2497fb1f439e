// SPDX-License-Identifier: MIT
// The form of a check of `peernvm doctor`, and what it finds.

import type { Machine } from './machine.ts'

/** What one may want to do here. */
export const goals = ['emulator', 'device', 'gpu'] as const
export type Goal = (typeof goals)[number]

export interface Finding {
  /**
   * `ok`: as it should be. `advice`: works, but could be better. `blocked`: does not work, and the
   * goals of the check cannot be reached. `absent`: there is none, and nothing here needs it.
   */
  readonly state: 'ok' | 'advice' | 'blocked' | 'absent'
  /** What was found, in one line. */
  readonly text: string
  /** The one command that changes it. */
  readonly fix?: string
  /** Where that command is given, when not here: outside this container or virtual machine. */
  readonly fixOn?: 'host'
}

export interface Check {
  readonly name: string
  /** What is out of reach where a finding is `blocked`. */
  readonly goals: readonly Goal[]
  /** One finding, or one for each of several things; it changes nothing. */
  readonly look: (machine: Machine) => Finding | readonly Finding[]
}
