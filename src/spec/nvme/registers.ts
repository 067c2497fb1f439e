// SPDX-License-Identifier: MIT
// Controller registers of NVMe over PCIe: where they are in BAR0, and the bits of each.

import type { BitLayout, RegisterRow } from '../form.ts'

export const registers = {
  cap: [0x00, 64, 'Controller capabilities'],
  vs: [0x08, 32, 'Version'],
  intms: [0x0c, 32, 'Interrupt mask set'],
  intmc: [0x10, 32, 'Interrupt mask clear'],
  cc: [0x14, 32, 'Controller configuration'],
  csts: [0x1c, 32, 'Controller status'],
  nssr: [0x20, 32, 'NVM subsystem reset: writing 4E564D65h, "NVMe", requests one'],
  aqa: [0x24, 32, 'Admin queue attributes'],
  asq: [0x28, 64, 'Admin submission queue base address'],
  acq: [0x30, 64, 'Admin completion queue base address'],
  cmbloc: [0x38, 32, 'Controller memory buffer location'],
  cmbsz: [0x3c, 32, 'Controller memory buffer size'],
  bpinfo: [0x40, 32, 'Boot partition information'],
  bprsel: [0x44, 32, 'Boot partition read select'],
  bpmbl: [0x48, 64, 'Boot partition memory buffer location'],
  cmbmsc: [0x50, 64, 'Controller memory buffer memory space control'],
  cmbsts: [0x58, 32, 'Controller memory buffer status'],
  cmbebs: [0x5c, 32, 'Controller memory buffer elasticity buffer size'],
  cmbswtp: [0x60, 32, 'Controller memory buffer sustained write throughput'],
  nssd: [0x64, 32, 'NVM subsystem shutdown'],
  crto: [0x68, 32, 'Controller ready timeouts'],
  pmrcap: [0xe00, 32, 'Persistent memory region capabilities'],
  pmrctl: [0xe04, 32, 'Persistent memory region control'],
  pmrsts: [0xe08, 32, 'Persistent memory region status'],
  pmrebs: [0xe0c, 32, 'Persistent memory region elasticity buffer size'],
  pmrswtp: [0xe10, 32, 'Persistent memory region sustained write throughput'],
  pmrmscl: [0xe14, 32, 'Persistent memory region memory space control, lower half'],
  pmrmscu: [0xe18, 32, 'Persistent memory region memory space control, upper half'],
  doorbells: [0x1000, 32, 'Submission queue 0 tail doorbell, the first of all doorbells'],
} as const satisfies Record<string, RegisterRow>

export const registerBits = {
  cap: {
    text: 'Controller capabilities',
    width: 64,
    bits: {
      mqes: [15, 0, 'Maximum queue entries supported, zero-based'],
      cqr: [16, 16, 'Contiguous queues required'],
      ams: [18, 17, 'Arbitration mechanisms supported; see cap_ams'],
      to: [31, 24, 'Timeout of enable and disable in units of 500 ms'],
      dstrd: [35, 32, 'Doorbell stride as a power of two of 4 bytes'],
      nssrs: [36, 36, 'NVM subsystem reset supported'],
      css: [44, 37, 'Command sets supported; see cap_css'],
      bps: [45, 45, 'Boot partition support'],
      cps: [47, 46, 'Controller power scope'],
      mpsmin: [51, 48, 'Memory page size minimum as a power of two of 4 KiB'],
      mpsmax: [55, 52, 'Memory page size maximum as a power of two of 4 KiB'],
      pmrs: [56, 56, 'Persistent memory region supported'],
      cmbs: [57, 57, 'Controller memory buffer supported'],
      nsss: [58, 58, 'NVM subsystem shutdown supported'],
      crms: [60, 59, 'Controller ready modes supported; see cap_crms'],
    },
  },
  cap_ams: {
    text: 'AMS of the register cap',
    width: 8,
    bits: {
      weighted_round_robin: [0, 0, 'Weighted round robin with urgent priority class'],
      vendor_specific: [1, 1, 'Vendor specific'],
    },
  },
  cap_css: {
    text: 'CSS of the register cap',
    width: 8,
    bits: {
      nvm: [0, 0, 'NVM command set'],
      io_command_sets: [6, 6, 'One or more I/O command sets, as the CommandSets structure says'],
      admin_only: [7, 7, 'No I/O command set'],
    },
  },
  cap_crms: {
    text: 'CRMS of the register cap',
    width: 8,
    bits: {
      crwms: [0, 0, 'Controller ready with media support'],
      crims: [1, 1, 'Controller ready independent of media support'],
    },
  },
  vs: {
    text: 'Version',
    width: 32,
    bits: {
      ter: [7, 0, 'Tertiary version number'],
      mnr: [15, 8, 'Minor version number'],
      mjr: [31, 16, 'Major version number'],
    },
  },
  cc: {
    text: 'Controller configuration',
    width: 32,
    bits: {
      en: [0, 0, 'Enable'],
      css: [6, 4, 'I/O command set selected; see cc_css'],
      mps: [10, 7, 'Memory page size as a power of two of 4 KiB'],
      ams: [13, 11, 'Arbitration mechanism selected; see cc_ams'],
      shn: [15, 14, 'Shutdown notification; see cc_shn'],
      iosqes: [19, 16, 'I/O submission queue entry size as a power of two'],
      iocqes: [23, 20, 'I/O completion queue entry size as a power of two'],
      crime: [24, 24, 'Controller ready independent of media enable'],
    },
  },
  csts: {
    text: 'Controller status',
    width: 32,
    bits: {
      rdy: [0, 0, 'Ready'],
      cfs: [1, 1, 'Controller fatal status'],
      shst: [3, 2, 'Shutdown status; see csts_shst'],
      nssro: [4, 4, 'NVM subsystem reset occurred'],
      pp: [5, 5, 'Processing paused'],
      st: [6, 6, 'Shutdown type: 0 controller, 1 NVM subsystem'],
    },
  },
  aqa: {
    text: 'Admin queue attributes',
    width: 32,
    bits: {
      asqs: [11, 0, 'Admin submission queue size, zero-based'],
      acqs: [27, 16, 'Admin completion queue size, zero-based'],
    },
  },
  cmbloc: {
    text: 'Controller memory buffer location',
    width: 32,
    bits: {
      bir: [2, 0, 'Base indicator register'],
      cqmms: [3, 3, 'Queue mixed memory support'],
      cqpds: [4, 4, 'Queue physically discontiguous support'],
      cdpmls: [5, 5, 'Data pointer mixed locations support'],
      cdpcils: [6, 6, 'Data pointer and command independent locations support'],
      cdmmms: [7, 7, 'Data metadata mixed memory support'],
      cqda: [8, 8, 'Queue dword alignment'],
      ofst: [31, 12, 'Offset in units of CMBSZ.SZU'],
    },
  },
  cmbsz: {
    text: 'Controller memory buffer size',
    width: 32,
    bits: {
      sqs: [0, 0, 'Submission queue support'],
      cqs: [1, 1, 'Completion queue support'],
      lists: [2, 2, 'PRP and SGL list support'],
      rds: [3, 3, 'Read data support'],
      wds: [4, 4, 'Write data support'],
      szu: [11, 8, 'Size units: 0 is 4 KiB, each step is 16 times as much'],
      sz: [31, 12, 'Size in units of SZU'],
    },
  },
  bpinfo: {
    text: 'Boot partition information',
    width: 32,
    bits: {
      bpsz: [14, 0, 'Boot partition size in units of 128 KiB'],
      brs: [25, 24, 'Boot read status'],
      abpid: [31, 31, 'Active boot partition identifier'],
    },
  },
  bprsel: {
    text: 'Boot partition read select',
    width: 32,
    bits: {
      bprsz: [9, 0, 'Boot partition read size in units of 4 KiB'],
      bprof: [29, 10, 'Boot partition read offset in units of 4 KiB'],
      bpid: [31, 31, 'Boot partition identifier'],
    },
  },
  cmbmsc: {
    text: 'Controller memory buffer memory space control',
    width: 64,
    bits: {
      cre: [0, 0, 'Capabilities registers enabled'],
      cmse: [1, 1, 'Controller memory space enable'],
      cba: [63, 12, 'Controller base address in units of 4 KiB'],
    },
  },
  cmbsts: {
    text: 'Controller memory buffer status',
    width: 32,
    bits: { cbai: [0, 0, 'Controller base address invalid'] },
  },
  cmbebs: {
    text: 'Controller memory buffer elasticity buffer size',
    width: 32,
    bits: {
      cmbszu: [3, 0, 'Size units'],
      cmbrbb: [4, 4, 'Read bypass behavior'],
      cmbwbz: [31, 8, 'Elasticity buffer size base'],
    },
  },
  cmbswtp: {
    text: 'Controller memory buffer sustained write throughput',
    width: 32,
    bits: {
      cmbswtu: [3, 0, 'Throughput units'],
      cmbswtv: [31, 8, 'Throughput'],
    },
  },
  crto: {
    text: 'Controller ready timeouts in units of 500 ms',
    width: 32,
    bits: {
      crwmt: [15, 0, 'Ready with media timeout'],
      crimt: [31, 16, 'Ready independent of media timeout'],
    },
  },
  pmrcap: {
    text: 'Persistent memory region capabilities',
    width: 32,
    bits: {
      rds: [3, 3, 'Read data support'],
      wds: [4, 4, 'Write data support'],
      bir: [7, 5, 'Base indicator register'],
      pmrtu: [9, 8, 'Time units'],
      pmrwbm: [13, 10, 'Write barrier mechanisms'],
      pmrto: [23, 16, 'Timeout in units of PMRTU'],
      cmss: [24, 24, 'Controller memory space supported'],
    },
  },
  pmrctl: {
    text: 'Persistent memory region control',
    width: 32,
    bits: { en: [0, 0, 'Enable'] },
  },
  pmrsts: {
    text: 'Persistent memory region status',
    width: 32,
    bits: {
      err: [7, 0, 'Error'],
      nrdy: [8, 8, 'Not ready'],
      hsts: [11, 9, 'Health status'],
      cbai: [12, 12, 'Controller base address invalid'],
    },
  },
  pmrebs: {
    text: 'Persistent memory region elasticity buffer size',
    width: 32,
    bits: {
      pmrszu: [3, 0, 'Size units'],
      rbb: [4, 4, 'Read bypass behavior'],
      pmrwbz: [31, 8, 'Elasticity buffer size base'],
    },
  },
  pmrswtp: {
    text: 'Persistent memory region sustained write throughput',
    width: 32,
    bits: {
      pmrswtu: [3, 0, 'Throughput units'],
      pmrswtv: [31, 8, 'Throughput'],
    },
  },
  pmrmscl: {
    text: 'Persistent memory region memory space control, lower half',
    width: 32,
    bits: {
      cmse: [1, 1, 'Controller memory space enable'],
      cba: [31, 12, 'Controller base address, bits 31:12'],
    },
  },
} as const satisfies Record<string, BitLayout>
