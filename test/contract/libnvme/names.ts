// SPDX-License-Identifier: MIT
// What libnvme calls the structures, registers and bit fields of our table. Rows that have no name
// there are listed too, so that none is left out by accident.
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
  IdentifyController: 'nvme_id_ctrl',
  IdentifyNamespace: 'nvme_id_ns',
}

/** Fields whose libnvme name is not the specification's. */
export const fieldNames: Readonly<Record<string, string | null>> = {
  'SubmissionQueueEntry.opc': 'opcode',
  'SubmissionQueueEntry.cid': 'rsvd1',
  'SubmissionQueueEntry.mptr': 'metadata',
  'SubmissionQueueEntry.prp1': 'addr',
  'SubmissionQueueEntry.prp2': lacking,
  'LbaFormat.lbads': 'ds',
}

/** Structures to which libnvme adds members of its own, so that the sizes differ. */
export const longerInLibnvme: readonly string[] = ['SubmissionQueueEntry']

export const registerNames: Partial<Rows<typeof nvme.registers>> = {
  cmbebs: lacking,
  cmbswtp: lacking,
  nssd: lacking,
  doorbells: lacking,
}

/** Bit fields: the stem of NAME_SHIFT and NAME_MASK, where it is not REGISTER_BIT. */
export const bitNames: Readonly<Record<string, string | null>> = {
  'cap.nssrs': 'CAP_NSSRC',
  'cap.cps': lacking,
  'cap.nsss': lacking,
  'csts.st': lacking,
  'cmbloc.cdpmls': 'CMBLOC_CDPLMS',
  'pmrcap.pmrwbm': 'PMRCAP_PMRWMB',
  'pmrmscl.cmse': 'PMRMSC_CMSE',
  'pmrmscl.cba': lacking,
  'feature_number_of_queues.nsq': 'FEAT_NRQS_NSQR',
  'feature_number_of_queues.ncq': 'FEAT_NRQS_NCQR',
  'feature_volatile_write_cache.wce': 'FEAT_VWC_WCE',
  'status_field.sc': 'SC',
  'status_field.sct': 'SCT',
}

/** Bit fields that libnvme has as a mask in place. */
export const maskNames: Readonly<Record<string, string>> = {
  'csts.shst': 'NVME_CSTS_SHST_MASK << NVME_CSTS_SHST_SHIFT',
  'status_field.crd': 'NVME_SC_CRD',
  'status_field.m': 'NVME_SC_MORE',
  'status_field.dnr': 'NVME_SC_DNR',
  'crto.crwmt': 'NVME_CRTO_CRWMT_MASK',
  'crto.crimt': 'NVME_CRTO_CRIMT_MASK',
  'entry_size.min': 'NVME_CTRL_SQES_MIN',
  'entry_size.max': 'NVME_CTRL_SQES_MAX',
  'oncs.compare': 'NVME_CTRL_ONCS_COMPARE',
  'oncs.write_uncorrectable': 'NVME_CTRL_ONCS_WRITE_UNCORRECTABLE',
  'oncs.dataset_management': 'NVME_CTRL_ONCS_DSM',
  'oncs.write_zeroes': 'NVME_CTRL_ONCS_WRITE_ZEROES',
  'oncs.save': 'NVME_CTRL_ONCS_SAVE_FEATURES',
  'oncs.reservations': 'NVME_CTRL_ONCS_RESERVATIONS',
  'oncs.timestamp': 'NVME_CTRL_ONCS_TIMESTAMP',
  'oncs.verify': 'NVME_CTRL_ONCS_VERIFY',
  'oncs.copy': 'NVME_CTRL_ONCS_COPY',
  'vwc.present': 'NVME_CTRL_VWC_PRESENT',
  'vwc.flush_all': 'NVME_CTRL_VWC_FLUSH',
  'psd_flags.mxps': 'NVME_PSD_FLAGS_MXPS',
  'psd_flags.nops': 'NVME_PSD_FLAGS_NOPS',
  'nsfeat.thinp': 'NVME_NS_FEAT_THIN',
  'nsfeat.nsabp': 'NVME_NS_FEAT_NATOMIC',
  'nsfeat.dae': 'NVME_NS_FEAT_DULBE',
  'nsfeat.uidreuse': 'NVME_NS_FEAT_ID_REUSE',
  'nsfeat.optperf': 'NVME_NS_FEAT_IO_OPT',
  'flbas.format_lower': 'NVME_NS_FLBAS_LOWER_MASK',
  'flbas.extended': 'NVME_NS_FLBAS_META_EXT',
  'flbas.format_upper': 'NVME_NS_FLBAS_HIGHER_MASK',
  'dlfeat.read_behavior': 'NVME_NS_DLFEAT_RB',
  'dlfeat.write_zeroes': 'NVME_NS_DLFEAT_WRITE_ZEROES',
  'dlfeat.guard': 'NVME_NS_DLFEAT_CRC_GUARD',
  'nsattr.write_protected': 'NVME_NS_NSATTR_WRITE_PROTECTED',
}

/** Bit fields that libnvme 1.3 has wrong; a test fails when a later one has them right. */
export const wrongInLibnvme: Readonly<Record<string, string>> = {
  'bprsel.bprof': 'the field is bits 29:10; libnvme masks 12 of its 20 bits',
}

/** Layouts that stand in no header: commands.test.ts compares what libnvme's functions build. */
export const layoutsWithoutNames: readonly string[] = [
  'sqe_flags',
  'cqe_status',
  'cmbebs',
  'cmbswtp',
  'delete_queue_cdw10',
  'create_sq_cdw10',
  'create_sq_cdw11',
  'create_sq_cdw12',
  'create_cq_cdw10',
  'create_cq_cdw11',
  'get_log_page_cdw10',
  'get_log_page_cdw11',
  'get_log_page_cdw14',
  'identify_cdw10',
  'identify_cdw11',
  'identify_cdw14',
  'abort_cdw10',
  'abort_dw0',
  'set_features_cdw10',
  'set_features_cdw14',
  'get_features_cdw10',
  'get_features_cdw14',
  'async_event_dw0',
  'firmware_commit_cdw10',
  'device_self_test_cdw10',
  'namespace_management_cdw10',
  'namespace_management_cdw11',
  'namespace_attachment_cdw10',
  'format_nvm_cdw10',
  'sanitize_cdw10',
  'read_cdw12',
  'read_cdw13',
  'write_cdw12',
  'write_zeroes_cdw12',
  'dataset_management_cdw10',
  'dataset_management_cdw11',
  'copy_cdw12',
]
