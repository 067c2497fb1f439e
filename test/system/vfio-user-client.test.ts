// SPDX-License-Identifier: MIT
// Our client on a controller that another process serves, with each way to work, in both ways to
// ring; and that process killed under I/O.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, ftruncateSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { type Controller, type DmaDescriptor, NvmError, openController } from '../../src/index.ts'
import { runProgram } from '../support/process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const dist = fileURLToPath(new URL('../../dist/', import.meta.url))
const program = join(dist, 'src/cli/peernvm.js')
const benchmark = join(dist, 'benchmarks/latency/main.js')
const imageBytes = 16 << 20
const chunkBytes = 64 << 10
const slow = ['--latency-ns', '10000000']

let served: ChildProcess | undefined
afterEach(() => {
  served?.kill('SIGKILL')
})

async function serve(image: string, folder: string, ...more: string[]): Promise<void> {
  const args = [program, 'serve', image, '--vfio-user', folder, ...more]
  served = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  if (served.stdout === null) throw new Error('it has no output')
  for await (const _line of createInterface(served.stdout)) break
}

async function kill(): Promise<void> {
  served?.kill('SIGKILL')
  if (served !== undefined) await once(served, 'exit')
}

function makeImage(folder: string): string {
  const path = join(folder, 'disk.img')
  const fd = openSync(path, 'w')
  ftruncateSync(fd, imageBytes)
  closeSync(fd)
  return path
}

/** Fills a buffer with what belongs at the chunk `index`. */
function fill(bytes: Uint8Array, index: number): void {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(index + 1, 2654435761) + i
}

function isFilled(bytes: Uint8Array, index: number): boolean {
  const expected = new Uint8Array(bytes.byteLength)
  fill(expected, index)
  return Buffer.compare(bytes, expected) === 0
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  return error instanceof NvmError ? error.code : String(error)
}

/** Reads a chunk with a raw queue: by hand, then as a batch. */
async function readRaw(controller: Controller, data: DmaDescriptor, index: number): Promise<void> {
  const namespace = await controller.namespace(1)
  const blockCount = chunkBytes / namespace.blockSize
  await using queue = await controller.createQueuePair({ mode: 'raw', depth: 7 })
  data.bytes?.fill(0)
  for (let i = 0; i < 50; i++) {
    const slot = queue.sq.enqueue()
    queue.sq.read(slot, 1, index * blockCount, blockCount, data, 0)
    queue.sq.submit()
    expect(queue.cq.wait()).toBe(1)
    expect((queue.cq.done[0] as number) >>> 16).toBe(0)
    queue.cq.update()
  }
  expect(isFilled(data.bytes as Uint8Array, index)).toBe(true)

  data.bytes?.fill(0)
  const batch = queue.batch({ namespace, memory: data, capacity: 4 })
  batch.commands.set([0x02, index * blockCount, blockCount, 0])
  batch.run(1)
  expect(isFilled(data.bytes as Uint8Array, index)).toBe(true)
}

describe.each(['trap', 'poll'])('doorbells: %s', (doorbells) => {
  test('what is written through promises is read in every way, and is in the image', async () => {
    using folder = temporaryFolder('vfio-user')
    const image = makeImage(folder.path)
    await serve(image, join(folder.path, 'socket'), '--doorbells', doorbells)
    await using controller = await openController(join(folder.path, 'socket'))
    expect(controller.info.transport).toBe('vfio-user')
    const namespace = await controller.namespace(1)
    const blockCount = chunkBytes / namespace.blockSize
    const chunks = imageBytes / chunkBytes
    const data = await controller.allocate(imageBytes)
    const views = Array.from({ length: chunks }, (_, i) => data.view(i * chunkBytes, chunkBytes))
    views.forEach((view, i) => {
      fill(view.bytes as Uint8Array, i)
    })
    await Promise.all(views.map((from, i) => namespace.write({ lba: i * blockCount, from })))
    await namespace.flush()
    const file = readFileSync(image)
    for (let i = 0; i < chunks; i++) {
      expect(isFilled(file.subarray(i * chunkBytes, (i + 1) * chunkBytes), i)).toBe(true)
    }
    await readRaw(controller, await controller.allocate(chunkBytes), 5)

    // The caller's own memory is copied, and says so.
    const own = new Uint8Array(new ArrayBuffer(chunkBytes))
    const mapped = await controller.map(own)
    expect(mapped.path).toBe('bounce')
    await namespace.read({ lba: 7 * blockCount, into: mapped })
    expect(isFilled(own, 7)).toBe(true)
    await using raw = await controller.createQueuePair({ mode: 'raw' })
    const slot = raw.sq.enqueue()
    expect(() => raw.sq.read(slot, 1, 0, 1, mapped, 0)).toThrow(/does not reach this memory/)
  })

  test('a consumer that waits for long is woken by the device', async () => {
    using folder = temporaryFolder('vfio-user')
    const image = makeImage(folder.path)
    await serve(image, join(folder.path, 'socket'), '--doorbells', doorbells, ...slow)
    await using controller = await openController(`vfio-user:${folder.path}/socket`)
    const namespace = await controller.namespace(1)
    await using queue = await controller.createQueuePair({ mode: 'await' })
    const into = await controller.allocate(4096)
    const count = 20
    for (let i = 0; i < count; i++) await queue.read({ namespace, lba: 0, into })
    // All of them, unless this process had no CPU while the device was done.
    expect(queue.stats().wakeUps).toBeGreaterThan(count / 2)
  })

  test('a server killed under I/O ends every promise, and a new one is opened', async () => {
    using folder = temporaryFolder('vfio-user')
    const image = makeImage(folder.path)
    const socket = join(folder.path, 'socket')
    await serve(image, socket, '--doorbells', doorbells)
    const controller = await openController(socket)
    const namespace = await controller.namespace(1)
    const from = await controller.allocate(chunkBytes)
    fill(from.bytes as Uint8Array, 3)
    await namespace.write({ lba: 0, from })
    await namespace.flush()
    const queue = await controller.createQueuePair({ mode: 'await', depth: 32 })
    const loops = Array.from({ length: 40 }, async () => {
      const into = await controller.allocate(4096)
      for (;;) await queue.read({ namespace, lba: 0, into })
    })
    const ends = Promise.all(loops.map(codeOf))
    await new Promise((resolve) => setTimeout(resolve, 50))
    await kill()
    expect(new Set(await ends)).toEqual(new Set(['ERR_CONTROLLER_GONE']))
    expect(await codeOf(queue.read({ namespace, lba: 0, into: from }))).toBe('ERR_CONTROLLER_GONE')
    expect(await codeOf(controller.admin.identifyController())).toBe('ERR_CONTROLLER_GONE')
    expect(isFilled(from.bytes as Uint8Array, 3)).toBe(true)

    await serve(image, socket, '--doorbells', doorbells)
    await using again = await openController(socket)
    const into = await again.allocate(chunkBytes)
    await (await again.namespace(1)).read({ lba: 0, into })
    expect(isFilled(into.bytes as Uint8Array, 3)).toBe(true)
    await controller.close()
  })
})

test('programs take the folder of a socket as their target', async () => {
  using folder = temporaryFolder('vfio-user')
  const image = makeImage(folder.path)
  await serve(image, join(folder.path, 'socket'))
  const target = `vfio-user:${folder.path}/socket`
  const identified = await runProgram(process.execPath, [program, 'identify', target])
  expect(identified.code).toBe(0)
  expect(identified.stdout).toMatch(/Model Number +: /)
  for (const engine of ['js', 'await', 'batch', 'native']) {
    const args = ['--ctrl', target, '--engine', engine, '--runtime', '100ms', '--depth', '8']
    const measured = await runProgram(process.execPath, [benchmark, ...args])
    expect(measured.stderr).not.toMatch(/ERR_|rror/)
    expect(measured.code).toBe(0)
  }
})
