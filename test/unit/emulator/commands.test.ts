// SPDX-License-Identifier: MIT
// Commands of an emulated device that JavaScript executes.
import { type Controller, openController, type RawQueuePair, startEmulator } from 'peernvm'
import { describe, expect, test } from 'vitest'

describe('an added command', () => {
  test('fused read and write: W goes to one place, R comes from another', async () => {
    await using device = await startEmulator({ size: '1MiB' })
    device.onCommand(
      0x66,
      { name: 'Fused Read and Write', data: { blocks: 'cdw13' }, writes: true },
      async (command) => {
        await command.write(command.cdw10, command.data.subarray(0, (command.cdw12 + 1) * 512))
        await command.read(command.cdw14, command.data)
      },
    )
    await using controller = await openController(device.controller())
    const namespace = await controller.namespace(1)
    await namespace.write({ lba: 64, from: new Uint8Array(4096).fill(0x52) })
    await using buffer = await controller.allocate(4096)
    buffer.bytes?.fill(0x57)
    const status = await submit(controller, buffer.runs[0]?.ioAddress ?? 0, 0x66, [8, 0, 7, 7, 64])
    expect(status).toBe(0)
    expect(buffer.bytes).toEqual(new Uint8Array(4096).fill(0x52))
    const written = new Uint8Array(4096)
    await namespace.read({ lba: 8, into: written })
    expect(written).toEqual(new Uint8Array(4096).fill(0x57))
  })

  test('answers with the status it returns, or Internal Error for what it throws', async () => {
    await using device = await startEmulator({ size: '1MiB' })
    device.onCommand(0x80, { name: 'Choosy' }, (command) => {
      if (command.cdw10 === 1) return 'invalid_field'
      if (command.cdw10 === 2) throw new Error('a bug of the handler')
      if (command.cdw10 === 3) return command.read(2 ** 40, new Uint8Array(512))
      return undefined
    })
    await using controller = await openController(device.controller())
    const statuses = []
    for (const cdw10 of [0, 1, 2, 3]) statuses.push(await submit(controller, 0, 0x80, [cdw10]))
    expect(statuses).toEqual([0x000, 0x002, 0x006, 0x080])
  })

  test.each([
    [{ dword: 5 }, 0x006],
    [{ status: 'success', Dword0: 5 }, 0x006],
    [{ dword0: '5' }, 0x006],
    [{ dword0: -1 }, 0x006],
    [{ dword0: 2 ** 32 }, 0x006],
    [5, 0x006],
    ['nope', 0x006],
    [{ dword0: 5 }, 0x000],
    [{}, 0x000],
  ])('the answer %j is status %i', async (answer, status) => {
    await using device = await startEmulator({ size: '1MiB' })
    device.onCommand(0x80, { name: 'Answer' }, () => answer as never)
    await using controller = await openController(device.controller())
    expect(await submit(controller, 0, 0x80, [])).toBe(status)
  })

  test('an opcode has one command', async () => {
    await using device = await startEmulator({ size: '1MiB' })
    device.onCommand(0x80, { name: 'First' }, () => undefined)
    const again = () => device.onCommand(0x80, { name: 'Second' }, () => undefined)
    expect(again).toThrow(expect.objectContaining({ code: 'ERR_ARGUMENT' }))
    const standard = () => device.onCommand(2, { name: 'Read' }, () => undefined)
    expect(standard).toThrow(/opcode 2 has a command already/)
  })
})

/** Submits an I/O command by hand; the status field without Do Not Retry and More. */
async function submit(
  controller: Controller,
  address: number,
  opcode: number,
  dwords: readonly number[],
): Promise<number> {
  await using queue: RawQueuePair = await controller.createQueuePair({ mode: 'raw', depth: 4 })
  const { sq, cq } = queue
  const first = sq.enqueue() * 16
  const { words } = sq
  const id = words[first] as number
  words.fill(0, first, first + 16)
  words[first] = id | opcode
  words[first + 1] = 1
  words[first + 6] = address % 2 ** 32
  words[first + 7] = Math.floor(address / 2 ** 32)
  dwords.forEach((dword, i) => {
    words[first + 10 + i] = dword
  })
  sq.submit()
  while (cq.poll() === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  cq.update()
  return ((cq.done[0] as number) >>> 16) & 0x7ff
}
