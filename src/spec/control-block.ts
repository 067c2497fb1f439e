// SPDX-License-Identifier: MIT
// Memory that C++ and TypeScript both work on, as structures there and as Int32Arrays here: the
// state of a queue pair (what each word means for the driver: lib/driver/queue_control_block.h),
// and how often namespaces have changed.

import type { Structure } from './form.ts'

export const controlBlock = {
  QueueControlBlock: {
    text: 'State of one queue pair; all of it belongs to the host but `armed`',
    size: 128,
    fields: {
      sq_tail: [0, 'i32', 'Slot of the next command'],
      sq_doorbell: [4, 'i32', 'Tail that the doorbell was last rung with'],
      sq_entries: [8, 'i32', 'Slots of the submission queue'],
      cq_head: [12, 'i32', 'Slot of the next completion'],
      cq_phase: [16, 'i32', 'Phase tag of a new entry as dword 3 shows it: 0x10000 or 0'],
      cq_entries: [20, 'i32', 'Slots of the completion queue'],
      outstanding: [24, 'i32', 'Commands submitted and not completed'],
      queue_id: [28, 'i32', 'Identifier of the queue pair'],
      state: [32, 'i32', 'QueueState: 0 live, 1 closed, 2 failed, 3 lost'],
      armed: [64, 'i32', 'On its own cache line: nonzero where a waiter wants to be woken'],
    },
  },
  NamespaceChanges: {
    text: 'How often namespaces were formatted, deleted, attached or detached; each may wrap',
    size: 1024,
    fields: {
      any: [0, 'u32', 'Of all of them together; counted after that of the namespace'],
      of_id: [4, 'u32[255]', 'Of the namespaces whose id has this remainder by 255'],
    },
  },
} as const satisfies Record<string, Structure>

type Fields = typeof controlBlock.QueueControlBlock.fields
type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S

/** Index of each word in the Int32Array: `block[word.sqTail]`. */
export const word = Object.fromEntries(
  Object.entries(controlBlock.QueueControlBlock.fields).map(([name, [offset]]) => [
    name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    offset / 4,
  ]),
) as { readonly [Name in keyof Fields as CamelCase<Name>]: number }

const { of_id: changesOfId } = controlBlock.NamespaceChanges.fields

/** Words of NamespaceChanges: of all namespaces, and of those with an id. */
export const anyChange = controlBlock.NamespaceChanges.fields.any[0] / 4
export const changeOf = (namespaceId: number): number =>
  changesOfId[0] / 4 + (namespaceId % changeCounters)
const changeCounters = controlBlock.NamespaceChanges.size / 4 - changesOfId[0] / 4
