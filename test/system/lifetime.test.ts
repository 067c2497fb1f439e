// SPDX-License-Identifier: MIT
// When memory, queues and references go: nothing faults, nothing hangs, nothing is freed early.
import { type DmaDescriptor, NvmError, openController } from 'peernvm'
import { describe, expect, test } from 'vitest'

const slow = { emulator: { size: '64MiB', timing: { latencyNs: 30_000_000 } } } as const

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'fulfilled'
  } catch (error) {
    if (!(error instanceof NvmError)) throw error
    expect(error.fix).not.toBe('')
    return error.code
  }
}

describe('lifetime', () => {
  test('views of a disposed descriptor have length 0', async () => {
    await using controller = await openController({ emulator: { size: '64MiB' } })
    const buffer = await controller.allocate(8192)
    const bytes = buffer.bytes as Uint8Array
    const words = new Uint32Array(bytes.buffer)
    const view = buffer.view(4096, 4096)
    buffer[Symbol.dispose]()
    expect([bytes.length, words.length, view.bytes?.length]).toEqual([0, 0, 0])
    expect(bytes[0]).toBeUndefined()
    words[0] = 1
    const namespace = await controller.namespace(1)
    expect(await codeOf(namespace.read({ lba: 0, into: view }))).toBe('ERR_CLOSED')
    expect(await codeOf(namespace.read({ lba: 0, into: buffer }))).toBe('ERR_CLOSED')
    expect(() => buffer.view(0, 4096)).toThrow(NvmError)
    expect(() => buffer.ref()).toThrow(NvmError)
  })

  test('memory disposed of under a command stays until the command completed', async () => {
    await using controller = await openController(slow)
    const namespace = await controller.namespace(1)
    const queue = await controller.createQueuePair({ mode: 'await' })
    const { transferBytesMax } = controller.info
    const buffers = await Promise.all(
      Array.from({ length: 8 }, () => controller.allocate(transferBytesMax)),
    )
    const reads = buffers.map((buffer) => queue.read({ namespace, lba: 0, into: buffer }))
    for (const buffer of buffers) buffer[Symbol.dispose]()
    // The emulator fails a command whose memory is not mapped when it comes to the data.
    await expect(Promise.all(reads)).resolves.toHaveLength(8)
  })

  test('closing queues, with what does not end, aborts it', async () => {
    const emulator = { size: '1MiB', timing: { latencyNs: 1e12 } }
    await using controller = await openController({ emulator })
    const namespace = await controller.namespace(1)
    const queues = await Promise.all(
      Array.from({ length: 32 }, () =>
        controller.createQueuePair({ mode: 'await', depth: 2, timeoutMs: 1000 }),
      ),
    )
    const reads = queues.map((queue) =>
      codeOf(queue.read({ namespace, lba: 0, into: new Uint8Array(512) })),
    )
    await Promise.all(queues.map((queue) => queue.close()))
    expect(new Set(await Promise.all(reads))).toEqual(new Set(['ERR_ABORTED']))
  })

  test('closing the controller during I/O settles every promise', async () => {
    const controller = await openController(slow)
    const namespace = await controller.namespace(1)
    const queue = await controller.createQueuePair({ mode: 'await', depth: 4 })
    const buffer = await controller.allocate(64 * 512)
    const reads = Array.from({ length: 64 }, (_, i) =>
      codeOf(queue.read({ namespace, lba: i, into: buffer.view(i * 512, 512) })),
    )
    const group = codeOf(queue.readMany([{ namespace, lba: 0, into: new Uint8Array(4096) }]))
    await controller.close()
    const codes = new Set(await Promise.all([...reads, group]))
    expect(codes).toEqual(new Set(['fulfilled', 'ERR_ABORTED']))
    expect(await codeOf(queue.read({ namespace, lba: 0, into: buffer }))).toBe('ERR_CLOSED')
    expect(await codeOf(controller.allocate(4096))).toBe('ERR_CLOSED')
    expect(buffer.bytes).toHaveLength(0)
  })

  test('a command that is lost rejects with a dump; its memory outlives the queue', async () => {
    await using controller = await openController({
      emulator: { size: '64MiB', timing: { latencyNs: 1_000_000_000 } },
    })
    const namespace = await controller.namespace(1)
    const queue = await controller.createQueuePair({ mode: 'await', depth: 1, timeoutMs: 80 })
    let buffer: DmaDescriptor | undefined = await controller.allocate(4096)
    const read = queue.read({ namespace, lba: 0, into: buffer })
    const waiting = codeOf(queue.read({ namespace, lba: 1, into: buffer }))
    const error = await read.then(
      () => undefined,
      (reason: unknown) => reason as NvmError,
    )
    expect(error).toMatchObject({ code: 'ERR_TIMEOUT', queue: queue.id, command: { name: 'Read' } })
    expect(error?.dump).toContain('outstanding 1')
    expect(await waiting).toBe('ERR_TIMEOUT')
    buffer[Symbol.dispose]()
    buffer = undefined
    await queue.close()
  })

  test('a command that is overdue is aborted, and its id is used again', async () => {
    const bandwidth = 2 ** 17
    await using controller = await openController({
      emulator: { size: '64MiB', timing: { bandwidth } },
    })
    const namespace = await controller.namespace(1)
    const queue = await controller.createQueuePair({ mode: 'await', depth: 1, timeoutMs: 80 })
    const buffer = await controller.allocate(controller.info.transferBytesMax)
    const late = queue.read({ namespace, lba: 0, into: buffer })
    expect(await codeOf(late)).toBe('ERR_TIMEOUT')
    // Until the bandwidth of the aborted command is used up.
    await new Promise((resolve) => setTimeout(resolve, (buffer.byteLength / bandwidth) * 1000))
    const next = queue.read({ namespace, lba: 0, into: buffer.view(0, 512) })
    expect(await codeOf(next)).toBe('fulfilled')
  })

  test('a second reference keeps the controller open', async () => {
    const first = await openController({ emulator: { size: '64MiB' } })
    const second = await openController(first.ref())
    await first.close()
    const namespace = await second.namespace(1)
    expect(await namespace.read({ lba: 0, into: new Uint8Array(512) })).toHaveLength(512)
    await second.close()
    await second.close()
  })
})
