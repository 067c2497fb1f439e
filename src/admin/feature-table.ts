// SPDX-License-Identifier: MIT
// Features whose value has a form in the table (NVMe base 2.0, 5.27.1): bits of command dword 11,
// or a data structure. A feature that is not here is reached by its number.

import type { BitLayoutName, CodeSet, nvme, StructureName } from '../spec/nvme.ts'

export interface FeatureForm {
  /** The value is a dword of these bits. */
  readonly bits?: BitLayoutName
  /** Those of `bits` that Get Features takes too: which part of the feature is asked for. */
  readonly parts?: readonly string[]
  /** The value is data. */
  readonly data?: StructureName
  /** Each namespace has a value of its own. */
  readonly ofNamespace?: true
}

export const featureForms = {
  arbitration: { bits: 'feature_arbitration' },
  power_management: { bits: 'feature_power_management' },
  temperature_threshold: { bits: 'feature_temperature_threshold', parts: ['tmpsel', 'thsel'] },
  error_recovery: { bits: 'feature_error_recovery', ofNamespace: true },
  volatile_write_cache: { bits: 'feature_volatile_write_cache' },
  number_of_queues: { bits: 'feature_number_of_queues' },
  interrupt_coalescing: { bits: 'feature_interrupt_coalescing' },
  interrupt_vector_configuration: {
    bits: 'feature_interrupt_vector_configuration',
    parts: ['iv'],
  },
  write_atomicity_normal: { bits: 'feature_write_atomicity_normal' },
  asynchronous_event_configuration: { bits: 'feature_asynchronous_event_configuration' },
  timestamp: { data: 'Timestamp' },
  keep_alive_timer: { bits: 'feature_keep_alive_timer' },
  host_controlled_thermal_management: { bits: 'feature_host_controlled_thermal_management' },
  non_operational_power_state_config: { bits: 'feature_non_operational_power_state_config' },
  lba_status_information_report_interval: {
    bits: 'feature_lba_status_information_report_interval',
  },
  host_behavior_support: { data: 'HostBehaviorSupport' },
  sanitize_config: { bits: 'feature_sanitize_config' },
  io_command_set_profile: { bits: 'feature_io_command_set_profile' },
  software_progress_marker: { bits: 'feature_software_progress_marker' },
  reservation_notification_mask: {
    bits: 'feature_reservation_notification_mask',
    ofNamespace: true,
  },
  reservation_persistence: { bits: 'feature_reservation_persistence', ofNamespace: true },
  namespace_write_protection_config: {
    bits: 'feature_namespace_write_protection_config',
    ofNamespace: true,
  },
} as const satisfies Partial<Record<keyof (typeof nvme.codes)['feature' & CodeSet], FeatureForm>>

/**
 * A feature that has a typed form, by its name in the table of codes. [All of
 * them](../../docs/fields.md#features).
 * @category Admin commands
 */
export type FeatureName = Extract<keyof typeof featureForms, string>
