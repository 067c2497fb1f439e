// SPDX-License-Identifier: MIT
// Every code of the table is visited: provoked through the public API, or, where that takes
// hardware, by the native test that is named here.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { enumeratorName } from '../../scripts/generate/errors.ts'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { type ErrorCode, errorTable } from '../../src/error-table.ts'
import { NvmError } from '../../src/errors.ts'
import { openController } from '../../src/open.ts'
import { DeviceOfFiles, type DeviceShape, mayMountHere } from '../support/device-of-files.ts'
import { askOfNext } from '../support/failure.ts'
import { refusalOf } from '../support/misuse.ts'
import { runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'
import { skipVisibly } from '../support/skip.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder('codes')
afterAll(() => folder[Symbol.dispose]())

/** A native test that provokes it, and why only that can. */
interface NativeVisit {
  readonly file: string
  readonly why: string
}
type Visit = (() => Promise<unknown>) | NativeVisit

const small = { emulator: { size: '1MiB' } } as const

interface InProcess {
  /** Statements before the library is loaded. */
  readonly program?: string
  readonly target?: string
  readonly env?: Readonly<Record<string, string>>
  /** What runs Node. */
  readonly launcher?: readonly string[]
}

/** Opens a target in a process of its own, whose error is this function's. */
async function inProcess({ program = '', target, env = {}, launcher = [] }: InProcess) {
  const entry = join(root, 'dist', 'src', 'index.js')
  const text = `${program}
    const { openController } = await import(${JSON.stringify(entry)})
    await openController(${JSON.stringify(target)})
      .catch((error) => console.log(error.code, error.fix))`
  const node = [process.execPath, '--input-type=module', '-e', text]
  const [command = '', ...args] = [...launcher, ...node]
  const { stdout } = await runProgram(command, args, { env })
  const [code, ...fix] = stdout.trim().split(' ')
  throw new NvmError(code as ErrorCode, stdout, fix.join(' '))
}

/** Opens a PCI function that is made of files, by a process that may lock no memory. */
function onDeviceOfFiles(shape: DeviceShape) {
  const device = new DeviceOfFiles(folder.path, shape)
  return inProcess({ target: device.address, launcher: device.launcher })
}

const visits: Record<ErrorCode, Visit> = {
  ERR_NVME_STATUS: async () => {
    await using controller = await openController(small)
    await controller.admin.submit({ opcode: 0xff })
  },
  ERR_TIMEOUT: async () => {
    await using device = await startEmulator(small.emulator)
    await using controller = await openController(device.controller())
    device.inject({ on: { queues: 'admin', opcode: 0xc0 }, drop: true })
    await controller.admin.submit({ opcode: 0xc0 }, { timeoutMs: 10 })
  },
  ERR_CLOSED: async () => {
    const controller = await openController(small)
    await controller.close()
    await controller.allocate(4096)
  },
  ERR_ARGUMENT: () => openController(5 as never),
  ERR_RANGE: async () => {
    await using controller = await openController(small)
    await controller.allocate(0)
  },
  ERR_ALIGNMENT: async () => {
    await using controller = await openController(small)
    await controller.map(new Uint8Array(4095))
  },
  ERR_QUEUE_FULL: async () => {
    await using controller = await openController(small)
    using memory = await controller.allocate(4096)
    await controller.namespace(1)
    await using queue = await controller.createQueuePair({ mode: 'raw', depth: 1 })
    queue.sq.enqueue()
    queue.sq.read(queue.sq.enqueue(), 1, 0, 1, memory, 0)
  },
  ERR_QUEUE_MODE: async () => {
    await using controller = await openController(small)
    await using queue = await controller.createQueuePair({ mode: 'raw' })
    Reflect.get(queue, 'read')
  },
  ERR_BUSY: async () => {
    await using device = await startEmulator({ size: '1MiB' })
    await using _controller = await openController(device.controller())
    await device.serve({ vfioUser: folder.path })
  },
  ERR_MANAGER_GONE: async () => {
    await using manager = await openController(small)
    const server = await manager.serve({ path: join(folder.path, 'nvm') })
    const client = await openController(server.path)
    await server.close()
    await client.allocate(4096)
  },
  ERR_DATA_LOST: async () => {
    const manager = await openController(small)
    const { path } = await manager.serve({ path: join(folder.path, 'nvm') })
    const client = await openController(path, { reconnect: true })
    await manager.close()
    await using next = await openController(small)
    await next.serve({ path })
    await askOfNext(() => client.allocate(4096))
  },
  ERR_REFUSED: async () => {
    await using manager = await openController(small)
    await using server = await manager.serve({ path: join(folder.path, 'nvm') })
    await using client = await openController(server.path)
    await client.reset()
  },
  ERR_TARGET: () => openController('no-such-file'),
  ERR_PERMISSION: async () => {
    const locked = join(folder.path, 'locked')
    mkdirSync(locked, { mode: 0 })
    const user = process.geteuid?.() as number
    if (user === 0) process.seteuid?.(65534)
    try {
      return await openController(join(locked, 'disk.img'))
    } finally {
      process.seteuid?.(user)
    }
  },
  ERR_NO_ADMIN: async () => {
    await using controller = await openController(small, { role: 'reference' })
    await controller.admin.identifyController()
  },
  ERR_CONTROLLER_FATAL: async () => {
    await using device = await startEmulator({ size: '1MiB' })
    await using controller = await openController(device.controller(), { timeoutMs: 100 })
    device.inject({ on: { queues: 'admin' }, controller: 'fatal', times: 1 })
    await controller.admin.identifyController()
  },
  ERR_CONTROLLER_GONE: async () => {
    await using device = await startEmulator({ size: '1MiB' })
    await using controller = await openController(device.controller(), { timeoutMs: 100 })
    device.inject({ on: { queues: 'admin' }, controller: 'remove' })
    await controller.admin.identifyController().catch(() => {})
    await controller.reset()
  },
  ERR_MEMORY: () => startEmulator({ size: 2 ** 50 }),
  ERR_MEMLOCK: () => onDeviceOfFiles({}),
  ERR_IOMMU: () => onDeviceOfFiles({ iommuType: 'DMA' }),
  ERR_DRIVER: () => onDeviceOfFiles({ driver: 'nvme' }),
  ERR_NAMESPACE: async () => {
    await using controller = await openController(small)
    await controller.namespace(9)
  },
  ERR_IMAGE: () => openController({ emulator: { image: join(folder.path, 'none.img') } }),
  ERR_OS: async () => {
    await using device = await startEmulator({ size: '1MiB' })
    await device.serve({ vfioUser: join(import.meta.filename, 'below') })
  },
  ERR_UNSUPPORTED: async () => {
    const emulator = { size: '1MiB', metadataSize: 8, extendedBlocks: true } as const
    await using controller = await openController({ emulator })
    await controller.namespace(1)
  },
  ERR_NO_QUEUES: async () => {
    await using controller = await openController({
      emulator: { size: '1MiB', limits: { queuePairs: 1 } },
    })
    await controller.createQueuePair({ mode: 'raw' })
    await controller.createQueuePair({ mode: 'raw' })
  },
  ERR_ADDON: () => inProcess({ env: { PEERNVM_ADDON: join(folder.path, 'none.node') } }),
  ERR_PLATFORM: () =>
    inProcess({ program: `Object.defineProperty(process, 'arch', { value: 'arm64' })` }),
  ERR_ABORTED: async () => {
    const emulator = { size: '1MiB', timing: { latencyNs: 1e12 } }
    await using controller = await openController({ emulator })
    const namespace = await controller.namespace(1)
    const queue = await controller.createQueuePair({ mode: 'await', timeoutMs: 1000 })
    const read = queue.read({ namespace, lba: 0, into: new Uint8Array(512) })
    await Promise.all([read, queue.close()])
  },
  ERR_QUEUE_LOST: async () => {
    await using controller = await openController(small)
    const namespace = await controller.namespace(1)
    using memory = await controller.allocate(4096)
    await using queue = await controller.createQueuePair({ mode: 'raw' })
    await controller.reset()
    queue.batch({ namespace, memory, capacity: 1 }).exchange(0, 0, 0)
  },
  ERR_CONTROLLER_DISABLED: {
    file: 'test/native/driver/recovery_test.cc',
    why: 'another program that writes the registers of the same device',
  },
  ERR_STATE: () => startEmulator({ load: new Uint8Array(100) }),
}

const codes = Object.keys(errorTable) as ErrorCode[]
/** Need a device in sysfs. */
const ofFiles: readonly ErrorCode[] = ['ERR_MEMLOCK', 'ERR_IOMMU', 'ERR_DRIVER']
const isNative = (code: ErrorCode): boolean => typeof visits[code] !== 'function'

describe('every code of the table', () => {
  test.for(codes.filter((code) => !isNative(code)))('%s is provoked', async (code, context) => {
    if (ofFiles.includes(code) && !mayMountHere()) {
      skipVisibly(context, 'no user namespaces', 'sysctl kernel.unprivileged_userns_clone=1')
    }
    expect(await refusalOf(visits[code] as () => unknown)).toBe(code)
  })

  test.each(codes.filter(isNative))('%s is provoked by a native test', (code) => {
    const { file } = visits[code] as NativeVisit
    const text = readFileSync(join(root, file), 'utf8')
    expect(text).toMatch(new RegExp(`ErrorCode::${enumeratorName(code)}\\b`))
  })
})
