// SPDX-License-Identifier: MIT
// Bit fields of what Identify answers.

import type { BitLayout } from '../form.ts'

const controllerBits = {
  cmic: {
    text: 'Controller multi-path I/O and namespace sharing capabilities',
    width: 8,
    bits: {
      multi_port: [0, 0, 'The NVM subsystem may have several ports'],
      multi_controller: [1, 1, 'The NVM subsystem may have several controllers'],
      sriov: [2, 2, 'The controller belongs to a virtual function'],
      ana: [3, 3, 'Asymmetric namespace access reporting'],
    },
  },
  oaes: {
    text: 'Optional asynchronous events supported',
    width: 32,
    bits: {
      namespace_attribute: [8, 8, 'Namespace attribute notices'],
      firmware_activation: [9, 9, 'Firmware activation notices'],
      ana_change: [11, 11, 'Asymmetric namespace access change notices'],
      predictable_latency: [12, 12, 'Predictable latency event aggregate log change notices'],
      lba_status: [13, 13, 'LBA status information notices'],
      endurance_group: [14, 14, 'Endurance group event aggregate log change notices'],
      normal_shutdown: [15, 15, 'Normal NVM subsystem shutdown'],
      zone_descriptor: [27, 27, 'Zone descriptor changed notices'],
      discovery_log: [31, 31, 'Discovery log page change notices'],
    },
  },
  ctratt: {
    text: 'Controller attributes',
    width: 32,
    bits: {
      host_identifier_128: [0, 0, '128-bit host identifier'],
      non_operational_permissive: [1, 1, 'Non-operational power state permissive mode'],
      nvm_sets: [2, 2, 'NVM sets'],
      read_recovery_levels: [3, 3, 'Read recovery levels'],
      endurance_groups: [4, 4, 'Endurance groups'],
      predictable_latency: [5, 5, 'Predictable latency mode'],
      tbkas: [6, 6, 'Traffic based keep alive'],
      namespace_granularity: [7, 7, 'Namespace granularity'],
      sq_associations: [8, 8, 'Submission queue associations'],
      uuid_list: [9, 9, 'UUID list'],
      multi_domain: [10, 10, 'Multi-domain subsystem'],
      fixed_capacity: [11, 11, 'Fixed capacity management'],
      variable_capacity: [12, 12, 'Variable capacity management'],
      delete_endurance_group: [13, 13, 'Delete endurance group'],
      delete_nvm_set: [14, 14, 'Delete NVM set'],
      elbas: [15, 15, 'Extended LBA formats'],
    },
  },
  nvmsr: {
    text: 'NVM subsystem report',
    width: 8,
    bits: {
      nvmesd: [0, 0, 'Part of an NVMe storage device'],
      nvmee: [1, 1, 'Part of an NVMe enclosure'],
    },
  },
  oacs: {
    text: 'Optional admin command support',
    width: 16,
    bits: {
      security: [0, 0, 'Security Send and Security Receive'],
      format: [1, 1, 'Format NVM'],
      firmware: [2, 2, 'Firmware Commit and Firmware Image Download'],
      namespace_management: [3, 3, 'Namespace Management and Namespace Attachment'],
      self_test: [4, 4, 'Device Self-test'],
      directives: [5, 5, 'Directives'],
      nvme_mi: [6, 6, 'NVMe-MI Send and NVMe-MI Receive'],
      virtualization_management: [7, 7, 'Virtualization Management'],
      doorbell_buffer_config: [8, 8, 'Doorbell Buffer Config'],
      lba_status: [9, 9, 'Get LBA Status'],
      lockdown: [10, 10, 'Command and feature lockdown'],
    },
  },
  frmw: {
    text: 'Firmware updates',
    width: 8,
    bits: {
      slot_1_read_only: [0, 0, 'Firmware slot 1 is read only'],
      slots: [3, 1, 'Number of firmware slots'],
      activation_without_reset: [4, 4, 'Firmware activation without a reset'],
      smud: [5, 5, 'Support multiple update detection'],
    },
  },
  lpa: {
    text: 'Log page attributes',
    width: 8,
    bits: {
      smart_per_namespace: [0, 0, 'SMART / Health Information of each namespace'],
      command_effects: [1, 1, 'Commands Supported and Effects'],
      extended_data: [2, 2, 'Extended data for Get Log Page: NUMD of 32 bits and an offset'],
      telemetry: [3, 3, 'Telemetry'],
      persistent_event: [4, 4, 'Persistent Event Log'],
      supported_log_pages: [5, 5, 'Supported Log Pages and the log pages 12h and 13h'],
      telemetry_area_4: [6, 6, 'Data area 4 of Telemetry'],
    },
  },
  avscc: {
    text: 'Admin vendor specific command configuration',
    width: 8,
    bits: { format: [0, 0, 'All follow the format of the specification'] },
  },
  apsta: {
    text: 'Autonomous power state transition attributes',
    width: 8,
    bits: { supported: [0, 0, 'Autonomous power state transitions'] },
  },
  dsto: {
    text: 'Device self-test options',
    width: 8,
    bits: { one: [0, 0, 'One device self-test in the NVM subsystem at a time'] },
  },
  hctma: {
    text: 'Host controlled thermal management attributes',
    width: 16,
    bits: { supported: [0, 0, 'Host controlled thermal management'] },
  },
  sanicap: {
    text: 'Sanitize capabilities',
    width: 32,
    bits: {
      ces: [0, 0, 'Crypto erase'],
      bes: [1, 1, 'Block erase'],
      ows: [2, 2, 'Overwrite'],
      ndi: [29, 29, 'No-deallocate after sanitize is inhibited'],
      nodmmas: [31, 30, 'No-deallocate modifies media after sanitize: 0 undefined, 1 no, 2 yes'],
    },
  },
  anacap: {
    text: 'Asymmetric namespace access capabilities',
    width: 8,
    bits: {
      optimized: [0, 0, 'ANA optimized state'],
      non_optimized: [1, 1, 'ANA non-optimized state'],
      inaccessible: [2, 2, 'ANA inaccessible state'],
      persistent_loss: [3, 3, 'ANA persistent loss state'],
      change: [4, 4, 'ANA change state'],
      group_constant: [6, 6, 'ANAGRPID does not change while the namespace is attached'],
      group_settable: [7, 7, 'ANAGRPID may be chosen in Namespace Management'],
    },
  },
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
  fuses: {
    text: 'Fused operation support',
    width: 16,
    bits: { compare_and_write: [0, 0, 'Compare and Write'] },
  },
  fna: {
    text: 'Format NVM attributes',
    width: 8,
    bits: {
      format_all: [0, 0, 'A format applies to all namespaces'],
      erase_all: [1, 1, 'A secure erase applies to all namespaces'],
      crypto_erase: [2, 2, 'Cryptographic erase'],
      no_broadcast: [3, 3, 'NSID FFFFFFFFh is not supported'],
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
  icsvscc: {
    text: 'I/O command set vendor specific command configuration',
    width: 8,
    bits: { format: [0, 0, 'All follow the format of the specification'] },
  },
  nwpc: {
    text: 'Namespace write protection capabilities',
    width: 8,
    bits: {
      write_protect: [0, 0, 'No write protect and write protect'],
      until_power_cycle: [1, 1, 'Write protect until power cycle'],
      permanent: [2, 2, 'Permanent write protect'],
    },
  },
  ocfs: {
    text: 'Optional copy formats supported',
    width: 16,
    bits: {
      format_0: [0, 0, 'Copy descriptor format 0'],
      format_1: [1, 1, 'Copy descriptor format 1'],
    },
  },
  sgls: {
    text: 'SGL support',
    width: 32,
    bits: {
      supported: [1, 0, '0 no SGLs, 1 at any alignment, 2 at that of a dword'],
      keyed: [2, 2, 'Keyed SGL data block descriptor'],
      sdt: [15, 8, 'SGL descriptor threshold, 0 is not reported'],
      bit_bucket: [16, 16, 'SGL bit bucket descriptor'],
      mptr_byte_aligned: [17, 17, 'Metadata in one buffer at any byte'],
      oversize: [18, 18, 'SGLs longer than the data'],
      mptr_sgl: [19, 19, 'MPTR may point to an SGL descriptor'],
      offset: [20, 20, 'Address is an offset'],
      transport: [21, 21, 'Transport SGL data block descriptor'],
    },
  },
  crt: {
    text: 'Controller resource types',
    width: 8,
    bits: {
      vq: [0, 0, 'VQ resources'],
      vi: [1, 1, 'VI resources'],
    },
  },
  ips: {
    text: 'Idle power scale',
    width: 8,
    bits: { scale: [7, 6, '0 not reported, 1 units of 0.0001 W, 2 units of 0.01 W'] },
  },
  apws: {
    text: 'Active power workload and scale',
    width: 8,
    bits: {
      workload: [2, 0, 'Active power workload'],
      scale: [7, 6, '0 not reported, 1 units of 0.0001 W, 2 units of 0.01 W'],
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
} as const satisfies Record<string, BitLayout>

const namespaceBits = {
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
  independent_nsfeat: {
    text: 'Namespace features in IdentifyNamespaceIndependent',
    width: 8,
    bits: {
      uidreuse: [3, 3, 'NGUID and EUI64 are never reused'],
      rmedia: [4, 4, 'Rotational media'],
    },
  },
  nstat: {
    text: 'Namespace status',
    width: 8,
    bits: { nrdy: [0, 0, 'Namespace ready'] },
  },
  mc: {
    text: 'Metadata capabilities',
    width: 8,
    bits: {
      extended: [0, 0, 'As part of an extended logical block'],
      separate: [1, 1, 'In a separate buffer'],
    },
  },
  dpc: {
    text: 'End-to-end data protection capabilities',
    width: 8,
    bits: {
      type_1: [0, 0, 'Protection information type 1'],
      type_2: [1, 1, 'Protection information type 2'],
      type_3: [2, 2, 'Protection information type 3'],
      first: [3, 3, 'In the first bytes of metadata'],
      last: [4, 4, 'In the last bytes of metadata'],
    },
  },
  dps: {
    text: 'End-to-end data protection type settings',
    width: 8,
    bits: {
      type: [2, 0, 'Type; see protection_information'],
      first: [3, 3, 'In the first bytes of metadata instead of the last'],
    },
  },
  nmic: {
    text: 'Namespace multi-path I/O and namespace sharing capabilities',
    width: 8,
    bits: { shared: [0, 0, 'Several controllers may attach the namespace at once'] },
  },
  rescap: {
    text: 'Reservation capabilities',
    width: 8,
    bits: {
      ptpl: [0, 0, 'Persist through power loss'],
      we: [1, 1, 'Write exclusive'],
      ea: [2, 2, 'Exclusive access'],
      wero: [3, 3, 'Write exclusive, registrants only'],
      earo: [4, 4, 'Exclusive access, registrants only'],
      wear: [5, 5, 'Write exclusive, all registrants'],
      eaar: [6, 6, 'Exclusive access, all registrants'],
      iekr: [7, 7, 'Ignore existing key as revision 1.3 defines it'],
    },
  },
  fpi: {
    text: 'Format progress indicator',
    width: 8,
    bits: {
      remaining: [6, 0, 'Percentage of the namespace that remains to be formatted'],
      supported: [7, 7, 'Format progress indicator is supported'],
    },
  },
  pic: {
    text: 'Protection information capabilities',
    width: 8,
    bits: {
      storage_tag_16b: [0, 0, '16-bit guard: a storage tag is supported'],
      storage_tag_mask_16b: [1, 1, '16-bit guard: LBSTM may have bits that are 0'],
      stcrs: [2, 2, 'Storage tag check read support'],
    },
  },
  elbaf: {
    text: 'Extended LBA format',
    width: 32,
    bits: {
      sts: [6, 0, 'Storage tag size in bits'],
      pif: [8, 7, 'Protection information format; see protection_information_format'],
    },
  },
} as const satisfies Record<string, BitLayout>

export const identifyBits = { ...controllerBits, ...namespaceBits } as const
