// SPDX-License-Identifier: MIT
// Faults of an emulated controller, as a program describes them: which commands, and what happens.
// The order of effects: lib/emulator/faults/fault.h.

import { createError } from '../errors.ts'
import { statusField } from '../spec/names.ts'
import { nvme, type StatusName } from '../spec/nvme.ts'

/** Which commands a fault befalls: all that is given must hold. */
export interface FaultMatch {
  /** Identify Controller's CNTLID. */
  readonly controller?: number
  readonly queues?: 'admin' | 'io'
  /** Id of the submission queue. */
  readonly queue?: number
  /** With `queues` or `queue`: admin and I/O commands share numbers. */
  readonly opcode?: number
  readonly namespace?: number
  /** Commands that touch any of these blocks. */
  readonly lbas?: { readonly lba: number; readonly blockCount: number }
  /** Only the nth of the commands that match, from 1; with `every`, where that begins. */
  readonly nth?: number
  /** Every nth of them. */
  readonly every?: number
  /** Of those, this fraction: above 0, at most 1. */
  readonly probability?: number
  /** Of the draws; without it they follow from the order in which faults were injected. */
  readonly seed?: number
}

/** What happens. Several effects may be given together. */
export interface Fault {
  readonly on?: FaultMatch
  readonly delayNs?: number
  /** The command never completes. */
  readonly drop?: boolean
  /** Instead of being executed the command ends with this status; `dnr`: do not retry. */
  readonly status?: StatusName | { readonly name: StatusName; readonly dnr?: boolean }
  /** Only the first blocks, and bytes of the next one, of a write reach the store. */
  readonly torn?: { readonly blocks?: number; readonly bytes?: number }
  /** One byte is XORed: on its way to the host, or as it is stored. Not given: drawn. */
  readonly corrupt?: {
    readonly data: 'toHost' | 'stored'
    readonly offset?: number
    readonly mask?: number
  }
  readonly completion?: 'duplicate' | 'unknownCid' | 'wrongPhase'
  /** Stops silently, sets CSTS.CFS, or is gone: registers read all ones. */
  readonly controller?: 'stop' | 'fatal' | 'remove'
  /** How often at most. */
  readonly times?: number
}

/** A fault as the native side reads it: every effect a number, every match a field of its own. */
export interface NativeFault {
  readonly controllerId?: number | undefined
  readonly queues: number
  readonly queueId?: number | undefined
  readonly opcode?: number | undefined
  readonly namespaceId?: number | undefined
  readonly lba?: number | undefined
  readonly blockCount?: number | undefined
  readonly nth?: number | undefined
  readonly every?: number | undefined
  readonly probability?: number | undefined
  readonly seed?: number | undefined
  readonly delayNs?: number | undefined
  readonly drop: boolean
  readonly statusField?: number | undefined
  readonly tornBlocks?: number | undefined
  readonly tornBytes?: number | undefined
  readonly corruptedData?: number | undefined
  readonly corruptedOffset?: number | undefined
  readonly corruptionMask?: number | undefined
  readonly completion: number
  readonly controllerFault: number
  readonly times?: number | undefined
}

const effects = [
  'delayNs',
  'drop',
  'status',
  'torn',
  'corrupt',
  'completion',
  'controller',
] as const satisfies (keyof Fault)[]
const matchNames: readonly string[] = [
  'controller',
  'queues',
  'queue',
  'opcode',
  'namespace',
  'lbas',
  'nth',
  'every',
  'probability',
  'seed',
] satisfies (keyof FaultMatch)[]
const faultNames: readonly string[] = ['on', ...effects, 'times']

// The positions are the values of the enumerations of fault.h.
const queueKinds = ['any', 'admin', 'io']
const completionFaults = ['none', 'duplicate', 'unknownCid', 'wrongPhase']
const controllerFaults = ['none', 'stop', 'fatal', 'remove']
const corruptedData = ['toHost', 'stored']

/**
 * Makes a fault plain for the native side, which judges its numbers.
 * @throws NvmError ERR_ARGUMENT for a name that does not exist.
 */
export function toNativeFault(fault: Fault): NativeFault {
  const on = fault.on ?? {}
  refuseUnknown('a fault', fault, faultNames)
  refuseUnknown("a fault's match", on, matchNames)
  if (effects.every((name) => fault[name] === undefined)) {
    throw createError('ERR_ARGUMENT', `a fault does nothing; give it ${effects.join(', ')}`)
  }
  const { corrupt, torn } = fault
  return {
    controllerId: on.controller,
    queues: position('queues', queueKinds, on.queues ?? 'any'),
    queueId: on.queue,
    opcode: on.opcode,
    namespaceId: on.namespace,
    lba: on.lbas?.lba,
    blockCount: on.lbas?.blockCount,
    nth: on.nth,
    every: on.every,
    probability: on.probability,
    seed: on.seed,
    delayNs: fault.delayNs,
    drop: fault.drop ?? false,
    statusField: fault.status === undefined ? undefined : toStatusField(fault.status),
    tornBlocks: torn === undefined ? undefined : (torn.blocks ?? 0),
    tornBytes: torn === undefined ? undefined : (torn.bytes ?? 0),
    corruptedData: corrupt && position('corrupt.data', corruptedData, corrupt.data),
    corruptedOffset: corrupt?.offset,
    corruptionMask: corrupt?.mask,
    completion: position('completion', completionFaults, fault.completion ?? 'none'),
    controllerFault: position('controller', controllerFaults, fault.controller ?? 'none'),
    times: fault.times,
  }
}

function toStatusField(status: NonNullable<Fault['status']>): number {
  const { name, dnr = false } = typeof status === 'string' ? { name: status } : status
  if (!(name in nvme.statuses)) {
    throw createError('ERR_ARGUMENT', `there is no status '${name}'; src/spec names them`)
  }
  const doNotRetry = 1 << 14
  return statusField(name) | (dnr ? doNotRetry : 0)
}

function position(what: string, names: readonly string[], name: string): number {
  const index = names.indexOf(name)
  if (index >= 0) return index
  throw createError('ERR_ARGUMENT', `${what} '${name}' is none of ${names.join(', ')}`)
}

function refuseUnknown(what: string, object: object, names: readonly string[]): void {
  for (const name of Object.keys(object)) {
    if (names.includes(name)) continue
    throw createError('ERR_ARGUMENT', `${what} has no '${name}'; it has ${names.join(', ')}`)
  }
}
