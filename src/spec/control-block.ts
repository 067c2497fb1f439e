// SPDX-License-Identifier: MIT
// The state of a queue pair in one 128-byte block: spec::QueueControlBlock in C++, an Int32Array in
// TypeScript. What each word means for the driver: lib/driver/queue_control_block.h.

import type { Structure } from './form.ts'

export const controlBlock = {
  QueueControlBlock: {
    text: 'State of one queue pair; all of it belongs to the host but `armed`',
    size: 128,
    fields: {
      sq_tail: [0, 'i32', 'Slot of the next command'],
      sq_head: [4, 'i32', 'Slot that the device has consumed up to'],
      sq_doorbell: [8, 'i32', 'Tail that the doorbell was last rung with'],
      sq_entries: [12, 'i32', 'Slots of the submission queue'],
      cq_head: [16, 'i32', 'Slot of the next completion'],
      cq_phase: [20, 'i32', 'Phase tag of a new entry as dword 3 shows it: 0x10000 or 0'],
      cq_entries: [24, 'i32', 'Slots of the completion queue'],
      outstanding: [28, 'i32', 'Commands submitted and not completed'],
      queue_id: [32, 'i32', 'Identifier of the queue pair'],
      state: [36, 'i32', 'QueueState: 0 live, 1 closed, 2 failed, 3 lost'],
      armed: [64, 'i32', 'On its own cache line: nonzero where a waiter wants to be woken'],
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
