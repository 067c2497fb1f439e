// SPDX-License-Identifier: MIT
// Every way in which a call of peernvm can fail: the one table behind NvmError, lib/spec/errors.h
// and docs/errors.md. `number` is the native value and never changes its meaning (23 had one once);
// `errno` is what the C API returns; in `message` and `fix`, {detail} is replaced by what varies;
// `when` names the calls, and what becomes of memory and data; `inC` is what nvm_reason() says
// instead, where the words for TypeScript would mislead a C program.

export interface ErrorRow {
  readonly number: number
  readonly errno: string
  readonly message: string
  readonly when: string
  readonly fix: string
  readonly inC?: Readonly<Partial<Record<'message' | 'fix', string>>>
}

export const errorTable = {
  ERR_NVME_STATUS: {
    number: 1,
    errno: 'EIO',
    message: 'The controller completed the command with an error: {detail}',
    when: 'Any command that the controller refuses or fails at. A read may have filled part of its memory; of a failed write, blocks may be old or new.',
    fix: 'Look at error.status for the status code, and at error.command for what was sent.',
    inC: {
      fix: 'NVM_ERR_UNPACK_SCT() and NVM_ERR_UNPACK_SC() take the returned status apart; nvm_strerror() names it.',
    },
  },
  ERR_TIMEOUT: {
    number: 2,
    errno: 'ETIME',
    message: 'No completion came in time: {detail}',
    when: 'A command, a reset or the answer of another process takes longer than its timeout. Whether a command was executed is not known; memory that the device may still reach is kept.',
    fix: 'error.dump shows the registers and the last commands. Raise the timeout; where nothing answers any more, close the controller and open it again.',
    inC: {
      fix: 'The command may have been executed all the same. Where nothing answers any more, free the controller and open it again.',
    },
  },
  ERR_CLOSED: {
    number: 3,
    errno: 'EBADF',
    message: 'It is closed: {detail}',
    when: 'Any call on what was closed or disposed, or, in C, inherited by fork(). Nothing is sent.',
    fix: 'Open it again; nothing that was closed or disposed can be used.',
    inC: {
      fix: 'Open it again; nothing that was freed, or that a parent process opened, can be used.',
    },
  },
  ERR_ARGUMENT: {
    number: 4,
    errno: 'EINVAL',
    message: 'Wrong argument: {detail}',
    when: 'Any call with a value of the wrong kind, or an option that does not exist or fit. Nothing is sent or changed.',
    fix: 'Correct the argument that the message names.',
  },
  ERR_RANGE: {
    number: 5,
    errno: 'EINVAL',
    message: 'Out of range: {detail}',
    when: 'Any call with a number beyond its limits, or blocks or bytes beyond their end. Nothing is sent or changed.',
    fix: 'Stay within the limit that the message names.',
  },
  ERR_ALIGNMENT: {
    number: 6,
    errno: 'EINVAL',
    message: 'Not aligned: {detail}',
    when: 'map(), mapPeer(), reads and writes with memory that begins or ends where the device cannot, or that is no whole number of blocks. Nothing is sent.',
    fix: 'Use controller.allocate(), whose memory is aligned, or align address and length as the message says.',
    inC: {
      fix: 'Use nvm_dma_create(), whose memory is aligned, or align address and length as the message says.',
    },
  },
  ERR_QUEUE_FULL: {
    number: 7,
    errno: 'EAGAIN',
    message: 'The queue is full, so enqueue() gave −1 for a slot: {detail}',
    when: 'sq.read() and its like, given the −1 of a full raw queue. Nothing is sent. Queues with promises wait for room instead.',
    fix: 'Look at what enqueue() returns; consume completions first, or create a deeper queue.',
    inC: {
      message: 'The queue is full, so nvm_sq_enqueue() gave NULL for a slot: {detail}',
      fix: 'Look at what nvm_sq_enqueue() returns; consume completions first, or create a deeper queue.',
    },
  },
  ERR_QUEUE_MODE: {
    number: 8,
    errno: 'EPERM',
    message: 'The queue was created for another way of working: {detail}',
    when: 'A call for one way of working on a queue pair of the other. Nothing is sent.',
    fix: 'Create one queue pair per way: { mode: "raw" } for sq/cq, { mode: "await" } for promises.',
    inC: {
      fix: 'Create one queue pair per way of working.',
    },
  },
  ERR_BUSY: {
    number: 9,
    errno: 'EBUSY',
    message: 'It is in use: {detail}',
    when: 'Opening, claiming or serving what somebody else has, a manager with as many clients as it takes, a batch run while the queue has other commands, or in its own `onOutcome`. Nothing is changed.',
    fix: 'Close it there, or share it: `controller.serve()` and `peernvm serve --socket` let several processes use one controller. Of a queue: take what has completed first.',
    inC: {
      fix: 'Close it there, or share it: nvm_rpc_enable() and `peernvm serve --socket` let several processes use one controller. Of a queue or a vector: take another number.',
    },
  },
  ERR_TARGET: {
    number: 10,
    errno: 'ENODEV',
    message: 'The target cannot be opened: {detail}',
    when: 'Opening what is not there, or is nothing that can be opened. Nothing is changed.',
    fix: 'Give an image file, a PCI address such as 0000:05:00.0, the socket of a process that serves a controller, or nothing for an emulator in memory.',
    inC: {
      fix: 'nvm_ctrl_open() takes an image file, a PCI address such as 0000:05:00.0, the socket of a process that serves a controller, or NULL for an emulator in memory; nvm_ctrl_init() an open image, resource0 or connection to a vfio-user server.',
    },
  },
  ERR_PERMISSION: {
    number: 11,
    errno: 'EACCES',
    message: 'Permission denied: {detail}',
    when: 'Opening, serving, mapPeer() and writing files where the operating system forbids it. Nothing is changed.',
    fix: 'Run as a user who may open it, or change its permissions.',
  },
  ERR_NO_ADMIN: {
    number: 12,
    errno: 'EPERM',
    message: 'This reference does not own the admin queues: {detail}',
    when: 'Admin commands, resets and new queues on a reference that nobody has made a manager. Nothing is sent.',
    fix: 'Call claimAdmin() first, or open with { role: "manager" }. Claiming resets the controller.',
    inC: {
      fix: 'Only the manager can: the process whose nvm_aq_create() has reset the controller.',
    },
  },
  ERR_CONTROLLER_FATAL: {
    number: 13,
    errno: 'EIO',
    message: 'The controller reports a fatal status (CSTS.CFS): {detail}',
    when: 'Commands and resets once the controller has stopped by itself. A write under way may have been executed; memory is kept until a reset.',
    fix: 'Close the reference and open the controller again, which resets it.',
    inC: {
      fix: 'Let go of the admin queues with nvm_aq_destroy() and create them again, which resets the controller.',
    },
  },
  ERR_CONTROLLER_GONE: {
    number: 14,
    errno: 'ENODEV',
    message: 'The controller does not answer; its registers read as all ones: {detail}',
    when: 'Any call after a drive was removed, or its vfio-user server has ended. A write under way may have been executed; memory stays readable.',
    fix: 'Check that the device is powered and present (lspci), or that the process which serves it runs; then open it again. With { reconnect: true } a vfio-user socket is opened again by itself.',
    inC: {
      fix: 'Check that the device is powered and present (lspci), or that the process which serves it runs; then open it again.',
    },
  },
  ERR_MEMORY: {
    number: 15,
    errno: 'ENOMEM',
    message: 'Memory could not be had: {detail}',
    when: 'Opening, allocate(), map() and new queues, for want of memory, address space or I/O addresses. What there is goes on.',
    fix: 'Ask for less, or raise the limit that the message names.',
  },
  ERR_MEMLOCK: {
    number: 16,
    errno: 'EPERM',
    message: 'Memory could not be locked for DMA: {detail}',
    when: 'Opening, allocate() and map() on a PCI device, beyond what the process may lock. What there is goes on.',
    fix: 'Raise the limit: ulimit -l unlimited (or LimitMEMLOCK=infinity for a service).',
  },
  ERR_IOMMU: {
    number: 17,
    errno: 'EPERM',
    message:
      'An IOMMU translates for this device, so physical addresses mean nothing to it: {detail}',
    when: 'Opening a PCI device through sysfs. Nothing is changed.',
    fix: 'Bind it to vfio-pci (echo vfio-pci > driver_override, then drivers_probe) and open it again.',
  },
  ERR_DRIVER: {
    number: 18,
    errno: 'EBUSY',
    message: 'Another driver holds the device: {detail}',
    when: 'Opening a PCI device, or mapPeer(), while the kernel uses it or another device of its IOMMU group. Nothing is changed.',
    fix: 'Unbind it: echo ADDRESS > /sys/bus/pci/devices/ADDRESS/driver/unbind. Unmount its file systems first.',
  },
  ERR_NAMESPACE: {
    number: 19,
    errno: 'ENXIO',
    message: 'There is no such namespace: {detail}',
    when: 'namespace() with an id that is not there; any call on a Namespace that was formatted, deleted or detached since. What is not sent yet is not sent.',
    fix: 'Use a namespace id that identify lists; they start at 1. One that has changed is to be asked for anew.',
  },
  ERR_IMAGE: {
    number: 20,
    errno: 'EINVAL',
    message: 'The image file cannot be used: {detail}',
    when: 'Opening an image, or starting an emulator over one. The file stays as it is.',
    fix: 'Give a regular file whose size is a multiple of the block size, or a size to create it with.',
  },
  ERR_OS: {
    number: 21,
    errno: 'EIO',
    message: 'The operating system refused: {detail}',
    when: 'Any call that needs the operating system, when it refuses for a reason that has no code of its own. What there is goes on.',
    fix: 'Look up the errno in the manual page of the call that the message names; repeat when its cause is gone.',
  },
  ERR_UNSUPPORTED: {
    number: 22,
    errno: 'ENOTSUP',
    message: 'Not supported here: {detail}',
    when: 'A call for which this controller, its namespace or the way to reach it has no means. Nothing is sent.',
    fix: 'Do what the message offers instead, or use a controller that has it: `peernvm identify --human` shows what one has.',
  },
  ERR_NO_QUEUES: {
    number: 24,
    errno: 'ENOSPC',
    message: 'The controller has no queue pair left: {detail}',
    when: 'createQueuePair(), and the first read or write without one, when all that the controller granted, or a client may have, are taken. What there is goes on.',
    fix: 'Close a queue pair, or share one.',
  },
  ERR_ADDON: {
    number: 25,
    errno: 'ENOENT',
    message: 'The native part of peernvm is not there: {detail}',
    when: 'The first call of a program, where the native part was not built, or was built for something else.',
    fix: 'Build it: npx peernvm build (needs g++ and cmake: apt-get install g++ cmake).',
  },
  ERR_PLATFORM: {
    number: 26,
    errno: 'ENOSYS',
    message: 'peernvm runs on Linux x86-64 with glibc only: {detail}',
    when: 'The first call of a program.',
    fix: 'Run it on such a machine: a virtual machine with Debian, Ubuntu or Fedora on x86-64 will do.',
  },
  ERR_ABORTED: {
    number: 27,
    errno: 'ECANCELED',
    message: 'The command did not run to its end: {detail}',
    when: 'A request whose signal is aborted, or whose queue, controller or admin queue is closed or reset under it. A write may have been executed; memory is kept until the device has let go of it.',
    fix: 'The queue or the controller was closed, or the program gave up; open it again and repeat the command.',
  },
  ERR_QUEUE_LOST: {
    number: 28,
    errno: 'ECONNRESET',
    message: 'The queue was deleted under the command to recover from a failure: {detail}',
    when: "Commands under way when a reset, the manager's too, or the recovery from a timeout deletes their queue. A write may have been executed; the device reaches their memory no more.",
    fix: 'Repeat the command, which may or may not have been executed. A queue with promises was created again; a raw one must be closed.',
    inC: {
      fix: 'Create the queue again and repeat the command, which may or may not have been executed.',
    },
  },
  ERR_CONTROLLER_DISABLED: {
    number: 29,
    errno: 'ECONNRESET',
    message: 'Somebody else disabled the controller under its queues: {detail}',
    when: 'Commands and calls after another program cleared CC.EN. A write under way may have been executed; the device reaches no memory any more.',
    fix: 'Find the program that resets it; share the controller instead (role "reference", controller.ref()).',
    inC: {
      fix: 'Find the program that resets it; share the controller instead (nvm_rpc_enable(), nvm_rpc_bind()).',
    },
  },
  ERR_STATE: {
    number: 30,
    errno: 'EINVAL',
    message: 'The saved state of the emulator cannot be used: {detail}',
    when: 'Opening an image with a .peernvm file, or startEmulator({ load }). The image, its file and the bytes stay as they are.',
    fix: 'Give it whole and unchanged, as this or an older version saved it. Without its .peernvm file an image is opened as a plain one.',
  },
  ERR_REFUSED: {
    number: 31,
    errno: 'EPERM',
    message: 'The process that manages the controller refuses this: {detail}',
    when: "A call of a client that its manager's policy does not allow, such as reset(). Nothing reaches the controller.",
    fix: 'Ask for less, or let whoever serves the controller allow it in its policy.',
  },
  ERR_MANAGER_GONE: {
    number: 32,
    errno: 'EPIPE',
    message: 'The process that manages the controller has gone: {detail}',
    when: 'Any call of a client after its manager has ended. A write under way may have been executed; memory stays readable.',
    fix: 'Start it again, then open its socket again; with { reconnect: true } a client goes on by itself.',
    inC: {
      fix: 'Start it again, then open its socket again with nvm_ctrl_open().',
    },
  },
  ERR_DATA_LOST: {
    number: 33,
    errno: 'ENODATA',
    message: 'The blocks are not there any more: {detail}',
    when: 'Any call on what was opened with `reconnect`, once the next process there serves other blocks. No command reaches those; memory stays readable.',
    fix: 'They ended with the process that had them in memory, or their image was replaced. Open the socket again to use what is served now; serve an image to keep blocks, or load what was saved.',
  },
} as const satisfies Record<string, ErrorRow>

/**
 * The codes of NvmError: docs/errors.md says of each what to do.
 * @category Errors
 */
export type ErrorCode = Extract<keyof typeof errorTable, string>
