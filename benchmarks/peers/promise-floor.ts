// SPDX-License-Identifier: MIT
// What one promise a command costs by itself: the loop on typed arrays, in which each command is
// awaited. No checks, no clocks, no errors: nothing with promises can be quicker.

import { lbaBytes } from '../shared/filled-namespace.ts'
import { RandomBlocks } from '../shared/random-blocks.ts'
import { fail, type Workload } from './workload.ts'

type Resolve = (bytes: Uint8Array) => void

let newResolve: Resolve
const executor = (resolve: Resolve): void => {
  newResolve = resolve
}
const resolved = Promise.resolve()

export const promiseFloor: Workload = async ({ controller }, load) => {
  const { byteLength, depth, milliseconds } = load
  using buffer = await controller.allocate(depth * byteLength)
  await using queue = await controller.createQueuePair({ mode: 'raw', depth })
  const { sq, cq } = queue
  const blocks = byteLength / lbaBytes
  const random = new RandomBlocks(byteLength)
  const bytes = buffer.bytes as Uint8Array
  const resolves: Resolve[] = []
  const start = performance.now()
  let now = start
  let commands = 0
  let running = depth
  const read = (): Promise<Uint8Array> => {
    const slot = sq.enqueue()
    const id = sq.commandId(slot)
    sq.read(slot, 1, random.nextLba(), blocks, buffer, id * byteLength)
    if (depth === 1) sq.submit()
    const promise = new Promise(executor)
    resolves[id] = newResolve
    return promise
  }
  const reader = async (): Promise<void> => {
    while (now - start < milliseconds) {
      await read()
      if ((++commands & 255) === 0) now = performance.now()
    }
    running--
  }
  const readers = Promise.all(Array.from({ length: depth }, reader))
  for (;;) {
    await resolved // the readers have their turn
    if (running === 0) break
    sq.submit()
    const count = cq.wait()
    cq.update()
    for (let i = 0; i < count; i++) {
      const entry = cq.done[i] as number
      if (entry >>> 16 !== 0) fail(entry >>> 16)
      resolves[entry & 0xffff]?.(bytes)
    }
  }
  await readers
  return { commands, ns: (performance.now() - start) * 1e6 }
}
