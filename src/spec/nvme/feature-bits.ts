// SPDX-License-Identifier: MIT
// Bit fields of features: command dword 11 of Set Features, completion dword 0 of Get Features.

import type { BitLayout } from '../form.ts'

export const featureBits = {
  feature_capabilities: {
    text: 'Completion of Get Features that selects supported capabilities',
    width: 32,
    bits: {
      saveable: [0, 0, 'Saveable'],
      namespace_specific: [1, 1, 'Namespace specific'],
      changeable: [2, 2, 'Changeable'],
    },
  },
  feature_arbitration: {
    text: 'Arbitration; weights are zero-based',
    width: 32,
    bits: {
      ab: [2, 0, 'Arbitration burst as a power of two, 7 is no limit'],
      lpw: [15, 8, 'Low priority weight'],
      mpw: [23, 16, 'Medium priority weight'],
      hpw: [31, 24, 'High priority weight'],
    },
  },
  feature_power_management: {
    text: 'Power Management',
    width: 32,
    bits: {
      ps: [4, 0, 'Power state'],
      wh: [7, 5, 'Workload hint'],
    },
  },
  feature_lba_range_type: {
    text: 'LBA Range Type',
    width: 32,
    bits: { num: [5, 0, 'Number of LBA ranges, zero-based'] },
  },
  feature_temperature_threshold: {
    text: 'Temperature Threshold',
    width: 32,
    bits: {
      tmpth: [15, 0, 'Temperature threshold in kelvin'],
      tmpsel: [19, 16, 'Temperature: 0 composite, 1 to 8 a sensor, 15 all of Set Features'],
      thsel: [21, 20, 'Threshold type; see temperature_threshold_type'],
    },
  },
  feature_error_recovery: {
    text: 'Error Recovery',
    width: 32,
    bits: {
      tler: [15, 0, 'Time limited error recovery in units of 100 ms, 0 is no limit'],
      dulbe: [16, 16, 'Deallocated or unwritten logical block error enable'],
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
  feature_interrupt_coalescing: {
    text: 'Interrupt Coalescing',
    width: 32,
    bits: {
      thr: [7, 0, 'Aggregation threshold in completions, zero-based'],
      time: [15, 8, 'Aggregation time in units of 100 us, 0 is no delay'],
    },
  },
  feature_interrupt_vector_configuration: {
    text: 'Interrupt Vector Configuration',
    width: 32,
    bits: {
      iv: [15, 0, 'Interrupt vector'],
      cd: [16, 16, 'Coalescing disable'],
    },
  },
  feature_write_atomicity_normal: {
    text: 'Write Atomicity Normal',
    width: 32,
    bits: { dn: [0, 0, 'Disable normal: AWUN and NAWUN need not be honoured'] },
  },
  feature_asynchronous_event_configuration: {
    text: 'Asynchronous Event Configuration: which events are reported',
    width: 32,
    bits: {
      smart: [7, 0, 'SMART / health critical warnings; see critical_warning'],
      namespace_attribute: [8, 8, 'Namespace attribute notices'],
      firmware_activation: [9, 9, 'Firmware activation notices'],
      telemetry: [10, 10, 'Telemetry log notices'],
      ana_change: [11, 11, 'Asymmetric namespace access change notices'],
      predictable_latency: [12, 12, 'Predictable latency event aggregate log change notices'],
      lba_status: [13, 13, 'LBA status information notices'],
      endurance_group: [14, 14, 'Endurance group event aggregate log change notices'],
      normal_shutdown: [15, 15, 'Normal NVM subsystem shutdown'],
      discovery_log: [31, 31, 'Discovery log page change notices'],
    },
  },
  feature_autonomous_power_state_transition: {
    text: 'Autonomous Power State Transition',
    width: 32,
    bits: { apste: [0, 0, 'Autonomous power state transition enable'] },
  },
  feature_keep_alive_timer: {
    text: 'Keep Alive Timer',
    width: 32,
    bits: { kato: [31, 0, 'Keep alive timeout in milliseconds, 0 disables it'] },
  },
  feature_host_controlled_thermal_management: {
    text: 'Host Controlled Thermal Management, 0 disables a temperature',
    width: 32,
    bits: {
      tmt2: [15, 0, 'Thermal management temperature 2 in kelvin'],
      tmt1: [31, 16, 'Thermal management temperature 1 in kelvin'],
    },
  },
  feature_non_operational_power_state_config: {
    text: 'Non-Operational Power State Config',
    width: 32,
    bits: { noppme: [0, 0, 'Non-operational power state permissive mode enable'] },
  },
  feature_read_recovery_level_config: {
    text: 'Read Recovery Level Config, command dword 12 of Set Features',
    width: 32,
    bits: { rrl: [3, 0, 'Read recovery level'] },
  },
  feature_lba_status_information_report_interval: {
    text: 'LBA Status Information Report Interval in units of 100 ms',
    width: 32,
    bits: {
      lsiri: [15, 0, 'LBA status information report interval'],
      lsipi: [31, 16, 'LBA status information poll interval'],
    },
  },
  feature_sanitize_config: {
    text: 'Sanitize Config',
    width: 32,
    bits: { nodrm: [0, 0, 'No-deallocate response mode: 0 error, 1 warning'] },
  },
  feature_io_command_set_profile: {
    text: 'I/O Command Set Profile',
    width: 32,
    bits: { iocsci: [8, 0, 'I/O command set combination index'] },
  },
  feature_software_progress_marker: {
    text: 'Software Progress Marker',
    width: 32,
    bits: { pbslc: [7, 0, 'Pre-boot software load count'] },
  },
  feature_host_identifier: {
    text: 'Host Identifier',
    width: 32,
    bits: { exhid: [0, 0, 'Enable extended host identifier: 16 bytes instead of 8'] },
  },
  feature_reservation_notification_mask: {
    text: 'Reservation Notification Mask',
    width: 32,
    bits: {
      regpre: [1, 1, 'Mask registration preempted notification'],
      resrel: [2, 2, 'Mask reservation released notification'],
      respre: [3, 3, 'Mask reservation preempted notification'],
    },
  },
  feature_reservation_persistence: {
    text: 'Reservation Persistence',
    width: 32,
    bits: { ptpl: [0, 0, 'Persist through power loss'] },
  },
  feature_namespace_write_protection_config: {
    text: 'Namespace Write Protection Config',
    width: 32,
    bits: { wps: [2, 0, 'Write protection state; see write_protection'] },
  },
  apst_entry: {
    text: 'One entry of AutonomousPowerStateTransition',
    width: 64,
    bits: {
      itps: [7, 3, 'Idle transition power state'],
      itpt: [31, 8, 'Idle time prior to transition in milliseconds, 0 disables it'],
    },
  },
  timestamp_attributes: {
    text: 'Attributes of a Timestamp',
    width: 8,
    bits: {
      synch: [0, 0, 'The controller may have stopped counting since the timestamp was set'],
      origin: [3, 1, 'Timestamp origin; see timestamp_origin'],
    },
  },
} as const satisfies Record<string, BitLayout>
