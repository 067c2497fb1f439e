// SPDX-License-Identifier: MIT
// Every way in which a call of peernvm can fail: the one table behind NvmError, lib/spec/errors.h
// and docs/errors.md. `number` is the native value and never changes its meaning (23 had one once);
// `errno` is what the C API returns; in `message` and `fix`, {detail} is replaced by what varies.

export interface ErrorRow {
  readonly number: number
  readonly errno: string
  readonly message: string
  readonly fix: string
}

export const errorTable = {
  ERR_NVME_STATUS: {
    number: 1,
    errno: 'EIO',
    message: 'The controller completed the command with an error: {detail}',
    fix: 'Look at error.status for the status code, and at error.command for what was sent.',
  },
  ERR_TIMEOUT: {
    number: 2,
    errno: 'ETIME',
    message: 'No completion came in time: {detail}',
    fix: 'error.dump shows the registers and the last commands. Raise the timeout, or reset the controller.',
  },
  ERR_CLOSED: {
    number: 3,
    errno: 'EBADF',
    message: 'It is closed: {detail}',
    fix: 'Open it again; nothing that was closed or disposed can be used.',
  },
  ERR_ARGUMENT: {
    number: 4,
    errno: 'EINVAL',
    message: 'Wrong argument: {detail}',
    fix: 'Correct the argument that the message names.',
  },
  ERR_RANGE: {
    number: 5,
    errno: 'EINVAL',
    message: 'Out of range: {detail}',
    fix: 'Stay within the limit that the message names.',
  },
  ERR_ALIGNMENT: {
    number: 6,
    errno: 'EINVAL',
    message: 'Not aligned: {detail}',
    fix: 'Use controller.allocate(), whose memory is aligned, or align address and length as the message says.',
  },
  ERR_QUEUE_FULL: {
    number: 7,
    errno: 'EAGAIN',
    message: 'The queue is full, so enqueue() gave −1 for a slot: {detail}',
    fix: 'Look at what enqueue() returns; consume completions first, or create a deeper queue.',
  },
  ERR_QUEUE_MODE: {
    number: 8,
    errno: 'EPERM',
    message: 'The queue was created for another way of working: {detail}',
    fix: 'Create one queue pair per way: { mode: "raw" } for sq/cq, { mode: "await" } for promises.',
  },
  ERR_BUSY: {
    number: 9,
    errno: 'EBUSY',
    message: 'It is in use: {detail}',
    fix: 'Close it there, or share it: `controller.serve()` and `peernvm serve --socket` let several processes use one controller.',
  },
  ERR_TARGET: {
    number: 10,
    errno: 'ENODEV',
    message: 'The target cannot be opened: {detail}',
    fix: 'Give an image file, a PCI address such as 0000:05:00.0, the socket of a process that serves a controller, or nothing for an emulator in memory.',
  },
  ERR_PERMISSION: {
    number: 11,
    errno: 'EACCES',
    message: 'Permission denied: {detail}',
    fix: 'Run as a user who may open it, or change its permissions.',
  },
  ERR_NO_ADMIN: {
    number: 12,
    errno: 'EPERM',
    message: 'This reference does not own the admin queues: {detail}',
    fix: 'Call claimAdmin() first, or open with { role: "manager" }. Claiming resets the controller.',
  },
  ERR_CONTROLLER_FATAL: {
    number: 13,
    errno: 'EIO',
    message: 'The controller reports a fatal status (CSTS.CFS): {detail}',
    fix: 'Close the reference and open the controller again, which resets it.',
  },
  ERR_CONTROLLER_GONE: {
    number: 14,
    errno: 'ENODEV',
    message: 'The controller does not answer; its registers read as all ones: {detail}',
    fix: 'Check that the device is powered and present (lspci), or that the process which serves it runs; then open it again. With { reconnect: true } a vfio-user socket is opened again by itself.',
  },
  ERR_MEMORY: {
    number: 15,
    errno: 'ENOMEM',
    message: 'Memory could not be had: {detail}',
    fix: 'Ask for less, or raise the limit that the message names.',
  },
  ERR_MEMLOCK: {
    number: 16,
    errno: 'EPERM',
    message: 'Memory could not be locked for DMA: {detail}',
    fix: 'Raise the limit: ulimit -l unlimited (or LimitMEMLOCK=infinity for a service).',
  },
  ERR_IOMMU: {
    number: 17,
    errno: 'EPERM',
    message:
      'An IOMMU translates for this device, so physical addresses mean nothing to it: {detail}',
    fix: 'Bind it to vfio-pci (echo vfio-pci > driver_override, then drivers_probe) and open it again.',
  },
  ERR_DRIVER: {
    number: 18,
    errno: 'EBUSY',
    message: 'Another driver holds the device: {detail}',
    fix: 'Unbind it: echo ADDRESS > /sys/bus/pci/devices/ADDRESS/driver/unbind. Unmount its file systems first.',
  },
  ERR_NAMESPACE: {
    number: 19,
    errno: 'ENXIO',
    message: 'There is no such namespace: {detail}',
    fix: 'Use a namespace id that identify lists; they start at 1.',
  },
  ERR_IMAGE: {
    number: 20,
    errno: 'EINVAL',
    message: 'The image file cannot be used: {detail}',
    fix: 'Give a regular file whose size is a multiple of the block size, or a size to create it with.',
  },
  ERR_OS: {
    number: 21,
    errno: 'EIO',
    message: 'The operating system refused: {detail}',
    fix: 'The message names the call and its errno.',
  },
  ERR_UNSUPPORTED: {
    number: 22,
    errno: 'ENOTSUP',
    message: 'Not supported here: {detail}',
    fix: 'Use what the message offers instead.',
  },
  ERR_NO_QUEUES: {
    number: 24,
    errno: 'ENOSPC',
    message: 'The controller has no queue pair left: {detail}',
    fix: 'Close a queue pair, or share one.',
  },
  ERR_ADDON: {
    number: 25,
    errno: 'ENOENT',
    message: 'The native part of peernvm is not there: {detail}',
    fix: 'Build it: npx peernvm build (needs g++ and cmake: apt-get install g++ cmake).',
  },
  ERR_PLATFORM: {
    number: 26,
    errno: 'ENOSYS',
    message: 'peernvm runs on Linux x86-64 with glibc only: {detail}',
    fix: 'Use such a machine.',
  },
  ERR_ABORTED: {
    number: 27,
    errno: 'ECANCELED',
    message: 'The command did not run to its end: {detail}',
    fix: 'The queue or the controller was closed, or the program gave up; open it again and repeat the command.',
  },
  ERR_QUEUE_LOST: {
    number: 28,
    errno: 'ECONNRESET',
    message: 'The queue was deleted under the command to recover from a failure: {detail}',
    fix: 'Repeat the command, which may or may not have been executed. A queue with promises was created again; a raw one must be closed.',
  },
  ERR_CONTROLLER_DISABLED: {
    number: 29,
    errno: 'ECONNRESET',
    message: 'Somebody else disabled the controller under its queues: {detail}',
    fix: 'Find the program that resets it; share the controller instead (role "reference", controller.ref()).',
  },
  ERR_STATE: {
    number: 30,
    errno: 'EINVAL',
    message: 'The saved state of the emulator cannot be used: {detail}',
    fix: 'Give it whole and unchanged, as this or an older version saved it. Without its .peernvm file an image is opened as a plain one.',
  },
  ERR_MANAGER_GONE: {
    number: 32,
    errno: 'EPIPE',
    message: 'The process that manages the controller has gone: {detail}',
    fix: 'Start it again, then open its socket again; with { reconnect: true } a client goes on by itself.',
  },
  ERR_DATA_LOST: {
    number: 33,
    errno: 'ENODATA',
    message: 'The blocks are not there any more: {detail}',
    fix: 'They ended with the process that had them in memory, or their image was replaced. Open the socket again to use what is served now; serve an image to keep blocks, or load what was saved.',
  },
  ERR_REFUSED: {
    number: 31,
    errno: 'EPERM',
    message: 'The process that manages the controller refuses this: {detail}',
    fix: 'Ask for less, or let whoever serves the controller allow it in its policy.',
  },
} as const satisfies Record<string, ErrorRow>

/**
 * The codes of NvmError: docs/errors.md says of each what to do.
 * @category Errors
 */
export type ErrorCode = keyof typeof errorTable
