// SPDX-License-Identifier: MIT
// Bit fields of queue entries: of command dwords (named command_cdwNN), of completions.

import type { BitLayout } from '../form.ts'

export const commandBits = {
  sgl_identifier: {
    text: 'SGL identifier of an SGL descriptor',
    width: 8,
    bits: {
      subtype: [3, 0, 'Descriptor subtype; see sgl_descriptor_subtype'],
      type: [7, 4, 'Descriptor type; see sgl_descriptor_type'],
    },
  },
  sqe_flags: {
    text: 'Flags of a command',
    width: 8,
    bits: {
      fuse: [1, 0, 'Fused operation; see fused_operation'],
      psdt: [7, 6, 'PRP or SGL for data transfer; see data_pointer'],
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
      qprio: [2, 1, 'Queue priority; see queue_priority'],
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
      sel: [10, 8, 'Select; see feature_select'],
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
      aet: [2, 0, 'Asynchronous event type; see async_event_type'],
      aei: [15, 8, 'Asynchronous event information'],
      lid: [23, 16, 'Log page identifier'],
    },
  },
  firmware_commit_cdw10: {
    text: 'Firmware Commit',
    width: 32,
    bits: {
      fs: [2, 0, 'Firmware slot'],
      ca: [5, 3, 'Commit action; see firmware_commit_action'],
      bpid: [31, 31, 'Boot partition identifier'],
    },
  },
  firmware_image_download_cdw10: {
    text: 'Firmware Image Download',
    width: 32,
    bits: { numd: [31, 0, 'Number of dwords, zero-based'] },
  },
  firmware_image_download_cdw11: {
    text: 'Firmware Image Download',
    width: 32,
    bits: { ofst: [31, 0, 'Offset in dwords'] },
  },
  firmware_commit_dw0: {
    text: 'Completion of Firmware Commit',
    width: 32,
    bits: { mud: [1, 0, 'Multiple updates detected: firmware slot, boot partition'] },
  },
  device_self_test_cdw10: {
    text: 'Device Self-test',
    width: 32,
    bits: { stc: [3, 0, 'Self-test code; see self_test_code'] },
  },
  namespace_management_cdw10: {
    text: 'Namespace Management',
    width: 32,
    bits: { sel: [3, 0, 'Select; see namespace_management_select'] },
  },
  namespace_management_cdw11: {
    text: 'Namespace Management',
    width: 32,
    bits: { csi: [31, 24, 'Command set identifier'] },
  },
  namespace_attachment_cdw10: {
    text: 'Namespace Attachment',
    width: 32,
    bits: { sel: [3, 0, 'Select; see namespace_attachment_select'] },
  },
  format_nvm_cdw10: {
    text: 'Format NVM',
    width: 32,
    bits: {
      lbafl: [3, 0, 'LBA format, lower bits'],
      mset: [4, 4, 'Metadata settings'],
      pi: [7, 5, 'Protection information; see protection_information'],
      pil: [8, 8, 'Protection information location'],
      ses: [11, 9, 'Secure erase settings; see secure_erase'],
      lbafu: [13, 12, 'LBA format, upper bits'],
    },
  },
  sanitize_cdw10: {
    text: 'Sanitize',
    width: 32,
    bits: {
      sanact: [2, 0, 'Sanitize action; see sanitize_action'],
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
      prinfo: [29, 26, 'Protection information; see prinfo'],
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
      prinfo: [29, 26, 'Protection information; see prinfo'],
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
      prinfo: [29, 26, 'Protection information; see prinfo'],
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
      prinfor: [15, 12, 'Protection information for reading; see prinfo'],
      dtype: [23, 20, 'Directive type'],
      stcw: [24, 24, 'Storage tag check when writing'],
      stcr: [25, 25, 'Storage tag check when reading'],
      prinfow: [29, 26, 'Protection information for writing; see prinfo'],
      fua: [30, 30, 'Force unit access'],
      lr: [31, 31, 'Limited retry'],
    },
  },
  read_cdw15: {
    text: 'Read, and what Compare and Verify share with it',
    width: 32,
    bits: {
      elbat: [15, 0, 'Expected logical block application tag'],
      elbatm: [31, 16, 'Expected logical block application tag mask'],
    },
  },
  write_cdw15: {
    text: 'Write, and what Write Zeroes and Copy share with it',
    width: 32,
    bits: {
      lbat: [15, 0, 'Logical block application tag'],
      lbatm: [31, 16, 'Logical block application tag mask'],
    },
  },
  prinfo: {
    text: 'PRINFO of read_cdw12, write_cdw12 and write_zeroes_cdw12, PRINFOR and PRINFOW of Copy',
    width: 8,
    bits: {
      prchk_ref: [0, 0, 'Check the reference tag'],
      prchk_app: [1, 1, 'Check the application tag'],
      prchk_guard: [2, 2, 'Check the guard'],
      pract: [3, 3, 'Protection information action: the controller inserts or strips it'],
    },
  },
} as const satisfies Record<string, BitLayout>
