// SPDX-License-Identifier: MIT
// The messages between the manager of a controller and its clients in other processes, over a UNIX
// socket of type SOCK_SEQPACKET: one message a packet, in the byte order of the machine, file
// descriptors beside it. Every message begins with RpcHeader. A request is answered by one reply
// with its `code` and `id`; a notice comes from the manager unasked. The notice `closing` is its
// goodbye; a client says none: it hangs up, and what it had is taken back. lib/rpc speaks it.

import type { CodeRow, Structure } from './form.ts'

/** What the two sides must agree on: a manager refuses clients of another version. */
export const rpcVersion = 1

export const rpc = {
  RpcHeader: {
    text: 'How every message begins',
    size: 16,
    fields: {
      code: [0, 'u16', 'What it is: rpc_code'],
      error: [2, 'u16', 'Of a reply: the ErrorCode, and the detail follows as text; 0: done'],
      id: [4, 'u32', 'Of a request, and of its reply; 0 in a notice'],
      os_error: [8, 'i32', 'Of a reply with an error: the errno, or 0'],
      nvme_status: [12, 'u16', 'Of a reply with an error: the status field, or 0'],
    },
  },
  RpcHello: {
    text: 'Request: the first message',
    size: 8,
    fields: {
      version: [0, 'u32', 'rpc_version'],
      observer: [4, 'u32', '1: wants only to ask for the status, and becomes no client'],
    },
  },
  RpcWelcome: {
    text: 'Reply to RpcHello; with it the descriptors of the BAR, of the doorbells and of notices',
    size: 448,
    fields: {
      version: [0, 'u32', 'rpc_version'],
      client_id: [4, 'u32', 'How the manager names this client'],
      bar_offset: [16, 'u64', 'Where BAR0 begins in its file'],
      bar_byte_length: [24, 'u64', 'Bytes of it that can be mapped, for reading'],
      doorbell_offset: [32, 'u64', 'Where the doorbells begin in their file'],
      doorbell_byte_length: [40, 'u64', 'Bytes of doorbells'],
      doorbell_stride: [48, 'u32', 'Bytes from one doorbell to the next'],
      sleeping_offset: [
        52,
        'u32',
        'Where in the BAR the word `sleeping` is; 0: the device never parks',
      ],
      uncached: [56, 'u32', '1: doorbells are device registers'],
      emulated: [60, 'u32', '1: not a drive'],
      wakes: [64, 'u32', '1: queues may announce completions'],
      write_protected: [68, 'u32', '1: nothing can be written'],
      vectors: [72, 'u32', 'Interrupt vectors of the device'],
      takes_sgls: [76, 'u32', '1: data may be named by SGLs'],
      transfer_bytes_max: [80, 'u64', 'MDTS in bytes; all ones: no limit'],
      io_queue_pairs_max: [88, 'u32', 'Queue pairs that this client may have'],
      optional_events: [92, 'u32', 'Identify OAES'],
      outlives_manager: [
        96,
        'u32',
        '1: the device is not of the process of its manager, and may be at work when that has gone',
      ],
      maps_files: [
        100,
        'u32',
        '1: the device is given memory as files, which it maps itself, and takes few',
      ],
      data_identity: [
        104,
        'u64',
        'Of the blocks: another number where they are others; 0: unknown',
      ],
      namespace_changes_offset: [
        112,
        'u32',
        'Where in the BAR NamespaceChanges are; 0: changes are told by notices',
      ],
      name: [128, 'utf8[64]', 'The transport of the manager'],
      address: [192, 'utf8[256]', 'What the manager has opened'],
    },
  },
  RpcMap: {
    text: 'Request: makes memory addressable; with it the descriptor of sealed memory',
    size: 24,
    fields: {
      offset: [0, 'u64', 'Where in the file'],
      byte_length: [8, 'u64', 'Whole pages'],
      io_address: [16, 'u64', 'Where it shall be for the device; 0: anywhere'],
    },
  },
  RpcMapped: {
    text: 'Reply to RpcMap; `run_count` of RpcRun follow',
    size: 16,
    fields: {
      handle: [0, 'u64', 'Names it in RpcUnmap'],
      run_count: [8, 'u32', 'Stretches that are contiguous for the device'],
    },
  },
  RpcRun: {
    text: 'A stretch of memory that is contiguous for the device',
    size: 16,
    fields: {
      io_address: [0, 'u64', 'Its first byte'],
      byte_length: [8, 'u64', 'Its length'],
    },
  },
  RpcUnmap: {
    text: 'Request: no command and no queue uses this memory any more',
    size: 8,
    fields: { handle: [0, 'u64', 'From RpcMapped'] },
  },
  RpcAdmin: {
    text: 'Request: an admin command, on memory of the client',
    size: 72,
    fields: {
      command: [0, 'u8[64]', 'Submission queue entry; its identifier is chosen by the manager'],
      timeout_ns: [64, 'u64', 'When to give up'],
    },
  },
  RpcCompletion: {
    text: 'Reply to RpcAdmin: what the device said',
    size: 80,
    fields: {
      command: [0, 'u8[64]', 'As it was sent: a filter may have rewritten it'],
      dw0: [64, 'u32', 'Dword 0 of the completion'],
      dw1: [68, 'u32', 'Dword 1 of the completion'],
      status_field: [72, 'u16', 'Without the phase tag'],
      sq_head: [74, 'u16', 'Of the admin submission queue'],
      command_id: [76, 'u16', 'That the manager had chosen'],
    },
  },
  RpcTakeQueue: {
    text: 'Request: the number of a queue pair, for Create and Delete commands and doorbells',
    size: 12,
    fields: {
      wakes: [0, 'u32', '1: with an interrupt vector'],
      queue_id: [4, 'u32', 'This one, if it is free; 0: any'],
      vector: [8, 'u32', 'With this one, if it is free; 0: any'],
    },
  },
  RpcQueue: {
    text: 'Reply to RpcTakeQueue, and the request to give the number back',
    size: 8,
    fields: {
      queue_id: [0, 'u32', 'Of both queues'],
      vector: [4, 'i32', 'Interrupt vector, or -1'],
    },
  },
  RpcBindWake: {
    text: 'Request: where a vector announces completions; with it a socket, or none to end it',
    size: 16,
    fields: {
      vector: [0, 'u32', 'Of a queue of the client'],
      armed_address: [8, 'u64', 'I/O address of the word `armed`, in memory that is mapped'],
    },
  },
  RpcEvent: {
    text: 'Notice `event`: an asynchronous event; its log page follows',
    size: 16,
    fields: {
      dword0: [0, 'u32', 'Of the Asynchronous Event Request that completed'],
      failed: [4, 'u32', '1: the log page could not be read'],
      dropped: [8, 'u64', 'Events that the manager could not send before this one'],
    },
  },
  RpcNamespacesChanged: {
    text: 'Notice `namespaces_changed`',
    size: 4,
    fields: { namespace_id: [0, 'u32', 'Of one with the same counter, or FFFFFFFFh: of any'] },
  },
  RpcVendorIdentify: {
    text: 'How the vendor specific bytes begin of what an emulator says in Identify Controller',
    size: 16,
    fields: {
      data_identity: [0, 'u64', 'As in RpcWelcome, for programs that have no manager'],
      complement: [8, 'u64', 'Its bits inverted, by which bytes of another vendor are told apart'],
    },
  },
  RpcStatus: {
    text: 'Reply to the request `status`; `client_count` of RpcStatusClient follow',
    size: 8,
    fields: { client_count: [0, 'u32', 'Clients, those that are leaving included'] },
  },
  RpcStatusClient: {
    text: 'In the reply to the request `status`, one for each client',
    size: 64,
    fields: {
      client_id: [0, 'u32', 'As in RpcWelcome'],
      pid: [4, 'u32', 'Process'],
      uid: [8, 'u32', 'User'],
      queue_pairs: [12, 'u32', 'Numbers that it has taken'],
      mapped_bytes: [16, 'u64', 'Memory that the device may reach for it'],
      mappings: [24, 'u32', 'Pieces of it'],
      leaving: [28, 'u32', '1: its process has gone, and its queues are being deleted'],
      io_commands: [32, 'u64', 'Fetched from its queues; all ones: nobody counts'],
      admin_commands: [40, 'u64', 'Sent for it'],
      connected_ns: [48, 'u64', 'For how long'],
    },
  },
} as const satisfies Record<string, Structure>

/** Codes of messages. Requests, then notices. */
export const rpcCodes = {
  hello: [1, 'RpcHello'],
  map: [2, 'RpcMap'],
  unmap: [3, 'RpcUnmap'],
  admin: [4, 'RpcAdmin'],
  take_queue: [5, 'RpcTakeQueue'],
  give_queue: [6, 'RpcQueue'],
  bind_wake: [7, 'RpcBindWake'],
  wake: [8, 'The device sleeps and a doorbell was rung; has no reply'],
  status: [9, 'How many clients there are, and each'],
  watch_events: [11, 'From now on the client hears of asynchronous events'],
  queues_lost: [32, 'Notice: the controller was reset, no queue exists any more'],
  closing: [33, 'Notice: the manager ends; with an error, as in a reply, what ended it'],
  event: [34, 'Notice: RpcEvent'],
  namespaces_changed: [35, 'Notice: RpcNamespacesChanged, where the device counts no changes'],
} as const satisfies Record<string, CodeRow>
