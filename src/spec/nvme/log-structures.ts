// SPDX-License-Identifier: MIT
// Log pages. The Changed Namespace List is a NamespaceList: see identify.ts.

import type { Structure } from '../form.ts'

const pages = {
  SupportedLogPages: {
    text: 'Supported Log Pages (LID 00h)',
    size: 1024,
    fields: {
      lid_support: [0, 'u32[256]', 'LID supported and effects, of every LID; see lid_effects'],
    },
  },
  ErrorLogEntry: {
    text: 'One entry of Error Information (LID 01h), the newest first',
    size: 64,
    fields: {
      error_count: [0, 'u64', 'Number of this error since the first of all, 0 in no entry'],
      sqid: [8, 'u16', 'Submission queue identifier, FFFFh for none'],
      cid: [10, 'u16', 'Command identifier, FFFFh for none'],
      status_field: [12, 'u16', 'Status field in bits 15:1, phase tag in bit 0'],
      parameter_error_location: [14, 'u16', 'Byte and bit, FFFFh for none; see error_location'],
      lba: [16, 'u64', 'First LBA that had the error'],
      nsid: [24, 'u32', 'Namespace identifier'],
      vs: [28, 'u8', 'Vendor specific information available: its log page, 0 for none'],
      trtype: [29, 'u8', 'Transport type'],
      command_specific: [32, 'u64', 'Command specific information'],
      transport_specific: [40, 'u16', 'Transport type specific information'],
    },
  },
  SmartLog: {
    text: 'SMART / Health Information (LID 02h)',
    size: 512,
    fields: {
      critical_warning: [0, 'u8', 'Critical warning; see critical_warning'],
      composite_temperature: [1, 'u16', 'Composite temperature in kelvin'],
      available_spare: [3, 'u8', 'Available spare in percent'],
      available_spare_threshold: [4, 'u8', 'Available spare threshold in percent'],
      percentage_used: [5, 'u8', 'Percentage of the life used, may exceed 100'],
      endurance_group_critical_warning: [
        6,
        'u8',
        'Critical warnings of all endurance groups; see endurance_group_critical_warning',
      ],
      data_units_read: [32, 'u128', 'Data units read, in thousands of 512 bytes, rounded up'],
      data_units_written: [48, 'u128', 'Data units written, in thousands of 512 bytes, rounded up'],
      host_read_commands: [64, 'u128', 'Host read commands'],
      host_write_commands: [80, 'u128', 'Host write commands'],
      controller_busy_time: [96, 'u128', 'Controller busy time in minutes'],
      power_cycles: [112, 'u128', 'Power cycles'],
      power_on_hours: [128, 'u128', 'Power on hours'],
      unsafe_shutdowns: [144, 'u128', 'Unsafe shutdowns'],
      media_errors: [160, 'u128', 'Media and data integrity errors'],
      error_log_entries: [176, 'u128', 'Number of error information log entries'],
      warning_temperature_time: [
        192,
        'u32',
        'Minutes that the composite temperature was at or above WCTEMP and below CCTEMP',
      ],
      critical_temperature_time: [
        196,
        'u32',
        'Minutes that the composite temperature was at or above CCTEMP',
      ],
      temperature_sensor: [200, 'u16[8]', 'Temperature sensors in kelvin, 0 for none'],
      thermal_management_temperature_1_transition_count: [
        216,
        'u32',
        'Thermal management temperature 1 transition count',
      ],
      thermal_management_temperature_2_transition_count: [
        220,
        'u32',
        'Thermal management temperature 2 transition count',
      ],
      thermal_management_temperature_1_total_time: [
        224,
        'u32',
        'Total time for thermal management temperature 1 in seconds',
      ],
      thermal_management_temperature_2_total_time: [
        228,
        'u32',
        'Total time for thermal management temperature 2 in seconds',
      ],
    },
  },
  FirmwareRevision: {
    text: 'Name of a firmware image, zeroes where a slot has none',
    size: 8,
    fields: { revision: [0, 'ascii[8]', 'Firmware revision'] },
  },
  FirmwareSlotLog: {
    text: 'Firmware Slot Information (LID 03h)',
    size: 512,
    fields: {
      afi: [0, 'u8', 'Active firmware info; see active_firmware_info'],
      frs: [8, 'FirmwareRevision[7]', 'Firmware revisions of slots 1 to 7'],
    },
  },
  CommandEffectsLog: {
    text: 'Commands Supported and Effects (LID 05h); see command_effects',
    size: 4096,
    fields: {
      acs: [0, 'u32[256]', 'Admin commands, by opcode'],
      iocs: [1024, 'u32[256]', 'I/O commands, by opcode'],
    },
  },
  SelfTestResult: {
    text: 'Outcome of one device self-test',
    size: 28,
    fields: {
      dsts: [0, 'u8', 'Device self-test status: result and code; see self_test_status'],
      seg: [1, 'u8', 'Segment number that failed first'],
      vdi: [2, 'u8', 'Valid diagnostic information; see valid_diagnostic_info'],
      poh: [4, 'u64', 'Power on hours'],
      nsid: [12, 'u32', 'Namespace identifier that failed'],
      flba: [16, 'u64', 'Failing LBA'],
      sct: [24, 'u8', 'Status code type'],
      sc: [25, 'u8', 'Status code'],
      vs: [26, 'u8[2]', 'Vendor specific'],
    },
  },
  SelfTestLog: {
    text: 'Device Self-test (LID 06h)',
    size: 564,
    fields: {
      current_operation: [0, 'u8', 'Self-test code of the one that runs in bits 3:0, 0 for none'],
      completion: [1, 'u8', 'Percentage complete in bits 6:0'],
      result: [4, 'SelfTestResult[20]', 'The newest first'],
    },
  },
  FeatureEffectsLog: {
    text: 'Feature Identifiers Supported and Effects (LID 12h)',
    size: 1024,
    fields: {
      fid_support: [0, 'u32[256]', 'FID supported and effects, of every FID; see fid_effects'],
    },
  },
  SanitizeStatusLog: {
    text: 'Sanitize Status (LID 81h); times are in seconds, FFFFFFFFh is not reported',
    size: 512,
    fields: {
      sprog: [0, 'u16', 'Sanitize progress in units of 1/65536, FFFFh if none runs'],
      sstat: [2, 'u16', 'Sanitize status; see sstat'],
      scdw10: [4, 'u32', 'Command dword 10 of the Sanitize that started it'],
      eto: [8, 'u32', 'Estimated time for overwrite'],
      etbe: [12, 'u32', 'Estimated time for block erase'],
      etce: [16, 'u32', 'Estimated time for crypto erase'],
      etond: [20, 'u32', 'Estimated time for overwrite with no-deallocate media modification'],
      etbend: [24, 'u32', 'Estimated time for block erase with no-deallocate media modification'],
      etcend: [28, 'u32', 'Estimated time for crypto erase with no-deallocate media modification'],
    },
  },
} as const satisfies Record<string, Structure>

const persistentEvents = {
  PersistentEventLogHeader: {
    text: 'Header of Persistent Event Log (LID 0Dh)',
    size: 512,
    fields: {
      lid: [0, 'u8', 'Log page identifier'],
      tnev: [4, 'u32', 'Total number of events'],
      tll: [8, 'u64', 'Total log length in bytes'],
      rv: [16, 'u8', 'Log revision'],
      lhl: [18, 'u16', 'Bytes of this header that follow this field'],
      ts: [20, 'u64', 'Timestamp, as the Timestamp feature has it'],
      poh: [28, 'u128', 'Power on hours'],
      pcc: [44, 'u64', 'Power cycle count'],
      vid: [52, 'u16', 'PCI vendor ID'],
      ssvid: [54, 'u16', 'PCI subsystem vendor ID'],
      sn: [56, 'ascii[20]', 'Serial number'],
      mn: [76, 'ascii[40]', 'Model number'],
      subnqn: [116, 'utf8[256]', 'NVM subsystem NVMe qualified name'],
      gen_number: [372, 'u16', 'Generation number'],
      rci: [374, 'u32', 'Reporting context information; see reporting_context'],
      seb: [480, 'u8[32]', 'Supported events bitmap: bit N stands for event type N'],
    },
  },
  PersistentEventHeader: {
    text: 'Header of a persistent event; VSIL bytes of vendor information and the data follow it',
    size: 24,
    fields: {
      etype: [0, 'u8', 'Event type; see persistent_event_type'],
      etype_rev: [1, 'u8', 'Event type revision'],
      ehl: [2, 'u8', 'Bytes of this header that follow this field'],
      ehai: [3, 'u8', 'Event header additional information'],
      cntlid: [4, 'u16', 'Controller identifier'],
      ets: [6, 'u64', 'Event timestamp'],
      pelpid: [14, 'u16', 'Port identifier'],
      vsil: [20, 'u16', 'Vendor specific information length'],
      el: [22, 'u16', 'Event length: vendor specific information and data'],
    },
  },
  FirmwareCommitEvent: {
    text: 'Data of a Firmware Commit event',
    size: 22,
    fields: {
      old_revision: [0, 'u64', 'Firmware revision before'],
      new_revision: [8, 'u64', 'Firmware revision committed'],
      commit_action: [16, 'u8', 'Commit action'],
      slot: [17, 'u8', 'Firmware slot'],
      sct: [18, 'u8', 'Status code type'],
      sc: [19, 'u8', 'Status code'],
      vendor_result: [20, 'u16', 'Vendor assigned result code'],
    },
  },
  TimestampChangeEvent: {
    text: 'Data of a Timestamp Change event',
    size: 16,
    fields: {
      previous_timestamp: [0, 'u64', 'Timestamp before the change'],
      milliseconds_since_reset: [8, 'u64', 'Milliseconds since the last controller level reset'],
    },
  },
  PowerOnResetDescriptor: {
    text: 'One controller in a Power-on or Reset event, after 8 bytes of firmware revision',
    size: 36,
    fields: {
      cntlid: [0, 'u16', 'Controller identifier'],
      firmware_activation: [2, 'u8', 'Firmware activation'],
      operation_in_progress: [3, 'u8', 'Operation in progress'],
      power_cycle_count: [16, 'u32', 'Controller power cycles'],
      power_on_milliseconds: [20, 'u64', 'Milliseconds since power on'],
      timestamp: [28, 'u64', 'Controller timestamp'],
    },
  },
  ChangeNamespaceEvent: {
    text: 'Data of a Change Namespace event',
    size: 48,
    fields: {
      nsmgt_cdw10: [0, 'u32', 'Command dword 10 of Namespace Management'],
      nsze: [8, 'u64', 'Namespace size'],
      ncap: [24, 'u64', 'Namespace capacity'],
      flbas: [32, 'u8', 'Formatted LBA size'],
      dps: [33, 'u8', 'End-to-end data protection type settings'],
      nmic: [34, 'u8', 'Namespace multi-path I/O and namespace sharing capabilities'],
      anagrpid: [36, 'u32', 'ANA group identifier'],
      nvmsetid: [40, 'u16', 'NVM set identifier'],
      nsid: [44, 'u32', 'Namespace identifier, FFFFFFFFh for all'],
    },
  },
  FormatStartEvent: {
    text: 'Data of a Format NVM Start event',
    size: 12,
    fields: {
      nsid: [0, 'u32', 'Namespace identifier'],
      fna: [4, 'u8', 'Format NVM attributes of the controller'],
      cdw10: [8, 'u32', 'Command dword 10 of Format NVM'],
    },
  },
  FormatCompletionEvent: {
    text: 'Data of a Format NVM Completion event',
    size: 12,
    fields: {
      nsid: [0, 'u32', 'Namespace identifier'],
      smallest_fpi: [4, 'u8', 'Smallest format progress indicator seen'],
      format_status: [5, 'u8', 'Format NVM status'],
      completion_information: [6, 'u16', 'Vendor specific'],
      status_field: [8, 'u32', 'Status field of the completion'],
    },
  },
  SanitizeStartEvent: {
    text: 'Data of a Sanitize Start event',
    size: 12,
    fields: {
      sanicap: [0, 'u32', 'Sanitize capabilities of the controller'],
      cdw10: [4, 'u32', 'Command dword 10 of Sanitize'],
      cdw11: [8, 'u32', 'Command dword 11 of Sanitize'],
    },
  },
  SanitizeCompletionEvent: {
    text: 'Data of a Sanitize Completion event',
    size: 8,
    fields: {
      sprog: [0, 'u16', 'Sanitize progress'],
      sstat: [2, 'u16', 'Sanitize status; see sstat'],
      completion_information: [4, 'u16', 'Vendor specific'],
    },
  },
} as const satisfies Record<string, Structure>

export const logStructures = { ...pages, ...persistentEvents } as const
