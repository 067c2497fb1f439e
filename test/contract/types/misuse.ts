// SPDX-License-Identifier: MIT
// What the published types refuse: each line below a @ts-expect-error is a mistake that a program
// cannot compile. types.test.ts compiles this file; nothing runs it.
import {
  type AwaitQueuePair,
  type Controller,
  type DmaDescriptor,
  decode,
  decodeBits,
  type Emulator,
  type ErrorCode,
  Histogram,
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
  // @ts-expect-error yes or no, or for how long
  await openController('disk.img', { reconnect: 'yes' })
  // @ts-expect-error a period of reconnecting is in milliseconds
  await openController('disk.img', { reconnect: { seconds: 5 } })
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

export async function sharing(controller: Controller): Promise<void> {
  // @ts-expect-error a path is needed
  await controller.serve({})
  // @ts-expect-error it is a string in options
  await controller.serve('/run/nvme0')
  // @ts-expect-error a misspelt option
  await controller.serve({ path: 'a', limit: { clients: 1 } })
  // @ts-expect-error there is no such limit
  await controller.serve({ path: 'a', limits: { queues: 1 } })
  // @ts-expect-error a number
  await controller.serve({ path: 'a', limits: { clients: '1' } })
  // @ts-expect-error there is no such policy
  await controller.serve({ path: 'a', policy: { readonly: true } })
  // @ts-expect-error ids, not one id
  await controller.serve({ path: 'a', policy: { namespaces: 1 } })
  // @ts-expect-error an event has no such option
  controller.events({ limit: 5 })
  // @ts-expect-error a signal, not what makes it
  controller.events({ signal: new AbortController() })
  for await (const event of controller.events()) {
    // @ts-expect-error there is no such event
    if (event.info === 'namespace_changed') return
  }
}

export async function requests(
  namespace: Namespace,
  queue: AwaitQueuePair,
  buffer: DmaDescriptor,
): Promise<void> {
  // @ts-expect-error a flag
  await namespace.read({ lba: 0, into: buffer, fua: 1 })
  // @ts-expect-error a signal, not what makes it
  await namespace.write({ lba: 0, from: buffer, signal: new AbortController() })
  // @ts-expect-error another spelling
  await namespace.read({ lba: 0, into: buffer, FUA: true })
  // @ts-expect-error one of a group has no signal
  await namespace.readMany([{ lba: 0, into: buffer, signal: AbortSignal.timeout(5) }])
  // @ts-expect-error a list is of buffers
  await namespace.readMany([{ lba: 0, into: [buffer, 'x'] }])
  // @ts-expect-error a read of lists resolves to lists
  const bytes: Uint8Array[] = await namespace.readMany([{ lba: 0, into: [buffer] }])
  // @ts-expect-error a count is needed
  await namespace.deallocate({ lba: bytes.length })
  // @ts-expect-error it has the range itself
  await namespace.deallocate({ ranges: [{ lba: 0, blockCount: 1 }] })
  // @ts-expect-error a place to copy to
  await namespace.copy({ from: { lba: 0, blockCount: 1 } })
  // @ts-expect-error a place is an LBA
  await namespace.copy({ from: { lba: 0, blockCount: 1 }, to: { lba: 8 } })
  // @ts-expect-error a comparison is with bytes
  await namespace.compare({ lba: 0, from: buffer })
  // @ts-expect-error a flag
  await namespace.writeZeroes({ lba: 0, blockCount: 1, deallocate: 'yes' })
  // @ts-expect-error a command has an opcode
  await queue.submit({ nsid: 1 })
  // @ts-expect-error a dword is a number
  await queue.submit({ opcode: 2, cdw10: 0n })
  // @ts-expect-error there is no such dword
  await queue.submit({ opcode: 2, cdw1: 0 })
  // @ts-expect-error metadata is a descriptor
  await queue.submit({ opcode: 2, metadata: new Uint8Array(8) })
}

export async function administration({ admin }: Controller): Promise<void> {
  // @ts-expect-error another spelling
  await admin.formatNamespace(1, { blocksize: 4096 })
  // @ts-expect-error there is no such way to erase
  await admin.formatNamespace(1, { secureErase: 'shred' })
  // @ts-expect-error a number, or all
  await admin.formatNamespace('1')
  // @ts-expect-error a size is needed
  await admin.createNamespace({ blockSize: 512 })
  // @ts-expect-error a list of ids
  await admin.attachNamespace(1, 0)
  // @ts-expect-error there is no such feature
  await admin.getFeature('write_cache')
  // @ts-expect-error there is no such value
  await admin.getFeature('arbitration', { select: 'last' })
  // @ts-expect-error fields are missing
  await admin.setFeature('arbitration', { ab: 1 })
  // @ts-expect-error it has no such field
  await admin.setFeature('volatile_write_cache', { enabled: 1 })
  // @ts-expect-error another spelling
  await admin.setFeature('volatile_write_cache', { wce: 1 }, { saved: true })
  // @ts-expect-error an identifier is needed
  await admin.getRawFeature({ cdw11: 1 })
  // @ts-expect-error a length is needed
  await admin.getLogPage({ lid: 'smart_health_information' })
  // @ts-expect-error there is no such page
  await admin.getLogPage({ lid: 'smart', byteLength: 512 })
  // @ts-expect-error another spelling
  await admin.smartLog({ nsId: 1 })
  // @ts-expect-error there is no such structure
  await admin.identify({ cns: 'controller' })
  // @ts-expect-error there is no such action
  await admin.sanitize({ action: 'erase' })
  // @ts-expect-error there is no such test
  await admin.deviceSelfTest('long_test')
  // @ts-expect-error it has no such field
  console.log((await admin.identifyController()).modelNumber)
}

export function table(bytes: Uint8Array): void {
  // @ts-expect-error there is no such structure
  decode('Identify', bytes)
  // @ts-expect-error there is no such field
  console.log(decode('SmartLog', bytes).temperature)
  // @ts-expect-error 64 bits and more are a bigint
  const blocks: number = decode('IdentifyNamespace', bytes).nsze
  // @ts-expect-error there is no such word
  decodeBits('CAP', blocks)
  // @ts-expect-error there is no such field
  console.log(decodeBits('cap', 0n).mpsmim)
  // @ts-expect-error a time is a number
  new Histogram().record(5n)
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
