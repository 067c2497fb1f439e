// SPDX-License-Identifier: MIT
// Queue pairs with promises: what programs see of them (await-engine.ts has the rest).

import { checkOptions, namesOf } from '../checks.ts'
import type { CommandCompletion } from '../command-words.ts'
import { createError, type NvmError } from '../errors.ts'
import type { Namespace } from '../namespace.ts'
import { nvme } from '../spec/nvme.ts'
import { AwaitEngine } from './await-engine.ts'
import type { DataTarget } from './command.ts'
import { type IoCommand, planCommand } from './io-command.ts'
import { type QueueOwner, QueuePair, refuseMembers } from './pair.ts'
import {
  checkNamespace,
  type GroupedRead,
  type GroupedWrite,
  isRequest,
  type ReadRequest,
  type RequestOptions,
  refuseRequest,
  type WriteRequest,
} from './request.ts'
import type { QueueRing } from './ring.ts'

const opcodeRead = nvme.codes.nvm_opcode.read[0]
const opcodeWrite = nvme.codes.nvm_opcode.write[0]
const opcodeFlush = nvme.codes.nvm_opcode.flush[0]

/**
 * A flush of what was written to a namespace.
 * @category Requests
 */
export interface FlushRequest extends RequestOptions {
  /** A namespace of the queue's controller. */
  readonly namespace: Namespace
}

const flushNames = namesOf<FlushRequest>({ namespace: true, signal: true })

/**
 * A queue pair with promises: requests of any size and number, which wait for their turn where more
 * than `depth` commands would be outstanding. Nothing has to be polled.
 * @category Queues
 */
export class AwaitQueuePair extends QueuePair {
  /** How it was created. */
  readonly mode = 'await'
  /** @internal */
  readonly engine: AwaitEngine

  /** Controller.createQueuePair makes them. @internal */
  constructor(owner: QueueOwner, ring: QueueRing, timeoutMs: number, wakes: boolean) {
    super(owner, ring, timeoutMs)
    const dump = (): string => this.dump()
    this.engine = new AwaitEngine({ owner, ring, timeoutMs, wakes, dump })
  }

  /**
   * Reads whole blocks into several buffers, in order; one command fills many where it can.
   * @param request `lba` in blocks; the buffers are together a whole number of blocks long
   * @returns the filled bytes, buffer by buffer
   * @throws NvmError as `namespace.read()`
   */
  read<T extends readonly DataTarget[]>(request: ReadRequest<T>): Promise<Uint8Array[]>
  /**
   * Reads whole blocks, as `namespace.read()`.
   * @param request `lba` in blocks; `into` is a whole number of blocks long, and belongs to the
   * controller until the promise settles
   * @returns the filled bytes: those of `into`
   * @throws NvmError as `namespace.read()`
   */
  read<T extends DataTarget>(request: ReadRequest<T>): Promise<Uint8Array>
  read(request: ReadRequest): Promise<unknown> {
    if (!isRequest(request, 'into', true)) return refuseRequest(request, 'into', true)
    return this.engine.move(opcodeRead, request.namespace, request, request.into)
  }

  /**
   * Writes whole blocks, of one buffer or of several; resolves when the controller has completed
   * it. Durable only after flush(), or with `fua: true`.
   * @param request `lba` in blocks; `from` is a whole number of blocks long, and unchanged until
   * the promise settles
   * @throws NvmError as `namespace.read()`
   */
  write(request: WriteRequest): Promise<void> {
    if (!isRequest(request, 'from', true)) return refuseRequest(request, 'from', true)
    return this.engine.move(opcodeWrite, request.namespace, request, request.from) as Promise<void>
  }

  /**
   * Resolves when every write to the namespace that completed before, on any queue, is on the
   * medium.
   * @param request which namespace, and a signal or none
   * @throws NvmError as `namespace.read()`
   */
  flush(request: FlushRequest): Promise<void> {
    try {
      checkOptions('a flush', request, flushNames)
      checkNamespace(request.namespace, this.ring.controllerId)
      const { namespace } = request
      const planned = planCommand({ opcode: opcodeFlush, nsid: namespace.id }, this.ring)
      return this.engine.run(
        [{ ...planned, namespace }],
        undefined,
        request.signal,
      ) as Promise<void>
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * As readMany() below, of requests that have a list of buffers each.
   * @param requests each as for read() of several buffers, without `signal`
   * @param options a signal for the whole group, or nothing
   * @returns for each request a list of the filled bytes, buffer by buffer
   * @throws NvmError as `namespace.read()`
   */
  readMany<T extends readonly DataTarget[]>(
    requests: readonly GroupedRead<T>[],
    options?: RequestOptions,
  ): Promise<Uint8Array[][]>
  /**
   * Reads a group with one promise, which costs less than one for each. Rejects with the first
   * failure, when all that was sent has ended: what comes before a wrong request may be read. Given
   * up by its signal it rejects at once, as read() does. Its requests stay unchanged until nothing
   * of it is outstanding.
   * @param requests each as for read(), without `signal`
   * @param options a signal for the whole group, or nothing
   * @returns the filled bytes, in the order of the requests
   * @throws NvmError as `namespace.read()`
   */
  readMany<T extends DataTarget>(
    requests: readonly GroupedRead<T>[],
    options?: RequestOptions,
  ): Promise<Uint8Array[]>
  /**
   * As readMany() above, of requests with one buffer and requests with a list.
   * @param requests each as for read(), without `signal`
   * @param options a signal for the whole group, or nothing
   * @returns for each request what it would have alone
   * @throws NvmError as `namespace.read()`
   */
  readMany(
    requests: readonly GroupedRead[],
    options?: RequestOptions,
  ): Promise<(Uint8Array | Uint8Array[])[]>
  readMany(requests: readonly GroupedRead[], options?: RequestOptions): Promise<unknown> {
    return this.engine.moveMany(opcodeRead, undefined, requests, options)
  }

  /**
   * Writes a group with one promise. Rejects with the first failure, when all that was sent has
   * ended; nothing is sent where one of its requests is wrong. Given up by its signal it rejects at
   * once, as write() does. They stay unchanged until nothing of it is outstanding.
   * @param requests each as for write(), without `signal`
   * @param options a signal for the whole group, or nothing
   * @throws NvmError as `namespace.read()`
   */
  writeMany(requests: readonly GroupedWrite[], options?: RequestOptions): Promise<void> {
    return this.engine.moveMany(opcodeWrite, undefined, requests, options) as Promise<void>
  }

  /**
   * Sends any I/O command as it is given, once: `queue.submit({ opcode: 0x90, nsid: 1, data })`.
   * @param command `data` is at most one command's (`controller.info.transferBytesMax`), and
   * belongs to the controller until the promise settles
   * @returns what the completion says
   * @throws NvmError ERR_NVME_STATUS, ERR_TIMEOUT, ERR_ABORTED, ERR_QUEUE_LOST, ERR_CLOSED;
   * ERR_ARGUMENT or ERR_RANGE, and nothing is sent
   */
  submit(command: IoCommand): Promise<CommandCompletion> {
    try {
      const planned = planCommand(command, this.ring)
      const { byteLength } = planned.data
      const { transferBytesMax } = this.ring
      if (byteLength > transferBytesMax) {
        const limit = `a command moves at most ${transferBytesMax}`
        throw createError('ERR_RANGE', `${byteLength} bytes; ${limit}`)
      }
      this.ring.keepResults()
      return this.engine.run(
        [planned],
        undefined,
        command.signal,
        true,
      ) as Promise<CommandCompletion>
    } catch (error) {
      return Promise.reject(error)
    }
  }

  override forgetNamespace(id: number): void {
    this.engine.entries.forgetNamespace(id)
  }

  protected settle(): Promise<void> {
    return this.engine.settle()
  }

  protected abandon(error: NvmError): void {
    this.engine.abandon(error)
  }
}

refuseMembers(AwaitQueuePair.prototype, 'await', ['sq', 'cq', 'batch'])
