// SPDX-License-Identifier: MIT
// Random reads on the emulator along each of the library's paths, with a given number outstanding.
// Every completion's status is checked.
import type { Controller, DmaDescriptor, Namespace } from '../../src/index.ts'

/** Bytes of the namespace: far larger than any cache, so that reads are cold. */
export const namespaceBytes = 2 ** 30
const blockSize = 512
const readOpcode = 2

export interface Setting {
  controller: Controller
  namespace: Namespace
}

export interface Outcome {
  commands: number
  ns: number
}

/** Runs for `milliseconds` with `depth` commands of `byteLength` bytes outstanding. */
export type Workload = (
  setting: Setting,
  byteLength: number,
  depth: number,
  milliseconds: number,
) => Promise<Outcome>

/** The same sequence as the C++ clients draw (xorshift32): positions of whole commands. */
class RandomBlocks {
  #state = 0x9e3779b9 | 0
  readonly #step: number
  readonly #mask: number

  constructor(byteLength: number) {
    this.#step = byteLength / blockSize
    this.#mask = namespaceBytes / byteLength - 1
  }

  nextLba(): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x
    return (x & this.#mask) * this.#step
  }
}

function fail(status: number): never {
  throw new Error(`a read completed with status 0x${status.toString(16)}`)
}

const sync: Workload = async ({ controller }, byteLength, depth, milliseconds) => {
  using buffer = await controller.allocate(depth * byteLength)
  await using queue = await controller.createQueuePair({ mode: 'raw', depth })
  const { sq, cq } = queue
  const blocks = byteLength / blockSize
  const random = new RandomBlocks(byteLength)
  const submit = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const slot = sq.enqueue()
      sq.read(slot, 1, random.nextLba(), blocks, buffer, sq.commandId(slot) * byteLength)
    }
    sq.submit()
  }
  const start = performance.now()
  let now = start
  let commands = 0
  submit(depth)
  for (let round = 1; ; round++) {
    const count = cq.wait()
    for (let i = 0; i < count; i++) {
      const entry = cq.done[i] as number
      if (entry >>> 16 !== 0) fail(entry >>> 16)
    }
    commands += count
    cq.update()
    if ((round & 63) === 0) {
      now = performance.now()
      if (now - start >= milliseconds) break
    }
    submit(count)
  }
  return { commands, ns: (now - start) * 1e6 }
}

const batch: Workload = async ({ controller, namespace }, byteLength, depth, milliseconds) => {
  const capacity = 2 * depth
  using memory = await controller.allocate(capacity * byteLength)
  await using queue = await controller.createQueuePair({ mode: 'raw', depth })
  const group = queue.batch({ namespace, memory, capacity })
  const blocks = byteLength / blockSize
  const random = new RandomBlocks(byteLength)
  for (let i = 0; i < capacity; i++) {
    group.commands.set([readOpcode, 0, blocks, i * byteLength], 4 * i)
  }
  let position = 0
  const start = performance.now()
  let now = start
  let commands = 0
  let free = depth
  for (let round = 1; ; round++) {
    const count = Math.min(free, capacity - position)
    for (let i = 0; i < count; i++) group.commands[4 * (position + i) + 1] = random.nextLba()
    const submitted = group.exchange(position, count, 1)
    position = (position + submitted) % capacity
    for (let i = 0; i < group.reaped; i++) {
      const status = group.outcomes[2 * i + 1] as number
      if (status !== 0) fail(status)
    }
    free += group.reaped - submitted
    commands += group.reaped
    if ((round & 63) === 0) {
      now = performance.now()
      if (now - start >= milliseconds) break
    }
  }
  return { commands, ns: (now - start) * 1e6 }
}

function viewsOf(buffer: DmaDescriptor, depth: number, byteLength: number): DmaDescriptor[] {
  return Array.from({ length: depth }, (_, i) => buffer.view(i * byteLength, byteLength))
}

const awaiting: Workload = async ({ controller, namespace }, byteLength, depth, milliseconds) => {
  using buffer = await controller.allocate(depth * byteLength)
  await using queue = await controller.createQueuePair({ mode: 'await', depth })
  const random = new RandomBlocks(byteLength)
  const start = performance.now()
  let now = start
  let commands = 0
  let stopped = false
  const reader = async (into: DmaDescriptor): Promise<void> => {
    while (!stopped) {
      await queue.read({ namespace, lba: random.nextLba(), into })
      if ((++commands & 255) !== 0) continue
      now = performance.now()
      stopped = now - start >= milliseconds
    }
  }
  await Promise.all(viewsOf(buffer, depth, byteLength).map(reader))
  return { commands, ns: (performance.now() - start) * 1e6 }
}

const readMany: Workload = async ({ controller, namespace }, byteLength, depth, milliseconds) => {
  using buffer = await controller.allocate(depth * byteLength)
  await using queue = await controller.createQueuePair({ mode: 'await', depth })
  const random = new RandomBlocks(byteLength)
  const requests = viewsOf(buffer, depth, byteLength).map((into) => ({ namespace, lba: 0, into }))
  const start = performance.now()
  let commands = 0
  do {
    for (const request of requests) request.lba = random.nextLba()
    await queue.readMany(requests)
    commands += depth
  } while (performance.now() - start < milliseconds)
  return { commands, ns: (performance.now() - start) * 1e6 }
}

export const workloads = { sync, batch, await: awaiting, readMany } as const

/** Writes the whole namespace once, so that no read finds memory that was never touched. */
export async function fillNamespace({ controller, namespace }: Setting): Promise<void> {
  const chunk = 128 * 1024
  using buffer = await controller.allocate(chunk)
  buffer.bytes?.fill(0x5a)
  await using queue = await controller.createQueuePair({ mode: 'await', depth: 8 })
  for (let lba = 0; lba < namespace.blockCount; ) {
    const writes: Promise<void>[] = []
    for (let i = 0; i < 8 && lba < namespace.blockCount; i++, lba += chunk / blockSize) {
      writes.push(queue.write({ namespace, lba, from: buffer }))
    }
    await Promise.all(writes)
  }
}
