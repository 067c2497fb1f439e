// SPDX-License-Identifier: MIT
// Random reads and writes on the emulator along each of the library's paths, with a given number
// outstanding. Every completion's status is checked.
import type { DmaDescriptor } from 'peernvm'
import { nvme } from '../../src/spec/nvme.ts'
import { lbaBytes } from '../shared/filled-namespace.ts'
import { RandomBlocks } from '../shared/random-blocks.ts'
import { viewsOf } from '../shared/views.ts'
import { fail, type Workload } from './workload.ts'

const opcodeRead = nvme.codes.nvm_opcode.read[0]
const opcodeWrite = nvme.codes.nvm_opcode.write[0]

const sync: Workload = async ({ controller }, load) => {
  const { byteLength, depth, writePercent, milliseconds } = load
  using buffer = await controller.allocate(depth * byteLength)
  await using queue = await controller.createQueuePair({ mode: 'raw', depth })
  const { sq, cq } = queue
  const blocks = byteLength / lbaBytes
  const random = new RandomBlocks(byteLength, writePercent)
  const submit = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const slot = sq.enqueue()
      const lba = random.nextLba()
      const byteOffset = sq.commandId(slot) * byteLength
      if (random.isWrite) sq.write(slot, 1, lba, blocks, buffer, byteOffset)
      else sq.read(slot, 1, lba, blocks, buffer, byteOffset)
    }
    sq.submit()
  }
  const start = performance.now()
  let now = start
  let commands = 0
  submit(depth)
  for (let round = 1; ; round++) {
    const count = cq.wait() // sq.submit() tells the device, with the doorbell of its own
    for (let i = 0; i < count; i++) {
      const entry = cq.done[i] as number
      if (entry >>> 16 !== 0) fail(entry >>> 16)
    }
    commands += count
    if ((round & 63) === 0) {
      now = performance.now()
      if (now - start >= milliseconds) break
    }
    submit(count)
  }
  return { commands, ns: (now - start) * 1e6 }
}

/** At least so many a native call, one after the other where the queue takes fewer at a time. */
const callCommands = 32

/**
 * Places in memory for one command each. That which was used last is next, as with the other
 * clients: the device's caches still have it.
 */
class FreeOffsets {
  readonly #offsets: number[]
  #count: number

  constructor(count: number, byteLength: number) {
    this.#offsets = Array.from({ length: count }, (_, i) => i * byteLength)
    this.#count = count
  }

  /** The one that take(index + 1) takes last. */
  at(index: number): number {
    return this.#offsets[this.#count - 1 - index] as number
  }

  take(count: number): void {
    this.#count -= count
  }

  give(offset: number): void {
    this.#offsets[this.#count++] = offset
  }
}

const batch: Workload = async ({ controller, namespace }, load) => {
  const { byteLength, depth, writePercent, milliseconds } = load
  const later = Math.max(0, callCommands - depth)
  const capacity = 2 * (depth + later)
  const free = new FreeOffsets(depth + later, byteLength)
  using memory = await controller.allocate((depth + later) * byteLength)
  await using queue = await controller.createQueuePair({ mode: 'raw', depth })
  const group = queue.batch({ namespace, memory, capacity })
  const blocks = byteLength / lbaBytes
  const random = new RandomBlocks(byteLength, writePercent)
  for (let i = 0; i < capacity; i++) group.commands[4 * i + 2] = blocks
  let position = 0
  const start = performance.now()
  let now = start
  let commands = 0
  let outstanding = 0
  for (let round = 1; ; round++) {
    const count = Math.min(depth + later - outstanding, capacity - position)
    for (let i = 0; i < count; i++) {
      const at = 4 * (position + i)
      group.commands[at + 1] = random.nextLba()
      group.commands[at] = random.isWrite ? opcodeWrite : opcodeRead
      group.commands[at + 3] = free.at(i)
    }
    // All but one: the device has that one while outcomes are looked at and commands drawn.
    const submitted = group.exchange(position, count, Math.max(1, later))
    free.take(submitted)
    position = (position + submitted) % capacity
    for (let i = 0; i < group.reaped; i++) {
      const status = group.outcomes[2 * i + 1] as number
      if (status !== 0) fail(status)
      free.give(group.commands[4 * (group.outcomes[2 * i] as number) + 3] as number)
    }
    outstanding += submitted - group.reaped
    commands += group.reaped
    if ((round & 63) === 0) {
      now = performance.now()
      if (now - start >= milliseconds) break
    }
  }
  return { commands, ns: (now - start) * 1e6 }
}

const awaiting: Workload = async ({ controller, namespace }, load) => {
  const { byteLength, depth, writePercent, milliseconds } = load
  using buffer = await controller.allocate(depth * byteLength)
  await using queue = await controller.createQueuePair({ mode: 'await', depth })
  const random = new RandomBlocks(byteLength, writePercent)
  const start = performance.now()
  let now = start
  let commands = 0
  let stopped = false
  const mover = async (data: DmaDescriptor): Promise<void> => {
    while (!stopped) {
      const lba = random.nextLba()
      if (random.isWrite) await queue.write({ namespace, lba, from: data })
      else await queue.read({ namespace, lba, into: data })
      if ((++commands & 255) !== 0) continue
      now = performance.now()
      stopped = now - start >= milliseconds
    }
  }
  await Promise.all(viewsOf(buffer, depth, byteLength).map(mover))
  return { commands, ns: (performance.now() - start) * 1e6 }
}

/**
 * Reads one after the other: what a promise for each command costs by itself, on a raw queue, with
 * nothing cut, timed or given up, and no turn for the event loop.
 */
const promise: Workload = async ({ controller }, { byteLength, milliseconds }) => {
  using buffer = await controller.allocate(byteLength)
  await using queue = await controller.createQueuePair({ mode: 'raw', depth: 1 })
  const { sq, cq } = queue
  const { bytes } = buffer
  const blocks = byteLength / lbaBytes
  const random = new RandomBlocks(byteLength)
  const ready = Promise.resolve()
  let resolve: (value: unknown) => void
  const executor = (newResolve: typeof resolve): void => {
    resolve = newResolve
  }
  const settle = (): void => {
    cq.wait()
    const entry = cq.done[0] as number
    if (entry >>> 16 !== 0) fail(entry >>> 16)
    resolve(bytes)
  }
  const read = (lba: number): Promise<unknown> => {
    sq.read(sq.enqueue(), 1, lba, blocks, buffer, 0)
    sq.submit()
    ready.then(settle)
    return new Promise(executor)
  }
  const start = performance.now()
  let now = start
  let commands = 0
  while (now - start < milliseconds) {
    await read(random.nextLba())
    if ((++commands & 255) === 0) now = performance.now()
  }
  return { commands, ns: (now - start) * 1e6 }
}

const readMany: Workload = async ({ controller, namespace }, load) => {
  const { byteLength, depth, milliseconds } = load
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

export const workloads = { sync, batch, await: awaiting, promise, readMany } as const
