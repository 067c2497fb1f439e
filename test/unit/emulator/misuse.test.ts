// SPDX-License-Identifier: MIT
// Every function of an emulated device called wrongly: always an NvmError that says what to do.
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ReceivedCommand } from '../../../src/emulator/commands.ts'
import { type Emulator, startEmulator } from '../../../src/emulator/emulator.ts'
import { openController } from '../../../src/open.ts'
import {
  notABoolean,
  notACount,
  notAFunction,
  notAnInteger,
  notAnObject,
  notBytes,
  notRefused,
  notText,
  refusalOf,
} from '../../support/misuse.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const small = { size: '1MiB' } as const

describe('startEmulator refuses', () => {
  const start = (name: string, group?: string) => (value: unknown) =>
    startEmulator(
      (group === undefined ? { [name]: value } : { [group]: { [name]: value } }) as never,
    )

  test('what is no description', async () => {
    expect(await notRefused(notAnObject, (options) => startEmulator(options))).toEqual([])
  })

  test.each([
    ['size', [...notAnObject, 0, 1.5, '4MB', 2 ** 60]],
    ['capacity', [...notAnObject, 0, 1.5]],
    ['blockSize', [...notACount, 0, 513]],
    ['metadataSize', [...notACount, 3]],
    ['protection', [...notACount, 4]],
    ['extendedBlocks', notABoolean],
    ['readOnly', notABoolean],
    ['image', notText],
    ['namespaces', [null, 5, 'x', {}, ...notAnObject.map((each) => [each])]],
    ['timing', notAnObject],
    ['identity', notAnObject],
    ['limits', notAnObject],
    ['model', [...notText, 'optane']],
  ])('%s of another kind', async (name, values) => {
    expect(await notRefused(values, start(name))).toEqual([])
  })

  test('what no device was saved as', async () => {
    expect(await notRefused(notBytes, start('load'), /^ERR_ARGUMENT$/)).toEqual([])
    const torn = [new Uint8Array(0), new Uint8Array(100)]
    expect(await notRefused(torn, start('load'), /^ERR_STATE$/)).toEqual([])
  })

  test.each([
    [undefined, 'controllers', [0, 65]],
    ['limits', 'queuePairs', [0, 512]],
    ['limits', 'queueEntries', [0, 1, 65_537]],
    ['limits', 'mdts', [17, 100]],
    ['limits', 'namespaces', [0, 1025]],
  ])('%s.%s that are no number, or beyond their limits', async (group, name, beyond) => {
    expect(await notRefused(notAnInteger, start(name, group), /^ERR_ARGUMENT$/)).toEqual([])
    const outside = [-1, 2 ** 53, ...beyond]
    expect(await notRefused(outside, start(name, group), /^ERR_RANGE$/)).toEqual([])
  })

  test.each([
    ['timing', 'latencyNs', notACount.filter((value) => value !== 1.5)],
    ['timing', 'bandwidth', notACount.filter((value) => value !== 1.5)],
    ['identity', 'serial', [...notText, 'x'.repeat(21)]],
    ['identity', 'model', [...notText, 'x'.repeat(41)]],
    ['identity', 'firmware', [...notText, 'x'.repeat(9)]],
  ])('%s.%s of another kind', async (group, name, values) => {
    expect(await notRefused(values, start(name, group))).toEqual([])
  })
})

/** Injects a fault that is made of a value, and takes it back. */
const injection = (device: Emulator) => (fault: (value: unknown) => object) => (value: unknown) => {
  const injected = device.inject({ drop: true, ...fault(value) } as never)
  injected.remove()
  return injected.id
}

describe('an emulator refuses', () => {
  test('controllers and namespaces that are none', async () => {
    await using device = await startEmulator(small)
    expect(await notRefused([...notACount, 1], (index) => device.controller(index))).toEqual([])
    const ids = [undefined, ...notACount, 0, 9, 2 ** 32]
    expect(await notRefused(ids, (id) => device.removeNamespace(id))).toEqual([])
    const add = (options: never) => device.addNamespace(options)
    expect(await notRefused([undefined, ...notAnObject, { Size: 1 }], add)).toEqual([])
    const save = (options: never) => device.save(options)
    expect(await notRefused([...notAnObject, { timeout: 1 }, { timeoutMs: '5' }], save)).toEqual([])
  })

  test('to be served in no folder', async () => {
    using folder = temporaryFolder('misuse')
    await using device = await startEmulator(small)
    const serve = (options: never) => device.serve(options)
    expect(await notRefused([undefined, ...notAnObject, {}], serve)).toEqual([])
    const odd = (name: string) => (value: unknown) =>
      device.serve({ vfioUser: folder.path, [name]: value } as never)
    expect(await notRefused([undefined, ...notText], odd('vfioUser'))).toEqual([])
    expect(await notRefused([...notACount, 1], odd('controller'))).toEqual([])
    expect(await notRefused([...notText, 'Poll'], odd('doorbells'))).toEqual([])
    const belowAFile = join(import.meta.filename, 'below')
    expect(await refusalOf(() => odd('vfioUser')(belowAFile))).toBe('ERR_OS')
    expect(await refusalOf(() => odd('vfioUser')(''))).toBe('ERR_OS')
    expect(await refusalOf(() => odd('vfioUser')(join(folder.path, 'x'.repeat(120))))).toBe(
      'ERR_ARGUMENT',
    )
  })

  test('faults that are none', async () => {
    await using device = await startEmulator(small)
    expect(await notRefused([undefined, ...notAnObject, {}], (f) => device.inject(f))).toEqual([])
    const odd = injection(device)
    const counts: ((value: unknown) => object)[] = [
      (delayNs) => ({ delayNs }),
      (times) => ({ times }),
      (controller) => ({ on: { controller } }),
      (queue) => ({ on: { queue } }),
      (opcode) => ({ on: { queues: 'io', opcode } }),
      (namespace) => ({ on: { namespace } }),
      (nth) => ({ on: { nth } }),
      (every) => ({ on: { every } }),
      (seed) => ({ on: { probability: 0.5, seed } }),
      (lba) => ({ on: { lbas: { lba, blockCount: 1 } } }),
      (blockCount) => ({ on: { lbas: { lba: 0, blockCount } } }),
      (blocks) => ({ torn: { blocks } }),
      (bytes) => ({ torn: { bytes } }),
      (offset) => ({ corrupt: { data: 'stored', offset } }),
      (mask) => ({ corrupt: { data: 'stored', mask } }),
    ]
    for (const fault of counts) expect(await notRefused(notACount, odd(fault))).toEqual([])
  })

  test('faults with names that do not exist', async () => {
    await using device = await startEmulator(small)
    const odd = injection(device)
    const probabilities = [...notACount.filter((value) => value !== 1.5), 0, 1.5]
    const draw = (probability: unknown) => ({ on: { probability } })
    expect(await notRefused(probabilities, odd(draw))).toEqual([])
    expect(
      await notRefused(
        notABoolean,
        odd((drop) => ({ drop })),
      ),
    ).toEqual([])
    for (const name of ['on', 'torn', 'corrupt']) {
      expect(
        await notRefused(
          notAnObject,
          odd((value) => ({ [name]: value })),
        ),
      ).toEqual([])
    }
    const names = [...notText, 'toString']
    const misspelt = () => device.inject({ status: 'invalid_feild' as never })
    expect(misspelt).toThrow(/'invalid_feild'; the type StatusName .* docs\/fields\.md/)
    expect(
      await notRefused(
        names,
        odd((status) => ({ status })),
      ),
    ).toEqual([])
    expect(
      await notRefused(
        names,
        odd((completion) => ({ completion })),
      ),
    ).toEqual([])
    expect(
      await notRefused(
        names,
        odd((controller) => ({ controller })),
      ),
    ).toEqual([])
    expect(
      await notRefused(
        names,
        odd((queues) => ({ on: { queues } })),
      ),
    ).toEqual([])
    expect(
      await notRefused(
        names,
        odd((data) => ({ corrupt: { data } })),
      ),
    ).toEqual([])
  })

  test('commands that are none', async () => {
    await using device = await startEmulator(small)
    const add = (opcode: never) => device.onCommand(opcode, { name: 'x' }, () => {})
    expect(await notRefused([undefined, ...notACount, 256, 0, 1, 2], add)).toEqual([])
    const describeAs = (command: never) => device.onCommand(0x90, command, () => {})
    expect(
      await notRefused([undefined, ...notAnObject, {}, { name: 'x', y: 1 }], describeAs),
    ).toEqual([])
    const odd = (name: string) => (value: unknown) =>
      device.onCommand(0x90, { name: 'x', [name]: value } as never, () => {})
    expect(await notRefused(notText, odd('name'))).toEqual([])
    expect(await notRefused(notABoolean, odd('writes'))).toEqual([])
    expect(
      await notRefused([...notAnObject, {}, { bytes: 1, blocks: 'cdw12' }], odd('data')),
    ).toEqual([])
    const bytes = (value: unknown) => odd('data')({ bytes: value })
    expect(await notRefused([...notACount, 2 ** 27], bytes)).toEqual([])
    const blocks = (value: unknown) => odd('data')({ blocks: value })
    expect(await notRefused([...notText, 'cdw9', 1], blocks)).toEqual([])
    const handler = (value: never) => device.onCommand(0x90, { name: 'x' }, value)
    expect(await notRefused([undefined, ...notAFunction], handler)).toEqual([])
  })
})

describe('a command’s handler', () => {
  test('is told of odd ranges, of two at a time, and that its command has ended', async () => {
    await using device = await startEmulator(small)
    await using controller = await openController(device.controller())
    const opcode = 0x92
    let kept: ReceivedCommand | undefined
    const complaints: string[] = []
    device.onCommand(opcode, { name: 'misuse' }, async (command) => {
      kept = command
      const into = new Uint8Array(512)
      complaints.push(
        ...(await notRefused([undefined, ...notACount], (lba) => command.read(lba, into))),
        ...(await notRefused([undefined, ...notBytes], (bytes) => command.write(0, bytes))),
      )
      complaints.push(await refusalOf(() => command.read(0, new Uint8Array(100))))
      complaints.push(await refusalOf(() => command.read(1e6, into)))
      const first = command.read(0, into)
      complaints.push(await refusalOf(() => command.read(1, into)))
      await first
      void command.read(2, into) // not awaited: the answer waits for it
    })
    await using queue = await controller.createQueuePair({ mode: 'raw' })
    const namespace = await controller.namespace(1)
    using memory = await controller.allocate(4096)
    const batch = queue.batch({ namespace, memory, capacity: 1 })
    batch.commands.set([opcode, 0, 0, 0])
    batch.exchange(0, 1, 0)
    while (batch.reaped === 0) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      batch.exchange(0, 0, 0)
    }
    expect(batch.outcomes[1]).toBe(0)
    expect(complaints).toEqual(['ERR_ALIGNMENT', 'ERR_NVME_STATUS', 'ERR_ARGUMENT'])
    const late = kept as ReceivedCommand
    expect(await refusalOf(() => late.read(0, new Uint8Array(512)))).toBe('ERR_CLOSED')
    expect(await refusalOf(() => late.write(0, new Uint8Array(512)))).toBe('ERR_CLOSED')
    expect(late.data).toHaveLength(0)
  })
})

describe('after it was closed', () => {
  test('an emulator refuses everything', async () => {
    const device = await startEmulator(small)
    const fault = device.inject({ drop: true, on: { queues: 'io' } })
    await Promise.all([device.close(), device.close()])
    await device.close()
    const attempts = [
      () => device.stats(),
      () => device.inject({ drop: true }),
      () => fault.hits(),
      () => device.addNamespace({ size: 512 }),
      () => device.removeNamespace(1),
      () => device.onCommand(0x90, { name: 'x' }, () => {}),
      () => device.save(),
      () => device.serve({ vfioUser: '.' }),
      () => openController(device.controller()),
    ]
    expect(await Promise.all(attempts.map(refusalOf))).toEqual(attempts.map(() => 'ERR_CLOSED'))
    fault.remove()
  })

  test('a server may be closed again', async () => {
    using folder = temporaryFolder('misuse')
    await using device = await startEmulator(small)
    const server = await device.serve({ vfioUser: folder.path })
    await Promise.all([server.close(), server.close()])
    await server.close()
    await using again = await device.serve({ vfioUser: folder.path })
    expect(again.path).toBe(server.path)
  })
})
