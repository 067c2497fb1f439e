// SPDX-License-Identifier: MIT
// Queue entries, and what commands and features take from the host and give it. What Identify
// answers is in identify.ts, log pages are in log-structures.ts.

import type { Structure } from '../form.ts'

export const dataStructures = {
  SubmissionQueueEntry: {
    text: 'One command',
    size: 64,
    fields: {
      opc: [0, 'u8', 'Opcode'],
      flags: [1, 'u8', 'Fused operation and PRP or SGL for data transfer; see sqe_flags'],
      cid: [2, 'u16', 'Command identifier'],
      nsid: [4, 'u32', 'Namespace identifier'],
      cdw2: [8, 'u32', 'Command dword 2'],
      cdw3: [12, 'u32', 'Command dword 3'],
      mptr: [16, 'u64', 'Metadata pointer'],
      prp1: [24, 'u64', 'PRP entry 1, or the first half of an SGL descriptor'],
      prp2: [32, 'u64', 'PRP entry 2 or PRP list, or the second half of an SGL descriptor'],
      cdw10: [40, 'u32', 'Command dword 10'],
      cdw11: [44, 'u32', 'Command dword 11'],
      cdw12: [48, 'u32', 'Command dword 12'],
      cdw13: [52, 'u32', 'Command dword 13'],
      cdw14: [56, 'u32', 'Command dword 14'],
      cdw15: [60, 'u32', 'Command dword 15'],
    },
  },
  CompletionQueueEntry: {
    text: 'The outcome of one command',
    size: 16,
    fields: {
      dw0: [0, 'u32', 'Command specific'],
      dw1: [4, 'u32', 'Command specific'],
      sqhd: [8, 'u16', 'Submission queue head pointer'],
      sqid: [10, 'u16', 'Submission queue identifier'],
      cid: [12, 'u16', 'Command identifier'],
      status: [14, 'u16', 'Phase tag in bit 0, status field above it; see cqe_status'],
    },
  },
  PowerStateDescriptor: {
    text: 'One power state of the controller',
    size: 32,
    fields: {
      mp: [0, 'u16', 'Maximum power'],
      flags: [3, 'u8', 'Max power scale and non-operational state; see psd_flags'],
      enlat: [4, 'u32', 'Entry latency in microseconds'],
      exlat: [8, 'u32', 'Exit latency in microseconds'],
      rrt: [12, 'u8', 'Relative read throughput'],
      rrl: [13, 'u8', 'Relative read latency'],
      rwt: [14, 'u8', 'Relative write throughput'],
      rwl: [15, 'u8', 'Relative write latency'],
      idlp: [16, 'u16', 'Idle power'],
      ips: [18, 'u8', 'Idle power scale'],
      actp: [20, 'u16', 'Active power'],
      apws: [22, 'u8', 'Active power workload and scale'],
    },
  },
  LbaFormat: {
    text: 'One LBA format of a namespace',
    size: 4,
    fields: {
      ms: [0, 'u16', 'Metadata bytes per logical block'],
      lbads: [2, 'u8', 'LBA data size as a power of two'],
      rp: [3, 'u8', 'Relative performance, 0 is best'],
    },
  },
  SglDescriptor: {
    text: 'SGL descriptor of any type but the keyed one',
    size: 16,
    fields: {
      address: [0, 'u64', 'Address; reserved in a bit bucket'],
      length: [8, 'u32', 'Length in bytes, of a segment that of its descriptors'],
      identifier: [15, 'u8', 'SGL identifier: type and subtype; see sgl_identifier'],
    },
  },
  DatasetManagementRange: {
    text: 'One range of Dataset Management',
    size: 16,
    fields: {
      cattr: [0, 'u32', 'Context attributes'],
      nlb: [4, 'u32', 'Length in logical blocks'],
      slba: [8, 'u64', 'Starting LBA'],
    },
  },
  CopyDescriptor: {
    text: 'One source range of Copy, descriptor format 0',
    size: 32,
    fields: {
      slba: [8, 'u64', 'Starting LBA'],
      nlb: [16, 'u16', 'Number of logical blocks, zero-based'],
      eilbrt: [24, 'u32', 'Expected initial logical block reference tag'],
      elbatm: [28, 'u16', 'Expected logical block application tag mask'],
      elbat: [30, 'u16', 'Expected logical block application tag'],
    },
  },
  ProtectionInformation: {
    text: 'Protection information of one logical block, 16-bit guard; all three are BIG-endian',
    size: 8,
    fields: {
      guard: [0, 'u16', 'CRC-16 T10-DIF of what stands before it, big-endian'],
      application_tag: [2, 'u16', 'Logical block application tag, big-endian'],
      reference_tag: [4, 'u32', 'Logical block storage and reference tag, big-endian'],
    },
  },
  NamespaceManagementData: {
    text: 'What the host chooses in Namespace Management create, where Identify Namespace has it',
    size: 4096,
    fields: {
      nsze: [0, 'u64', 'Namespace size in logical blocks'],
      ncap: [8, 'u64', 'Namespace capacity in logical blocks'],
      flbas: [26, 'u8', 'Formatted LBA size'],
      dps: [29, 'u8', 'End-to-end data protection type settings'],
      nmic: [30, 'u8', 'Namespace multi-path I/O and namespace sharing capabilities'],
      anagrpid: [92, 'u32', 'ANA group identifier'],
      nvmsetid: [100, 'u16', 'NVM set identifier'],
      endgid: [102, 'u16', 'Endurance group identifier'],
      lbstm: [384, 'u64', 'Logical block storage tag mask'],
    },
  },
  LbaRangeType: {
    text: 'One entry of the LBA Range Type feature',
    size: 64,
    fields: {
      type: [0, 'u8', 'Type; see lba_range_type'],
      attributes: [1, 'u8', 'Whether the range may be overwritten, and is hidden from the system'],
      slba: [16, 'u64', 'Starting LBA'],
      nlb: [24, 'u64', 'Number of logical blocks, zero-based'],
      guid: [32, 'u8[16]', 'Unique identifier'],
    },
  },
  AutonomousPowerStateTransition: {
    text: 'Data of the Autonomous Power State Transition feature',
    size: 256,
    fields: { apst_entry: [0, 'u64[32]', 'One entry for each power state; see apst_entry'] },
  },
  Timestamp: {
    text: 'Data of the Timestamp feature',
    size: 8,
    fields: {
      timestamp: [0, 'u8[6]', 'Milliseconds, least significant byte first'],
      attributes: [6, 'u8', 'How it came to be; see timestamp_attributes'],
    },
  },
  HostBehaviorSupport: {
    text: 'Data of the Host Behavior Support feature; each byte is 0 or 1',
    size: 512,
    fields: {
      acre: [0, 'u8', 'Advanced command retry enable'],
      etdas: [1, 'u8', 'Extended telemetry data area 4 supported'],
      lbafee: [2, 'u8', 'LBA format extension enable'],
    },
  },
} as const satisfies Record<string, Structure>
