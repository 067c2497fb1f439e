// SPDX-License-Identifier: MIT
// A machine as the checks see it: its files, and what can only be tried out.

import { RealFiles, type SystemFiles } from '../devices/system-files.ts'

/** What is tried: each is undefined where it works, else the reason why it does not. */
export interface Trials {
  /** Loading the native part. */
  readonly addon: string | undefined
  /** Writing and reading back a block of an emulated controller. */
  readonly emulator: string | undefined
  /** Memory that can be passed to another process; of use where the emulator works. */
  readonly memfd: string | undefined
  /** Loading the driver library of CUDA. */
  readonly cuda: string | undefined
}

export interface Machine extends SystemFiles {
  /** As `process.version`. */
  readonly nodeVersion: string
  readonly trials: Trials
}

/** The machine that this program runs on. */
export class ThisMachine extends RealFiles implements Machine {
  readonly nodeVersion = process.version
  readonly trials: Trials

  constructor(trials: Trials) {
    super()
    this.trials = trials
  }
}
