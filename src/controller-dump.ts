// SPDX-License-Identifier: MIT
// A controller as text, for errors and for people: what it is, what its registers say, its admin
// queue, and its queue pairs.

import { type NvmErrorDetails, unwrap } from './errors.ts'
import type {
  ControllerHandle,
  NativeAdminQueue,
  NativeSnapshot,
  Outcome,
} from './native/binding.ts'
import { binding } from './native/load.ts'
import { hex, listCommands, listLast, renderBits } from './queue/dump.ts'
import type { QueuePair } from './queue/pair.ts'

const hexOf = (value: bigint): string => `0x${value.toString(16).padStart(16, '0')}`

/** The controller `address` as it is now; once it is closed, that. */
export function dumpController(
  handle: ControllerHandle,
  address: string,
  queues: Iterable<QueuePair>,
): string {
  const snapshot = binding().snapshotController(handle)
  if ('failureNumber' in snapshot) return `Controller ${address}: closed`
  return [renderController(snapshot), ...Array.from(queues, (queue) => queue.dump())].join('\n')
}

/**
 * The value of a native call that opens, claims or closes the controller `address`. When it timed
 * out, nobody can ask for a dump any more: the error shows the controller as it was before.
 */
export function unwrapGivenUp<T>(outcome: Outcome<T>, address: string): T {
  const { snapshot } = (outcome ?? {}) as { readonly snapshot?: NativeSnapshot }
  const details: NvmErrorDetails = {
    dump: () =>
      snapshot === undefined
        ? `Controller ${address}: not reached, nothing is known of it`
        : renderController(snapshot),
  }
  return unwrap(outcome, details)
}

function renderController(snapshot: NativeSnapshot): string {
  const { cap, vs, cc, csts, aqa, asq, acq } = snapshot
  const address = snapshot.address === '' ? 'in memory' : snapshot.address
  return [
    `Controller ${address}, transport ${snapshot.transport}${snapshot.emulated ? ', emulated' : ''}`,
    `  CAP  ${hexOf(cap)}${renderBits('cap', cap)}`,
    `  VS   ${hex(vs)}${renderBits('vs', vs)}`,
    `  CC   ${hex(cc)}${renderBits('cc', cc)}`,
    `  CSTS ${hex(csts)}${renderBits('csts', csts)}`,
    `  AQA  ${hex(aqa)}${renderBits('aqa', aqa)}`,
    `  ASQ  ${hexOf(asq)}  ACQ ${hexOf(acq)}`,
    ...(snapshot.adminQueue === undefined
      ? [`Admin queue: ${explainNone(snapshot)}`]
      : renderAdminQueue(snapshot.adminQueue)),
  ].join('\n')
}

function explainNone({ isClient }: NativeSnapshot): string {
  if (isClient) return 'that of the process which serves the controller; its dump shows it'
  return 'none, as nobody in this process is the manager'
}

function renderAdminQueue(queue: NativeAdminQueue): string[] {
  const { sqTail, sqHead, cqHead, cqPhase, commandMask } = queue
  const words = new Int32Array(queue.submissions)
  const completions = new Int32Array(queue.completions)
  const entries = completions.length / 4
  const list = (what: string, commands: ArrayBuffer): string[] =>
    listCommands(what, new Int32Array(commands), commandMask)
  return [
    `Admin queue, depth ${entries - 1}`,
    `  submission  tail ${sqTail} head ${sqHead} of ${entries}`,
    `  completion  head ${cqHead} phase ${cqPhase} of ${entries}`,
    ...list('outstanding', queue.outstanding),
    ...list('given up', queue.givenUp),
    `  event requests ${queue.eventRequests}`,
    ...listLast({ set: 'admin', words, completions, commandMask, entries, sqTail, cqHead }),
  ]
}
