// SPDX-License-Identifier: MIT
// What libnvme calls the structures and registers of our table. Rows that have no name there are
// listed too, so that none is left out by accident.
import type { nvme } from '../../../src/spec/nvme.ts'

type Rows<T> = { readonly [Name in keyof T]: string | null }

/** Marks a row that libnvme has no name for. */
const lacking = null

export const structureNames: Rows<typeof nvme.structures> = {
  // The kernel's pass-through command has the layout of an entry where both have a field.
  SubmissionQueueEntry: 'nvme_passthru_cmd',
  CompletionQueueEntry: lacking,
  PowerStateDescriptor: 'nvme_id_psd',
  LbaFormat: 'nvme_lbaf',
  SglDescriptor: lacking,
  DatasetManagementRange: 'nvme_dsm_range',
  CopyDescriptor: 'nvme_copy_range',
  ProtectionInformation: lacking,
  // It gives what the host chooses the place that Identify Namespace gives it.
  NamespaceManagementData: 'nvme_id_ns',
  LbaRangeType: 'nvme_lba_range_type_entry',
  AutonomousPowerStateTransition: 'nvme_feat_auto_pst',
  Timestamp: 'nvme_timestamp',
  HostBehaviorSupport: 'nvme_feat_host_behavior',
  IdentifyController: 'nvme_id_ctrl',
  IdentifyNamespace: 'nvme_id_ns',
  IdentifyNamespaceNvm: 'nvme_nvm_id_ns',
  IdentifyControllerNvm: 'nvme_id_ctrl_nvm',
  IdentifyNamespaceIndependent: 'nvme_id_independent_id_ns',
  NamespaceIdDescriptor: 'nvme_ns_id_desc',
  NamespaceList: 'nvme_ns_list',
  ControllerList: 'nvme_ctrl_list',
  PrimaryControllerCapabilities: 'nvme_primary_ctrl_cap',
  CommandSets: 'nvme_id_iocs',
  SupportedLogPages: 'nvme_supported_log_pages',
  ErrorLogEntry: 'nvme_error_log_page',
  SmartLog: 'nvme_smart_log',
  FirmwareRevision: lacking,
  FirmwareSlotLog: 'nvme_firmware_slot',
  CommandEffectsLog: 'nvme_cmd_effects_log',
  SelfTestResult: 'nvme_st_result',
  SelfTestLog: 'nvme_self_test_log',
  FeatureEffectsLog: 'nvme_fid_supported_effects_log',
  SanitizeStatusLog: 'nvme_sanitize_log_page',
  PersistentEventLogHeader: 'nvme_persistent_event_log',
  PersistentEventHeader: 'nvme_persistent_event_entry',
  FirmwareCommitEvent: 'nvme_fw_commit_event',
  TimestampChangeEvent: 'nvme_time_stamp_change_event',
  PowerOnResetDescriptor: 'nvme_power_on_reset_info_list',
  ChangeNamespaceEvent: 'nvme_change_ns_event',
  FormatStartEvent: 'nvme_format_nvm_start_event',
  FormatCompletionEvent: 'nvme_format_nvm_compln_event',
  SanitizeStartEvent: 'nvme_sanitize_start_event',
  SanitizeCompletionEvent: 'nvme_sanitize_compln_event',
}

/** Fields whose libnvme name is not the specification's. */
export const fieldNames: Readonly<Record<string, string | null>> = {
  'SubmissionQueueEntry.opc': 'opcode',
  'SubmissionQueueEntry.cid': 'rsvd1',
  'SubmissionQueueEntry.mptr': 'metadata',
  'SubmissionQueueEntry.prp1': 'addr',
  'SubmissionQueueEntry.prp2': lacking,
  'LbaFormat.lbads': 'ds',
  'Timestamp.attributes': 'attr',
  'HostBehaviorSupport.etdas': lacking,
  'HostBehaviorSupport.lbafee': lacking,
  'ErrorLogEntry.cid': 'cmdid',
  'ErrorLogEntry.parameter_error_location': 'parm_error_location',
  'ErrorLogEntry.command_specific': 'cs',
  'ErrorLogEntry.transport_specific': 'trtype_spec_info',
  'SmartLog.composite_temperature': 'temperature',
  'SmartLog.available_spare': 'avail_spare',
  'SmartLog.available_spare_threshold': 'spare_thresh',
  'SmartLog.percentage_used': 'percent_used',
  'SmartLog.endurance_group_critical_warning': 'endu_grp_crit_warn_sumry',
  'SmartLog.host_read_commands': 'host_reads',
  'SmartLog.host_write_commands': 'host_writes',
  'SmartLog.controller_busy_time': 'ctrl_busy_time',
  'SmartLog.error_log_entries': 'num_err_log_entries',
  'SmartLog.warning_temperature_time': 'warning_temp_time',
  'SmartLog.critical_temperature_time': 'critical_comp_time',
  'SmartLog.temperature_sensor': 'temp_sensor',
  'SmartLog.thermal_management_temperature_1_transition_count': 'thm_temp1_trans_count',
  'SmartLog.thermal_management_temperature_2_transition_count': 'thm_temp2_trans_count',
  'SmartLog.thermal_management_temperature_1_total_time': 'thm_temp1_total_time',
  'SmartLog.thermal_management_temperature_2_total_time': 'thm_temp2_total_time',
  'FirmwareCommitEvent.old_revision': 'old_fw_rev',
  'FirmwareCommitEvent.new_revision': 'new_fw_rev',
  'FirmwareCommitEvent.commit_action': 'fw_commit_action',
  'FirmwareCommitEvent.slot': 'fw_slot',
  'FirmwareCommitEvent.sct': 'sct_fw',
  'FirmwareCommitEvent.sc': 'sc_fw',
  'FirmwareCommitEvent.vendor_result': 'vndr_assign_fw_commit_rc',
  'TimestampChangeEvent.milliseconds_since_reset': 'ml_secs_since_reset',
  'PowerOnResetDescriptor.cntlid': 'cid',
  'PowerOnResetDescriptor.firmware_activation': 'fw_act',
  'PowerOnResetDescriptor.operation_in_progress': 'op_in_prog',
  'PowerOnResetDescriptor.power_cycle_count': 'ctrl_power_cycle',
  'PowerOnResetDescriptor.power_on_milliseconds': 'power_on_ml_seconds',
  'PowerOnResetDescriptor.timestamp': 'ctrl_time_stamp',
  'ChangeNamespaceEvent.ncap': 'nscap',
  'ChangeNamespaceEvent.anagrpid': 'ana_grp_id',
  'ChangeNamespaceEvent.nvmsetid': 'nvmset_id',
  'FormatStartEvent.cdw10': 'format_nvm_cdw10',
  'FormatCompletionEvent.format_status': 'format_nvm_status',
  'FormatCompletionEvent.completion_information': 'compln_info',
  'SanitizeStartEvent.sanicap': 'sani_cap',
  'SanitizeStartEvent.cdw10': 'sani_cdw10',
  'SanitizeStartEvent.cdw11': 'sani_cdw11',
  'SanitizeCompletionEvent.sprog': 'sani_prog',
  'SanitizeCompletionEvent.sstat': 'sani_status',
  'SanitizeCompletionEvent.completion_information': 'cmpln_info',
}

/** Structures to which libnvme adds members of its own, so that the sizes differ. */
export const longerInLibnvme: readonly string[] = ['SubmissionQueueEntry']

/** Structures with fewer fields than the one of libnvme that they are compared with. */
export const partOfLibnvme: readonly string[] = [
  ...longerInLibnvme,
  'NamespaceManagementData',
  'NamespaceIdDescriptor',
]

export const registerNames: Partial<Rows<typeof nvme.registers>> = {
  cmbebs: lacking,
  cmbswtp: lacking,
  nssd: lacking,
  doorbells: lacking,
}
