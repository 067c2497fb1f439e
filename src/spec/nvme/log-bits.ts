// SPDX-License-Identifier: MIT
// Bit fields of log pages.

import type { BitLayout } from '../form.ts'

export const logBits = {
  lid_effects: {
    text: 'LID supported and effects in SupportedLogPages',
    width: 32,
    bits: {
      lsupp: [0, 0, 'Log page supported'],
      ios: [1, 1, 'Index offset supported'],
      lidsp: [31, 16, 'LID specific parameter'],
    },
  },
  fid_effects: {
    text: 'FID supported and effects in FeatureEffectsLog',
    width: 32,
    bits: {
      fsupp: [0, 0, 'Feature supported'],
      udcc: [1, 1, 'User data content change'],
      ncc: [2, 2, 'Namespace capability change'],
      nic: [3, 3, 'Namespace inventory change'],
      ccc: [4, 4, 'Controller capability change'],
      uuid_selection: [19, 19, 'UUID selection supported'],
      fsp: [31, 20, 'Scope; see effects_scope'],
    },
  },
  command_effects: {
    text: 'Commands supported and effects in CommandEffectsLog',
    width: 32,
    bits: {
      csupp: [0, 0, 'Command supported'],
      lbcc: [1, 1, 'Logical block content change'],
      ncc: [2, 2, 'Namespace capability change'],
      nic: [3, 3, 'Namespace inventory change'],
      ccc: [4, 4, 'Controller capability change'],
      cse: [
        18,
        16,
        'Command submission and execution: 1 not with this NSID, 2 with no other command',
      ],
      uuid_selection: [19, 19, 'UUID selection supported'],
      csp: [31, 20, 'Scope; see effects_scope'],
    },
  },
  effects_scope: {
    text: 'Scope in command_effects and fid_effects; 0 is not reported',
    width: 16,
    bits: {
      namespace_scope: [0, 0, 'One namespace'],
      controller_scope: [1, 1, 'One controller'],
      nvm_set_scope: [2, 2, 'One NVM set'],
      endurance_group_scope: [3, 3, 'One endurance group'],
      domain_scope: [4, 4, 'One domain'],
      subsystem_scope: [5, 5, 'The NVM subsystem'],
    },
  },
  critical_warning: {
    text: 'Critical warning of SmartLog',
    width: 8,
    bits: {
      available_spare: [0, 0, 'Available spare below its threshold'],
      temperature: [1, 1, 'Temperature beyond a threshold'],
      reliability: [2, 2, 'NVM subsystem reliability degraded'],
      read_only: [3, 3, 'Media are read only'],
      volatile_memory_backup: [4, 4, 'Volatile memory backup device failed'],
      pmr: [5, 5, 'Persistent memory region is read only or unreliable'],
    },
  },
  endurance_group_critical_warning: {
    text: 'Endurance group critical warning of SmartLog',
    width: 8,
    bits: {
      available_spare: [0, 0, 'Available spare below its threshold'],
      reliability: [2, 2, 'Reliability degraded'],
      read_only: [3, 3, 'Namespaces are read only'],
    },
  },
  active_firmware_info: {
    text: 'Active firmware info of FirmwareSlotLog',
    width: 8,
    bits: {
      active: [2, 0, 'Slot of the firmware that runs'],
      next: [6, 4, 'Slot that the next controller level reset activates, 0 is not reported'],
    },
  },
  error_location: {
    text: 'Parameter error location of ErrorLogEntry',
    width: 16,
    bits: {
      byte: [7, 0, 'Byte in the command'],
      bit: [10, 8, 'Bit in the byte'],
    },
  },
  self_test_status: {
    text: 'Status of a SelfTestResult',
    width: 8,
    bits: {
      result: [3, 0, 'Result; see self_test_result'],
      code: [7, 4, 'What was started; see self_test_code'],
    },
  },
  valid_diagnostic_info: {
    text: 'Which fields of a SelfTestResult are valid',
    width: 8,
    bits: {
      nsid: [0, 0, 'NSID'],
      flba: [1, 1, 'FLBA'],
      sct: [2, 2, 'SCT'],
      sc: [3, 3, 'SC'],
    },
  },
  sstat: {
    text: 'Sanitize status',
    width: 16,
    bits: {
      state: [2, 0, 'Most recent sanitize; see sanitize_state'],
      completed_passes: [7, 3, 'Completed overwrite passes'],
      global_data_erased: [8, 8, 'Global data erased: nothing written since'],
    },
  },
  reporting_context: {
    text: 'Reporting context information of PersistentEventLogHeader',
    width: 32,
    bits: {
      port_id: [15, 0, 'Reporting context port identifier'],
      port_type: [17, 16, 'Reporting context port identifier type'],
      exists: [18, 18, 'A reporting context exists'],
    },
  },
} as const satisfies Record<string, BitLayout>
