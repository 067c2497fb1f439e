// SPDX-License-Identifier: MIT
// `peernvm serve`: its options, and the device that they describe.

import type { EmulatorOptions, TimingModelName } from '../emulator/options.ts'
import { count, defineCommand, exitCodes, type Given, text, UsageError } from './command.ts'

const size = text

const options = {
  'vfio-user': {
    type: 'string',
    completes: 'folders',
    requiresArg: true,
    demandOption: true,
    describe: 'folder of the socket `cntrl`; with several controllers, of folders 0, 1, …',
  },
  doorbells: {
    choices: ['trap', 'poll'],
    default: 'trap',
    describe: 'trap: a message for each ring; poll: a mapped page, and a CPU that looks at it',
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
  'block-size': { choices: [512, 4096], default: 512, describe: 'data bytes of a block' },
  'metadata-size': { choices: [0, 8], default: 0, describe: 'metadata bytes of a block' },
  'extended-blocks': { type: 'boolean', default: false, describe: 'metadata follows the data' },
  protection: { choices: [0, 1], default: 0, describe: 'type of end-to-end protection' },
  'read-only': { type: 'boolean', default: false, describe: 'namespaces are write protected' },
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

const image = {
  type: 'string',
  completes: 'files',
  describe: 'raw image file; without one the blocks live in memory',
} as const

type Served = Given<{ image: typeof image }, typeof options>

export const serveCommand = defineCommand({
  name: 'serve',
  describe: 'Serve an emulated NVMe device to other programs',
  positionals: { image },
  options,
  examples: [
    ['serve disk.img --vfio-user /run/nvme0', 'an image'],
    ['serve --size 4GiB --controllers 2 --vfio-user /run/nvme', 'two hosts, one disk'],
  ],
  notes: [
    'It prints with which arguments QEMU 10.1 or later uses the device, and runs until SIGINT or',
    'SIGTERM.',
  ],
  fixes: {
    ERR_ARGUMENT: 'peernvm serve --help says what each option takes.',
    ERR_BUSY: 'End the program that has the image; one serves it at a time.',
    ERR_IMAGE:
      'Give a file whose size is a multiple of --block-size, or --size, with which it is made.',
  },
  check: ({ timing, latencyNs, bandwidth }) => {
    if (timing === undefined || (latencyNs === undefined && bandwidth === undefined)) return
    throw new UsageError(
      '--timing says how long commands take; leave out --latency-ns, --bandwidth',
    )
  },
  run: async (served) => {
    const { serve } = await import('./serve.ts')
    const { vfioUser, doorbells } = served
    await serve(toEmulatorOptions(served), { vfioUser, doorbells })
    return exitCodes.ok
  },
})

/** The device that was asked for. */
function toEmulatorOptions(served: Served): EmulatorOptions {
  const format = {
    blockSize: served.blockSize as 512 | 4096,
    metadataSize: served.metadataSize as 0 | 8,
    extendedBlocks: served.extendedBlocks,
    protection: served.protection as 0 | 1,
  }
  return {
    ...format,
    ...given({ image: served.image, size: served.size, capacity: served.capacity }),
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
