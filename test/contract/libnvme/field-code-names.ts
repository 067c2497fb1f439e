// SPDX-License-Identifier: MIT
// What libnvme calls the values of fields in our table. null: it has no name for one.
import type { fieldCodes } from '../../../src/spec/nvme/field-codes.ts'

type Codes = typeof fieldCodes

export const fieldCodeNames: {
  readonly [Set in keyof Codes]: { readonly [Name in keyof Codes[Set]]: string | null }
} = {
  cc_css: {
    nvm: 'NVME_CC_CSS_NVM',
    io_command_sets: 'NVME_CC_CSS_CSI',
    admin_only: 'NVME_CC_CSS_ADMIN',
  },
  cc_ams: {
    round_robin: 'NVME_CC_AMS_RR',
    weighted_round_robin: 'NVME_CC_AMS_WRRU',
    vendor_specific: 'NVME_CC_AMS_VS',
  },
  cc_shn: {
    none: 'NVME_CC_SHN_NONE',
    normal: 'NVME_CC_SHN_NORMAL',
    abrupt: 'NVME_CC_SHN_ABRUPT',
  },
  csts_shst: {
    normal: 'NVME_CSTS_SHST_NORMAL',
    occurring: 'NVME_CSTS_SHST_OCCUR',
    complete: 'NVME_CSTS_SHST_CMPLT',
  },
  fused_operation: {
    normal: null,
    first: null,
    second: null,
  },
  data_pointer: {
    prp: null,
    sgl_metadata_buffer: null,
    sgl_metadata_sgl: null,
  },
  sgl_descriptor_type: {
    data_block: null,
    bit_bucket: null,
    segment: null,
    last_segment: null,
    keyed_data_block: null,
    transport_data_block: null,
    vendor_specific: null,
  },
  sgl_descriptor_subtype: {
    address: null,
    offset: null,
  },
  queue_priority: {
    urgent: null,
    high: null,
    medium: null,
    low: null,
  },
  feature_select: {
    current: 'NVME_GET_FEATURES_SEL_CURRENT',
    default_value: 'NVME_GET_FEATURES_SEL_DEFAULT',
    saved: 'NVME_GET_FEATURES_SEL_SAVED',
    supported_capabilities: 'NVME_GET_FEATURES_SEL_SUPPORTED',
  },
  async_event_type: {
    error: 'NVME_AER_ERROR',
    health: 'NVME_AER_SMART',
    notice: 'NVME_AER_NOTICE',
    immediate: null,
    command_set: 'NVME_AER_CSS',
    vendor_specific: 'NVME_AER_VS',
  },
  async_event_error: {
    invalid_doorbell_register: 'NVME_AER_ERROR_INVALID_DB_REG',
    invalid_doorbell_value: 'NVME_AER_ERROR_INVALID_DB_VAL',
    diagnostic_failure: 'NVME_AER_ERROR_DIAG_FAILURE',
    persistent_internal_error: 'NVME_AER_ERROR_PERSISTENT_INTERNAL_ERROR',
    transient_internal_error: 'NVME_AER_ERROR_TRANSIENT_INTERNAL_ERROR',
    firmware_image_load_error: 'NVME_AER_ERROR_FW_IMAGE_LOAD_ERROR',
  },
  async_event_health: {
    reliability: 'NVME_AER_SMART_SUBSYSTEM_RELIABILITY',
    temperature_threshold: 'NVME_AER_SMART_TEMPERATURE_THRESHOLD',
    spare_below_threshold: 'NVME_AER_SMART_SPARE_THRESHOLD',
  },
  async_event_notice: {
    namespace_attribute_changed: 'NVME_AER_NOTICE_NS_CHANGED',
    firmware_activation_starting: 'NVME_AER_NOTICE_FW_ACT_STARTING',
    telemetry_log_changed: 'NVME_AER_NOTICE_TELEMETRY',
    ana_change: 'NVME_AER_NOTICE_ANA',
    predictable_latency_log_change: 'NVME_AER_NOTICE_PL_EVENT',
    lba_status_information_alert: 'NVME_AER_NOTICE_LBA_STATUS_ALERT',
    endurance_group_log_change: 'NVME_AER_NOTICE_EG_EVENT',
    discovery_log_change: 'NVME_AER_NOTICE_DISC_CHANGED',
  },
  async_event_immediate: {
    normal_shutdown: null,
  },
  async_event_command_set: {
    reservation_log_available: 'NVME_AER_CSS_NVM_RESERVATION',
    sanitize_completed: 'NVME_AER_CSS_NVM_SANITIZE_COMPLETED',
    sanitize_unexpected_deallocation: 'NVME_AER_CSS_NVM_UNEXPECTED_SANITIZE_DEALLOC',
  },
  firmware_commit_action: {
    replace: 'NVME_FW_COMMIT_CA_REPLACE',
    replace_and_activate: 'NVME_FW_COMMIT_CA_REPLACE_AND_ACTIVATE',
    activate: 'NVME_FW_COMMIT_CA_SET_ACTIVE',
    replace_and_activate_now: 'NVME_FW_COMMIT_CA_REPLACE_AND_ACTIVATE_IMMEDIATE',
    replace_boot_partition: 'NVME_FW_COMMIT_CA_REPLACE_BOOT_PARTITION',
    activate_boot_partition: 'NVME_FW_COMMIT_CA_ACTIVATE_BOOT_PARTITION',
  },
  namespace_management_select: {
    create: 'NVME_NS_MGMT_SEL_CREATE',
    remove: 'NVME_NS_MGMT_SEL_DELETE',
  },
  namespace_attachment_select: {
    attach: 'NVME_NS_ATTACH_SEL_CTRL_ATTACH',
    detach: 'NVME_NS_ATTACH_SEL_CTRL_DEATTACH',
  },
  secure_erase: {
    none: 'NVME_FORMAT_SES_NONE',
    user_data: 'NVME_FORMAT_SES_USER_DATA_ERASE',
    cryptographic: 'NVME_FORMAT_SES_CRYPTO_ERASE',
  },
  protection_information: {
    none: 'NVME_NS_DPS_PI_NONE',
    type_1: 'NVME_NS_DPS_PI_TYPE1',
    type_2: 'NVME_NS_DPS_PI_TYPE2',
    type_3: 'NVME_NS_DPS_PI_TYPE3',
  },
  protection_information_format: {
    guard_16b: null,
    guard_32b: null,
    guard_64b: null,
  },
  sanitize_action: {
    exit_failure_mode: 'NVME_SANITIZE_SANACT_EXIT_FAILURE',
    block_erase: 'NVME_SANITIZE_SANACT_START_BLOCK_ERASE',
    overwrite: 'NVME_SANITIZE_SANACT_START_OVERWRITE',
    crypto_erase: 'NVME_SANITIZE_SANACT_START_CRYPTO_ERASE',
  },
  sanitize_state: {
    never: 'NVME_SANITIZE_SSTAT_STATUS_NEVER_SANITIZED',
    completed: 'NVME_SANITIZE_SSTAT_STATUS_COMPLETE_SUCCESS',
    in_progress: 'NVME_SANITIZE_SSTAT_STATUS_IN_PROGESS',
    failed: 'NVME_SANITIZE_SSTAT_STATUS_COMPLETED_FAILED',
    completed_with_deallocation: 'NVME_SANITIZE_SSTAT_STATUS_ND_COMPLETE_SUCCESS',
  },
  self_test_code: {
    short_test: 'NVME_ST_CODE_SHORT',
    extended_test: 'NVME_ST_CODE_EXTENDED',
    vendor_specific: 'NVME_ST_CODE_VS',
    abort_test: 'NVME_ST_CODE_ABORT',
  },
  self_test_result: {
    passed: 'NVME_ST_RESULT_NO_ERR',
    aborted_by_command: 'NVME_ST_RESULT_ABORTED',
    aborted_by_reset: 'NVME_ST_RESULT_CLR',
    aborted_by_namespace_removal: 'NVME_ST_RESULT_NS_REMOVED',
    aborted_by_format: 'NVME_ST_RESULT_ABORTED_FORMAT',
    fatal_error: 'NVME_ST_RESULT_FATAL_ERR',
    failed_unknown_segment: 'NVME_ST_RESULT_UNKNOWN_SEG_FAIL',
    failed_segment: 'NVME_ST_RESULT_KNOWN_SEG_FAIL',
    aborted_unknown: 'NVME_ST_RESULT_ABORTED_UNKNOWN',
    aborted_by_sanitize: 'NVME_ST_RESULT_ABORTED_SANITIZE',
    unused: 'NVME_ST_RESULT_NOT_USED',
  },
  temperature_threshold_type: {
    over: 'NVME_FEATURE_TEMPTHRESH_THSEL_OVER',
    under: 'NVME_FEATURE_TEMPTHRESH_THSEL_UNDER',
  },
  timestamp_origin: {
    reset: null,
    host: null,
  },
  write_protection: {
    none: 'NVME_NS_WP_CFG_NONE',
    write_protect: 'NVME_NS_WP_CFG_PROTECT',
    until_power_cycle: 'NVME_NS_WP_CFG_PROTECT_POWER_CYCLE',
    permanent: 'NVME_NS_WP_CFG_PROTECT_PERMANENT',
  },
  lba_range_type: {
    general_purpose: 'NVME_LBART_TYPE_GP',
    filesystem: 'NVME_LBART_TYPE_FS',
    raid: 'NVME_LBART_TYPE_RAID',
    cache: 'NVME_LBART_TYPE_CACHE',
    swap: 'NVME_LBART_TYPE_SWAP',
  },
  controller_type: {
    io: 'NVME_CTRL_CNTRLTYPE_IO',
    discovery: 'NVME_CTRL_CNTRLTYPE_DISCOVERY',
    administrative: 'NVME_CTRL_CNTRLTYPE_ADMIN',
  },
  namespace_identifier_type: {
    eui64: 'NVME_NIDT_EUI64',
    nguid: 'NVME_NIDT_NGUID',
    uuid: 'NVME_NIDT_UUID',
    csi: 'NVME_NIDT_CSI',
  },
  persistent_event_type: {
    smart: 'NVME_PEL_SMART_HEALTH_EVENT',
    firmware_commit: 'NVME_PEL_FW_COMMIT_EVENT',
    timestamp_change: 'NVME_PEL_TIMESTAMP_EVENT',
    power_on_reset: 'NVME_PEL_POWER_ON_RESET_EVENT',
    hardware_error: 'NVME_PEL_NSS_HW_ERROR_EVENT',
    change_namespace: 'NVME_PEL_CHANGE_NS_EVENT',
    format_start: 'NVME_PEL_FORMAT_START_EVENT',
    format_completion: 'NVME_PEL_FORMAT_COMPLETION_EVENT',
    sanitize_start: 'NVME_PEL_SANITIZE_START_EVENT',
    sanitize_completion: 'NVME_PEL_SANITIZE_COMPLETION_EVENT',
    set_feature: 'NVME_PEL_SET_FEATURE_EVENT',
    telemetry_log_created: 'NVME_PEL_TELEMETRY_CRT',
    thermal_excursion: 'NVME_PEL_THERMAL_EXCURSION_EVENT',
    vendor_specific: null,
    tcg: null,
  },
  persistent_event_action: {
    read: 'NVME_PEVENT_LOG_READ',
    establish_context_and_read: 'NVME_PEVENT_LOG_EST_CTX_AND_READ',
    release_context: 'NVME_PEVENT_LOG_RELEASE_CTX',
  },
}
