// SPDX-License-Identifier: MIT
// Faults of an emulated controller, as a program describes them: which commands, and what happens.
// The order of effects: lib/emulator/faults/fault.h.

import {
  checkBoolean,
  checkInteger,
  checkName,
  checkNumber,
  checkOptions,
  show,
} from '../checks.ts'
import { createError } from '../errors.ts'
import { statusField } from '../spec/names.ts'
import { nvme, type StatusName } from '../spec/nvme.ts'

/**
 * Which commands a fault befalls: all that is given must hold.
 * @category Emulator: faults
 */
export interface FaultMatch {
  /** Commands of the controller with this CNTLID (Identify Controller); default: of all. */
  readonly controller?: number
  /** Commands of the admin queue, or of I/O queues; default: of both. */
  readonly queues?: 'admin' | 'io'
  /** Id of the submission queue; 0: the admin queue. */
  readonly queue?: number
  /** Give `queues` or `queue` with it: admin and I/O commands share numbers. */
  readonly opcode?: number
  /** Namespace identifier of the command. */
  readonly namespace?: number
  /** Commands that touch any of these blocks; Copy and Dataset Management touch none. */
  readonly lbas?: {
    /** The first block. */
    readonly lba: number
    /** How many blocks. */
    readonly blockCount: number
  }
  /** Only the nth of the commands that match, from 1; with `every`, where that begins. */
  readonly nth?: number
  /** Every nth of them, from 1; without `nth`, from the nth on. */
  readonly every?: number
  /** Of those, this fraction: above 0, at most 1; default 1. */
  readonly probability?: number
  /** Of the draws; without it, one that follows from the order in which faults were injected. */
  readonly seed?: number
}

/**
 * What happens to which commands: at least one effect. Of several faults that befall one command,
 * delays add up, and of all else the one injected first wins.
 * @category Emulator: faults
 */
export interface Fault {
  /** Which commands; without it, all, those of the admin queue too. */
  readonly on?: FaultMatch
  /** Nothing else happens to the command before so many nanoseconds have passed; at most a day. */
  readonly delayNs?: number
  /** The command is not executed and never completes; default false. */
  readonly drop?: boolean
  /** Instead of being executed the command ends with this status; `dnr`: do not retry. */
  readonly status?:
    | StatusName
    | {
        /** Of the table of status codes. */
        readonly name: StatusName
        /** Do not retry; default false. */
        readonly dnr?: boolean
      }
  /**
   * Only the first blocks, and bytes of the next one, of a write reach the store. It completes with
   * success, but for `status` and `drop`.
   */
  readonly torn?: {
    /** Whole blocks; default 0. */
    readonly blocks?: number
    /** Of the block behind them; default 0. */
    readonly bytes?: number
  }
  /** One byte is XORed: on its way to the host, or as it is stored. */
  readonly corrupt?: {
    /** `toHost`: what a read gives. `stored`: what a write leaves. */
    readonly data: 'toHost' | 'stored'
    /** Which byte of the command's data, from 0; default: one that is drawn. */
    readonly offset?: number
    /** What it is XORed with: 1 to 255; default: drawn. */
    readonly mask?: number
  }
  /** Its completion comes twice, names an unknown command, or has the wrong phase tag. */
  readonly completion?: 'duplicate' | 'unknownCid' | 'wrongPhase'
  /**
   * Of the controller: `stop`, silently, until it is reset; `fatal`, it sets CSTS.CFS; `remove`, it
   * is gone, and registers read all ones.
   */
  readonly controller?: 'stop' | 'fatal' | 'remove'
  /** How often at most, from 1; default: no limit. */
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

const u8Max = 0xff
const u16Max = 0xffff
const u32Max = 0xffffffff

// The positions are the values of the enumerations of fault.h.
const queueKinds = ['any', 'admin', 'io']
const completionFaults = ['none', 'duplicate', 'unknownCid', 'wrongPhase']
const controllerFaults = ['none', 'stop', 'fatal', 'remove']
const corruptedData = ['toHost', 'stored']

/**
 * Makes a fault plain for the native side, which judges its numbers.
 * @throws NvmError ERR_ARGUMENT for a name that does not exist or a value of another type;
 * ERR_RANGE for a number that its field cannot have.
 */
export function toNativeFault(fault: Fault): NativeFault {
  checkOptions('a fault', fault, faultNames)
  if (effects.every((name) => fault[name] === undefined)) {
    throw createError('ERR_ARGUMENT', `a fault does nothing; give it ${effects.join(', ')}`)
  }
  const { on = {}, drop = false, status, completion = 'none', controller = 'none' } = fault
  checkOptions("a fault's match", on, matchNames)
  checkBoolean('drop', drop)
  return {
    ...toNativeMatch(on),
    delayNs: count('delayNs', fault.delayNs),
    drop,
    statusField: status === undefined ? undefined : toStatusField(status),
    ...toNativeTear(fault.torn),
    ...toNativeCorruption(fault.corrupt),
    completion: position('completion', completionFaults, completion),
    controllerFault: position('controller', controllerFaults, controller),
    times: count('times', fault.times, 1),
  }
}

function toNativeMatch(on: FaultMatch) {
  const { lbas, queues = 'any', probability } = on
  if (lbas !== undefined) checkOptions('lbas', lbas, ['lba', 'blockCount'])
  if (probability !== undefined) checkNumber('probability', probability)
  return {
    controllerId: count('controller', on.controller, 0, u16Max),
    queues: position('queues', queueKinds, queues),
    queueId: count('queue', on.queue, 0, u16Max),
    opcode: count('opcode', on.opcode, 0, u8Max),
    namespaceId: count('namespace', on.namespace, 0, u32Max),
    lba: lbas && required('lba', lbas.lba),
    blockCount: lbas && required('blockCount', lbas.blockCount),
    nth: count('nth', on.nth, 1),
    every: count('every', on.every, 1),
    probability,
    seed: count('seed', on.seed),
  }
}

function toNativeTear(torn: Fault['torn']) {
  if (torn === undefined) return { tornBlocks: undefined, tornBytes: undefined }
  checkOptions('torn', torn, ['blocks', 'bytes'])
  const { blocks = 0, bytes = 0 } = torn
  return {
    tornBlocks: count('blocks', blocks, 0, u32Max),
    tornBytes: count('bytes', bytes, 0, u32Max),
  }
}

function toNativeCorruption(corrupt: Fault['corrupt']) {
  if (corrupt !== undefined) checkOptions('corrupt', corrupt, ['data', 'offset', 'mask'])
  return {
    corruptedData: corrupt && position('corrupt.data', corruptedData, corrupt.data),
    corruptedOffset: count('offset', corrupt?.offset),
    corruptionMask: count('mask', corrupt?.mask, 1, u8Max),
  }
}

function toStatusField(status: NonNullable<Fault['status']>): number {
  const described = typeof status === 'string' ? { name: status } : status
  checkOptions('status', described, ['name', 'dnr'])
  const { name, dnr = false } = described
  checkBoolean('dnr', dnr)
  if (typeof name !== 'string' || !Object.hasOwn(nvme.statuses, name)) {
    const names = 'the type StatusName has their names, and docs/fields.md says what they mean'
    throw createError('ERR_ARGUMENT', `there is no status ${show(name)}; ${names}`)
  }
  const doNotRetry = 1 << 14
  return statusField(name) | (dnr ? doNotRetry : 0)
}

function position(what: string, names: readonly string[], name: string): number {
  checkName(what, name, names)
  return names.indexOf(name)
}

/** A count or none. To the native side, 0 is no count where counts begin at 1. */
function count(
  what: string,
  value: number | undefined,
  min = 0,
  max = Number.MAX_SAFE_INTEGER,
): number | undefined {
  if (value !== undefined) checkInteger(what, value, min, max)
  return value
}

function required(what: string, value: number): number {
  checkInteger(what, value, 0, Number.MAX_SAFE_INTEGER)
  return value
}
