// SPDX-License-Identifier: MIT
// Bit fields of command dwords (named command_cdwNN), of completions, and of fields of structures.

import type { BitLayout } from '../form.ts'

export const commandBits = {
  sqe_flags: {
    text: 'Flags of a command',
    width: 8,
    bits: {
      fuse: [1, 0, 'Fused operation: 0 normal, 1 first, 2 second'],
      psdt: [7, 6, 'PRP or SGL for data transfer: 0 is PRP'],
    },
  },
  cqe_status: {
    text: 'Last word of a completion queue entry',
    width: 16,
    bits: {
      p: [0, 0, 'Phase tag'],
      sf: [15, 1, 'Status field; see status_field'],
    },
  },
  status_field: {
    text: 'Status field of a completion without the phase tag, as spec::status has it',
    width: 16,
    bits: {
      sc: [7, 0, 'Status code'],
      sct: [10, 8, 'Status code type'],
      crd: [12, 11, 'Command retry delay'],
      m: [13, 13, 'More: the error information log has details'],
      dnr: [14, 14, 'Do not retry'],
    },
  },
  delete_queue_cdw10: {
    text: 'Delete I/O Submission Queue and Delete I/O Completion Queue',
    width: 32,
    bits: { qid: [15, 0, 'Queue identifier'] },
  },
  create_sq_cdw10: {
    text: 'Create I/O Submission Queue',
    width: 32,
    bits: {
      qid: [15, 0, 'Queue identifier'],
      qsize: [31, 16, 'Queue size, zero-based'],
    },
  },
  create_sq_cdw11: {
    text: 'Create I/O Submission Queue',
    width: 32,
    bits: {
      pc: [0, 0, 'Physically contiguous'],
      qprio: [2, 1, 'Queue priority'],
      cqid: [31, 16, 'Completion queue identifier'],
    },
  },
  create_sq_cdw12: {
    text: 'Create I/O Submission Queue',
    width: 32,
    bits: { nvmsetid: [15, 0, 'NVM set identifier'] },
  },
  create_cq_cdw10: {
    text: 'Create I/O Completion Queue',
    width: 32,
    bits: {
      qid: [15, 0, 'Queue identifier'],
      qsize: [31, 16, 'Queue size, zero-based'],
    },
  },
  create_cq_cdw11: {
    text: 'Create I/O Completion Queue',
    width: 32,
    bits: {
      pc: [0, 0, 'Physically contiguous'],
      ien: [1, 1, 'Interrupts enabled'],
      iv: [31, 16, 'Interrupt vector'],
    },
  },
  get_log_page_cdw10: {
    text: 'Get Log Page',
    width: 32,
    bits: {
      lid: [7, 0, 'Log page identifier'],
      lsp: [14, 8, 'Log specific parameter'],
      rae: [15, 15, 'Retain asynchronous event'],
      numdl: [31, 16, 'Number of dwords lower, zero-based'],
    },
  },
  get_log_page_cdw11: {
    text: 'Get Log Page',
    width: 32,
    bits: {
      numdu: [15, 0, 'Number of dwords upper'],
      lsi: [31, 16, 'Log specific identifier'],
    },
  },
  get_log_page_cdw14: {
    text: 'Get Log Page',
    width: 32,
    bits: {
      uuid_index: [6, 0, 'UUID index'],
      ot: [23, 23, 'Offset type'],
      csi: [31, 24, 'Command set identifier'],
    },
  },
  identify_cdw10: {
    text: 'Identify',
    width: 32,
    bits: {
      cns: [7, 0, 'Controller or namespace structure'],
      cntid: [31, 16, 'Controller identifier'],
    },
  },
  identify_cdw11: {
    text: 'Identify',
    width: 32,
    bits: {
      cnssid: [15, 0, 'CNS specific identifier'],
      csi: [31, 24, 'Command set identifier'],
    },
  },
  identify_cdw14: {
    text: 'Identify',
    width: 32,
    bits: { uuid_index: [6, 0, 'UUID index'] },
  },
  abort_cdw10: {
    text: 'Abort',
    width: 32,
    bits: {
      sqid: [15, 0, 'Submission queue identifier'],
      cid: [31, 16, 'Command identifier'],
    },
  },
  abort_dw0: {
    text: 'Completion of Abort',
    width: 32,
    bits: { not_aborted: [0, 0, 'The command was not aborted'] },
  },
  set_features_cdw10: {
    text: 'Set Features',
    width: 32,
    bits: {
      fid: [7, 0, 'Feature identifier'],
      sv: [31, 31, 'Save'],
    },
  },
  set_features_cdw14: {
    text: 'Set Features',
    width: 32,
    bits: { uuid_index: [6, 0, 'UUID index'] },
  },
  get_features_cdw10: {
    text: 'Get Features',
    width: 32,
    bits: {
      fid: [7, 0, 'Feature identifier'],
      sel: [10, 8, 'Select: 0 current, 1 default, 2 saved, 3 supported capabilities'],
    },
  },
  get_features_cdw14: {
    text: 'Get Features',
    width: 32,
    bits: { uuid_index: [6, 0, 'UUID index'] },
  },
  async_event_dw0: {
    text: 'Completion of Asynchronous Event Request',
    width: 32,
    bits: {
      aet: [2, 0, 'Asynchronous event type'],
      aei: [15, 8, 'Asynchronous event information'],
      lid: [23, 16, 'Log page identifier'],
    },
  },
  firmware_commit_cdw10: {
    text: 'Firmware Commit',
    width: 32,
    bits: {
      fs: [2, 0, 'Firmware slot'],
      ca: [5, 3, 'Commit action'],
      bpid: [31, 31, 'Boot partition identifier'],
    },
  },
  device_self_test_cdw10: {
    text: 'Device Self-test',
    width: 32,
    bits: { stc: [3, 0, 'Self-test code'] },
  },
  namespace_management_cdw10: {
    text: 'Namespace Management',
    width: 32,
    bits: { sel: [3, 0, 'Select: 0 create, 1 delete'] },
  },
  namespace_management_cdw11: {
    text: 'Namespace Management',
    width: 32,
    bits: { csi: [31, 24, 'Command set identifier'] },
  },
  namespace_attachment_cdw10: {
    text: 'Namespace Attachment',
    width: 32,
    bits: { sel: [3, 0, 'Select: 0 attach, 1 detach'] },
  },
  format_nvm_cdw10: {
    text: 'Format NVM',
    width: 32,
    bits: {
      lbafl: [3, 0, 'LBA format, lower bits'],
      mset: [4, 4, 'Metadata settings'],
      pi: [7, 5, 'Protection information'],
      pil: [8, 8, 'Protection information location'],
      ses: [11, 9, 'Secure erase settings'],
      lbafu: [13, 12, 'LBA format, upper bits'],
    },
  },
  sanitize_cdw10: {
    text: 'Sanitize',
    width: 32,
    bits: {
      sanact: [2, 0, 'Sanitize action'],
      ause: [3, 3, 'Allow unrestricted sanitize exit'],
      owpass: [7, 4, 'Overwrite pass count'],
      oipbp: [8, 8, 'Overwrite invert pattern between passes'],
      ndas: [9, 9, 'No deallocate after sanitize'],
    },
  },
  read_cdw12: {
    text: 'Read, and what Compare and Verify share with it',
    width: 32,
    bits: {
      nlb: [15, 0, 'Number of logical blocks, zero-based'],
      stc: [24, 24, 'Storage tag check'],
      prinfo: [29, 26, 'Protection information'],
      fua: [30, 30, 'Force unit access'],
      lr: [31, 31, 'Limited retry'],
    },
  },
  read_cdw13: {
    text: 'Read and Write',
    width: 32,
    bits: {
      dsm: [7, 0, 'Dataset management hints'],
      dspec: [31, 16, 'Directive specific'],
    },
  },
  write_cdw12: {
    text: 'Write',
    width: 32,
    bits: {
      nlb: [15, 0, 'Number of logical blocks, zero-based'],
      dtype: [23, 20, 'Directive type'],
      stc: [24, 24, 'Storage tag check'],
      prinfo: [29, 26, 'Protection information'],
      fua: [30, 30, 'Force unit access'],
      lr: [31, 31, 'Limited retry'],
    },
  },
  write_zeroes_cdw12: {
    text: 'Write Zeroes',
    width: 32,
    bits: {
      nlb: [15, 0, 'Number of logical blocks, zero-based'],
      stc: [24, 24, 'Storage tag check'],
      deac: [25, 25, 'Deallocate'],
      prinfo: [29, 26, 'Protection information'],
      fua: [30, 30, 'Force unit access'],
      lr: [31, 31, 'Limited retry'],
    },
  },
  dataset_management_cdw10: {
    text: 'Dataset Management',
    width: 32,
    bits: { nr: [7, 0, 'Number of ranges, zero-based'] },
  },
  dataset_management_cdw11: {
    text: 'Dataset Management',
    width: 32,
    bits: {
      idr: [0, 0, 'Integral dataset for read'],
      idw: [1, 1, 'Integral dataset for write'],
      ad: [2, 2, 'Deallocate'],
    },
  },
  copy_cdw12: {
    text: 'Copy',
    width: 32,
    bits: {
      nr: [7, 0, 'Number of ranges, zero-based'],
      desfmt: [11, 8, 'Descriptor format'],
      prinfor: [15, 12, 'Protection information for reading'],
      dtype: [23, 20, 'Directive type'],
      stcw: [24, 24, 'Storage tag check when writing'],
      stcr: [25, 25, 'Storage tag check when reading'],
      prinfow: [29, 26, 'Protection information for writing'],
      fua: [30, 30, 'Force unit access'],
      lr: [31, 31, 'Limited retry'],
    },
  },
  feature_number_of_queues: {
    text: 'Number of Queues: requested in command dword 11, allocated in completion dword 0',
    width: 32,
    bits: {
      nsq: [15, 0, 'Number of I/O submission queues, zero-based'],
      ncq: [31, 16, 'Number of I/O completion queues, zero-based'],
    },
  },
  feature_volatile_write_cache: {
    text: 'Volatile Write Cache',
    width: 32,
    bits: { wce: [0, 0, 'Volatile write cache enable'] },
  },
} as const satisfies Record<string, BitLayout>

export const fieldBits = {
  entry_size: {
    text: 'Queue entry sizes in Identify Controller: SQES and CQES',
    width: 8,
    bits: {
      min: [3, 0, 'Required entry size as a power of two'],
      max: [7, 4, 'Maximum entry size as a power of two'],
    },
  },
  oncs: {
    text: 'Optional NVM command support',
    width: 16,
    bits: {
      compare: [0, 0, 'Compare'],
      write_uncorrectable: [1, 1, 'Write Uncorrectable'],
      dataset_management: [2, 2, 'Dataset Management'],
      write_zeroes: [3, 3, 'Write Zeroes'],
      save: [4, 4, 'Save and Select fields of Set and Get Features'],
      reservations: [5, 5, 'Reservations'],
      timestamp: [6, 6, 'Timestamp feature'],
      verify: [7, 7, 'Verify'],
      copy: [8, 8, 'Copy'],
    },
  },
  vwc: {
    text: 'Volatile write cache',
    width: 8,
    bits: {
      present: [0, 0, 'A volatile write cache is present'],
      flush_all: [2, 1, 'Flush of NSID FFFFFFFFh: 2 not supported, 3 supported'],
    },
  },
  psd_flags: {
    text: 'Flags of a power state descriptor',
    width: 8,
    bits: {
      mxps: [0, 0, 'Maximum power is in units of 0.0001 W instead of 0.01 W'],
      nops: [1, 1, 'Non-operational state'],
    },
  },
  nsfeat: {
    text: 'Namespace features',
    width: 8,
    bits: {
      thinp: [0, 0, 'Thin provisioning'],
      nsabp: [1, 1, 'Namespace atomic boundary parameters'],
      dae: [2, 2, 'Deallocated or unwritten logical block error'],
      uidreuse: [3, 3, 'NGUID and EUI64 are never reused'],
      optperf: [4, 4, 'NPWG, NPWA, NPDG, NPDA and NOWS are defined'],
    },
  },
  flbas: {
    text: 'Formatted LBA size',
    width: 8,
    bits: {
      format_lower: [3, 0, 'LBA format index, lower bits'],
      extended: [4, 4, 'Metadata follows the data of each logical block'],
      format_upper: [6, 5, 'LBA format index, upper bits'],
    },
  },
  dlfeat: {
    text: 'Deallocate logical block features',
    width: 8,
    bits: {
      read_behavior: [2, 0, 'A deallocated block reads as: 0 not reported, 1 zeroes, 2 ones'],
      write_zeroes: [3, 3, 'Write Zeroes may deallocate'],
      guard: [4, 4, 'Guard field of deallocated blocks is the CRC of what is read'],
    },
  },
  nsattr: {
    text: 'Namespace attributes',
    width: 8,
    bits: { write_protected: [0, 0, 'Currently write protected'] },
  },
} as const satisfies Record<string, BitLayout>
