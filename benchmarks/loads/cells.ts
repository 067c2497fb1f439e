// SPDX-License-Identifier: MIT
// What bench:loads measures: large transfers, several queues, and latencies beside other work.

/** Where a transfer's data lies: memory of the device's, or a plain typed array, which is bounced. */
export type Memory = 'device' | 'plain'

export interface Transfer {
  direction: 'read' | 'write'
  memory: Memory
  byteLength: number
  /** Transfers outstanding. */
  depth: number
}

/** Whether several queues belong to one thread, or to a Worker each. */
export type Threads = 'one' | 'workers'

/** What goes on beside the commands whose latency is measured. */
export type Disturbance = (typeof disturbances)[number]

const kibibyte = 1024

/** The copies that transfers are compared with: as large, into as many buffers in turn. */
export const copies = [128, 256, 512, 1024].flatMap((kibibytes) =>
  [1, 8].map((depth) => ({ byteLength: kibibytes * kibibyte, depth })),
)
export const disturbances = ['nothing', 'timer', 'timer+garbage'] as const
export const readerCounts = [1, 2, 4, 8] as const
/** Commands outstanding on each queue of several. */
export const readerDepth = 32
/** Bytes of a command on one of several queues, and of one whose latency is measured. */
export const commandBytes = 4096

export const readers = (['one', 'workers'] as const).flatMap((threads) =>
  readerCounts.map((queues) => ({ threads, queues })),
)

type Copy = (typeof copies)[number]

export const transfersBeside = ({ byteLength, depth }: Copy): readonly Transfer[] =>
  (['device', 'plain'] as const).flatMap((memory) =>
    (['read', 'write'] as const).map((direction) => ({ direction, memory, byteLength, depth })),
  )

/** Least ratio to the machine's own random copy of the same size. */
export const goalOf = ({ direction, memory }: Transfer): number | undefined =>
  direction === 'read' && memory === 'device' ? 0.9 : undefined
