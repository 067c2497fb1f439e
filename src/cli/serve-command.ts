// SPDX-License-Identifier: MIT
// `peernvm serve`: its options, and the device that they describe.

import { existsSync, statSync } from 'node:fs'
import type { EmulatorOptions, TimingModelName } from '../emulator/options.ts'
import type { SharingOptions, SharingPolicy } from '../rpc/server.ts'
import { count, defineCommand, exitCodes, type Given, text, UsageError } from './command.ts'

const size = text

const options = {
  socket: {
    type: 'string',
    completes: 'files',
    requiresArg: true,
    describe: 'for programs that use peernvm: the socket that they open',
  },
  state: {
    type: 'string',
    completes: 'files',
    requiresArg: true,
    describe:
      'of --socket: where a device of at most 2 GiB, or over an image, is saved at the end, and goes on from',
  },
  'vfio-user': {
    type: 'string',
    completes: 'folders',
    requiresArg: true,
    describe:
      'as a PCI device: folder of the socket `cntrl`; with several controllers, of folders 0, 1, …',
  },
  clients: { ...count, describe: 'clients of --socket at once; 64 by default' },
  'client-queue-pairs': {
    ...count,
    describe: 'I/O queue pairs of a client at most; 16 by default',
  },
  'client-memory': { ...size, describe: 'of a client that the device reaches; 1GiB by default' },
  'client-namespaces': { ...text, describe: 'that clients may use, such as 1,3; all by default' },
  'client-opcodes': {
    ...text,
    describe: 'that clients may send, such as read,flush; all by default',
  },
  'clients-read-only': { type: 'boolean', default: false, describe: 'clients may not write' },
  'clients-administer': {
    type: 'boolean',
    default: false,
    describe: 'clients may change what others see: features, formats, namespaces',
  },
  doorbells: {
    choices: ['trap', 'poll'],
    default: 'trap',
    describe:
      'of --vfio-user. trap: a message for each ring; poll: a mapped page, and a CPU that looks at it',
  },
  controllers: { ...count, default: 1, describe: 'controllers over the same namespaces' },
  size: { ...size, describe: 'of namespace 1, such as 4GiB; an image that is missing is made' },
  namespace: {
    ...size,
    array: true,
    nargs: 1,
    default: [],
    describe: 'size of a further namespace; may be repeated',
  },
  capacity: { ...size, describe: 'that namespaces may have in all, made by hosts too' },
  'block-size': { choices: [512, 4096], describe: 'data bytes of a block; 512 by default' },
  'metadata-size': { choices: [0, 8], describe: 'metadata bytes of a block; 0 by default' },
  'extended-blocks': { type: 'boolean', describe: 'metadata follows the data' },
  protection: { choices: [0, 1], describe: 'type of end-to-end protection; 0 by default' },
  'read-only': { type: 'boolean', default: false, describe: 'of an image: it is write protected' },
  'latency-ns': { ...count, describe: 'how long a command takes at least' },
  bandwidth: { ...count, describe: 'bytes per second at most' },
  timing: { choices: ['p4800x', '970pro'], describe: 'instead: as long as on a known drive' },
  serial: { ...text, describe: 'serial number; made of the image by default' },
  model: { ...text, describe: 'model number' },
  firmware: { ...text, describe: 'firmware revision' },
  'queue-pairs': { ...count, describe: 'I/O queue pairs of a controller at most' },
  'queue-entries': { ...count, describe: 'entries of a queue at most' },
  mdts: { ...count, describe: 'transfers of 2^mdts pages of 4 KiB at most; 0: no limit' },
  'namespaces-max': { ...count, describe: 'namespaces at most' },
} as const

/** Those that are not about an emulated controller. */
const sharingOptions: readonly string[] = [
  'socket',
  'clients',
  'client-queue-pairs',
  'client-memory',
  'clients-administer',
] satisfies (keyof typeof options)[]

const target = {
  type: 'string',
  completes: 'files',
  describe:
    'raw image file, PCI address of a drive, or vfio-user socket; without one the blocks live in memory',
} as const

type Served = Given<{ target: typeof target }, typeof options>

export const serveCommand = defineCommand({
  name: 'serve',
  describe: 'Serve an emulated controller, or another device, to other programs',
  positionals: { target },
  options,
  examples: [
    ['serve disk.img --socket /run/nvme0', 'programs open /run/nvme0 and share one controller'],
    ['serve disk.img --socket /run/nvme0 --clients-read-only', 'programs that only read'],
    ['serve 0000:05:00.0 --socket /run/nvme0', 'programs share a drive'],
    ['serve vfio-user:/run/spdk --socket /run/nvme0', 'programs share what one may open'],
    ['serve --size 1GiB --state nvme0.state --socket /run/nvme0', 'blocks that outlive a manager'],
    ['serve disk.img --vfio-user /run/vfu0', 'a PCI device for QEMU or SPDK'],
    ['serve --size 4GiB --controllers 2 --vfio-user /run/vfu', 'two hosts, one disk'],
  ],
  notes: [
    'It says how the device is used, and runs until SIGINT, SIGTERM or SIGHUP. With `--socket` any number of',
    'processes of the same user open the socket as their target; `peernvm status` shows them. An emulator',
    'checks for each command what its client may do. A drive does not, nor does a vfio-user server: clients of one',
    'are programs that are trusted ([limits](limits.md#not-there-yet)). It is opened as by every other command, a',
    'drive when no driver of the kernel has it, and reset. When a vfio-user server ends, so does `serve`.',
    'Sizes and formats that are given for an image that has been used must be those that it has. What goes on from',
    '`--state` is what it was: of its description only --read-only, --latency-ns, --bandwidth and --timing count.',
    'It is true once: while the device is served it is `FILE.before`, which goes when the device has been saved at',
    'the end; further signals do not interrupt that. After a crash the next device begins anew. `FILE.before` is',
    'then what the last one began with, kept until a saved state takes its place. Who renames it to `FILE` goes on',
    'from there, without what was written since; clients that are open would not notice, so close them before.',
  ],
  fixes: {
    ERR_ARGUMENT: 'peernvm serve --help says what each option takes.',
    ERR_BUSY:
      'End the program that has it: an image, a device and a socket are served by one at a time.',
    ERR_IMAGE:
      'Give a file whose size is a multiple of --block-size, or --size, with which it is made.',
  },
  check: (given) => {
    const { timing, latencyNs, bandwidth, socket, vfioUser, controllers } = given
    parseNamespaces(given.clientNamespaces)
    if (timing !== undefined && (latencyNs !== undefined || bandwidth !== undefined)) {
      throw new UsageError(
        '--timing says how long commands take; leave out --latency-ns, --bandwidth',
      )
    }
    if ((socket === undefined) === (vfioUser === undefined)) {
      throw new UsageError('serve takes either --socket or --vfio-user')
    }
    const device = kindOf(given.target)
    if (device !== undefined) checkDevice(given, device)
    if (vfioUser !== undefined && given.state !== undefined) {
      throw new UsageError('--state is for --socket, whose clients go on with the next manager')
    }
    if (socket !== undefined && controllers !== 1) {
      throw new UsageError('--socket shares one controller; leave out --controllers')
    }
  },
  run: async (served) => {
    const { checkValues } = await import('./serve-values.ts')
    checkValues(served)
    if (served.socket !== undefined) {
      const { share } = await import('./share.ts')
      const { target: device, state } = served
      const shared =
        device !== undefined && kindOf(device) !== undefined
          ? { device }
          : { emulator: toEmulatorOptions(served), state }
      await share(shared, toSharingOptions(served, served.socket))
    } else {
      const { serve } = await import('./serve.ts')
      const { vfioUser = '', doorbells } = served
      await serve(toEmulatorOptions(served), { vfioUser, doorbells })
    }
    return exitCodes.ok
  },
})

/** What it is, unless it describes an emulator. */
function kindOf(given = ''): string | undefined {
  if (/^(pci:|\/sys\/|([0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$)/i.test(given))
    return 'a drive'
  const file = existsSync(given) ? statSync(given) : undefined
  const serves = given.startsWith('vfio-user:') || file?.isSocket() || file?.isDirectory()
  return serves ? 'a vfio-user device' : undefined
}

/** Before the device is opened, which resets it. */
function checkDevice(served: Served, kind: string): void {
  for (const [name, option] of Object.entries(options)) {
    const value = served[name]
    const isGiven = Array.isArray(value) ? value.length > 0 : value !== defaultOf(option)
    if (!isGiven || sharingOptions.includes(name)) continue
    throw new UsageError(
      name.startsWith('client')
        ? `${kind} does not look at what clients' commands do; leave out --${name}`
        : `--${name} is about an emulated controller; ${served.target} is ${kind}, for --socket`,
    )
  }
}

function defaultOf(option: object): unknown {
  return 'default' in option ? option.default : undefined
}

function parseNamespaces(list: string | undefined): number[] {
  if (list === undefined) return []
  const ids = list.split(',').map(Number)
  if (ids.every((id) => Number.isInteger(id) && id > 0)) return ids
  throw new UsageError(`--client-namespaces takes ids such as 1,3, not ${list}`)
}

function toSharingOptions(served: Served, path: string): SharingOptions {
  return {
    path,
    limits: given({
      clients: served.clients,
      queuePairs: served.clientQueuePairs,
      memory: served.clientMemory,
    }),
    policy: {
      ...given({ opcodes: served.clientOpcodes?.split(',') as SharingPolicy['opcodes'] }),
      readOnly: served.clientsReadOnly,
      namespaces: parseNamespaces(served.clientNamespaces),
      administers: served.clientsAdminister,
    },
  }
}

/** The device that was asked for. */
function toEmulatorOptions(served: Served): EmulatorOptions {
  const format = given({
    blockSize: served.blockSize as 512 | 4096 | undefined,
    metadataSize: served.metadataSize as 0 | 8 | undefined,
    extendedBlocks: served.extendedBlocks,
    protection: served.protection as 0 | 1 | undefined,
  })
  return {
    ...format,
    ...given({ image: served.target, size: served.size, capacity: served.capacity }),
    readOnly: served.readOnly,
    namespaces: served.namespace.map((each) => ({ ...format, size: each })),
    controllers: served.controllers,
    timing: given({ latencyNs: served.latencyNs, bandwidth: served.bandwidth }),
    ...given({ model: served.timing as TimingModelName | undefined }),
    identity: given({ serial: served.serial, model: served.model, firmware: served.firmware }),
    limits: given({
      queuePairs: served.queuePairs,
      queueEntries: served.queueEntries,
      mdts: served.mdts,
      namespaces: served.namespacesMax,
    }),
  }
}

/** Without what was left out. */
function given<T extends object>(values: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as never
}
