// SPDX-License-Identifier: MIT
// What the published types refuse: each line below a @ts-expect-error is a mistake that a program
// cannot compile. types.test.ts compiles this file; nothing runs it.
import {
  type AwaitQueuePair,
  type Controller,
  type DmaDescriptor,
  type Emulator,
  type ErrorCode,
  type Namespace,
  NvmError,
  openController,
  type RawQueuePair,
  startEmulator,
} from 'peernvm'

export async function openings(): Promise<void> {
  // @ts-expect-error a target is no number
  await openController(5)
  // @ts-expect-error there is no such role
  await openController('disk.img', { role: 'owner' })
  // @ts-expect-error a misspelt option
  await openController('disk.img', { timeout: 5 })
  // @ts-expect-error a description has a name
  await openController({ size: '1MiB' })
  // @ts-expect-error blocks have 512 or 4096 bytes
  await openController({ emulator: { blockSize: 1000 } })
  // @ts-expect-error another spelling
  await startEmulator({ blocksize: 512 })
  // @ts-expect-error there is no such drive
  await startEmulator({ model: 'optane' })
  // @ts-expect-error a kind of protection that is not emulated
  await startEmulator({ protection: 3 })
  // @ts-expect-error an image is a path
  await startEmulator({ image: new URL('file:///disk.img') })
}

export async function controllers(controller: Controller, namespace: Namespace): Promise<void> {
  // @ts-expect-error an id is a number
  await controller.namespace('1')
  // @ts-expect-error a size in bytes
  await controller.allocate('4KiB')
  // @ts-expect-error bytes, not numbers
  await controller.map(new Float64Array(512))
  // @ts-expect-error a view, not the buffer
  await controller.map(new ArrayBuffer(4096))
  // @ts-expect-error memory that threads share is allocated
  await controller.map(new Uint8Array(new SharedArrayBuffer(4096)))
  // @ts-expect-error a BAR has a number
  await controller.mapPeer('0000:05:00.0', { byteLength: 4096 })
  // @ts-expect-error a controller's token is no descriptor's
  await controller.attach(controller.ref())
  // @ts-expect-error the way of working has to be chosen
  await controller.createQueuePair({ depth: 8 })
  // @ts-expect-error there are two ways
  await controller.createQueuePair({ mode: 'both' })
  // @ts-expect-error a misspelt option
  await controller.createQueuePair({ mode: 'raw', size: 8 })
  // @ts-expect-error what the registers say is not to be changed
  controller.info.cap = 0n
  // @ts-expect-error nor is a format
  namespace.blockSize = 4096
  // @ts-expect-error an admin command has an opcode
  await controller.admin.submit({ nsid: 1 })
  // @ts-expect-error data is bytes
  await controller.admin.submit({ opcode: 6, data: 4096 })
}

export async function memory(buffer: DmaDescriptor, namespace: Namespace): Promise<void> {
  // @ts-expect-error the CPU may not reach it
  console.log(buffer.bytes.length)
  // @ts-expect-error a view has a length
  buffer.view(0)
  // @ts-expect-error a view of a whole, not a part of an array
  await namespace.read({ lba: 0, into: buffer, byteOffset: 512 })
  // @ts-expect-error a read goes into
  await namespace.read({ lba: 0, from: buffer })
  // @ts-expect-error a write comes from
  await namespace.write({ lba: 0, into: buffer })
  // @ts-expect-error bytes, not text
  await namespace.write({ lba: 0, from: 'text' })
  // @ts-expect-error bytes, not words
  await namespace.read({ lba: 0, into: new Uint32Array(128) })
  // @ts-expect-error an address is a number
  await namespace.read({ lba: '0', into: buffer })
  // @ts-expect-error a group is an array
  await namespace.readMany({ lba: 0, into: buffer })
}

export async function queues(
  raw: RawQueuePair,
  promises: AwaitQueuePair,
  namespace: Namespace,
  buffer: DmaDescriptor,
): Promise<void> {
  // @ts-expect-error promises need a queue pair of their own
  await raw.read({ namespace, lba: 0, into: buffer })
  // @ts-expect-error so do queues by hand
  promises.sq.enqueue()
  // @ts-expect-error so do completions by hand
  promises.cq.poll()
  // @ts-expect-error and batches
  promises.batch({ namespace, memory: buffer, capacity: 1 })
  // @ts-expect-error a batch has a capacity
  raw.batch({ namespace, memory: buffer })
  // @ts-expect-error a batch's memory is a descriptor
  raw.batch({ namespace, memory: new Uint8Array(512), capacity: 1 })
  // @ts-expect-error memory that the device reaches
  raw.sq.read(0, 1, 0, 1, new Uint8Array(512), 0)
  // @ts-expect-error a raw queue takes numbers
  raw.sq.read(0, 1, 0n, 1, buffer, 0)
  // @ts-expect-error a namespace has to be named
  await promises.read({ lba: 0, into: buffer })
  // @ts-expect-error a raw queue pair is none of promises
  await namespace.read({ lba: 0, into: buffer }, raw)
  // @ts-expect-error a queue is no part of what is read
  await namespace.read({ lba: 0, into: buffer, queue: promises })
}

export function emulators(device: Emulator): void {
  // @ts-expect-error there is no such status
  device.inject({ status: 'broken' })
  // @ts-expect-error there is no such effect
  device.inject({ explode: true })
  // @ts-expect-error a command has a name
  device.onCommand(0x90, {}, () => {})
  // @ts-expect-error no status of NVMe
  device.onCommand(0x90, { name: 'x' }, () => 'all right')
  // @ts-expect-error a length is in dwords of the command
  device.onCommand(0x90, { name: 'x', data: { blocks: 'cdw9' } }, () => {})
  // @ts-expect-error a folder is needed
  void device.serve({ doorbells: 'poll' })
}

export function errors(error: unknown): ErrorCode | undefined {
  if (!(error instanceof NvmError)) return undefined
  // @ts-expect-error there is no such code
  if (error.code === 'ERR_WHATEVER') return undefined
  // @ts-expect-error an error is not to be changed
  error.fix = ''
  return error.code
}
