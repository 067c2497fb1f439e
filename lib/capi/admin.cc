// SPDX-License-Identifier: MIT
// nvm_admin.h.
#include <nvm_admin.h>
#include <nvm_cmd.h>
#include <nvm_error.h>
#include <nvm_queue.h>
#include <nvm_rpc.h>

#include <algorithm>
#include <cstring>

#include "capi/handles.h"
#include "driver/remote_manager.h"
#include "spec/nvme.h"

using nvm::ErrorCode;
using nvm::Status;
using nvm::capi::ControllerHandle;
using nvm::capi::report;

namespace {

nvm_cmd_t make_command(uint8_t opcode, uint32_t ns_id) {
  nvm_cmd_t cmd;
  std::memset(&cmd, 0, sizeof(cmd));
  nvm_cmd_header(&cmd, 0, opcode, ns_id);
  return cmd;
}

int send(nvm_aq_ref ref, nvm_cmd_t& cmd) {
  nvm_cpl_t cpl;
  return nvm_raw_rpc(ref, &cmd, &cpl);
}

int identify(nvm_aq_ref ref, uint32_t cns, uint32_t ns_id, void* buffer, uint64_t ioaddr) {
  std::memset(buffer, 0, nvm::capi::kPageSize);
  nvm_cmd_t cmd = make_command(NVM_ADMIN_IDENTIFY, ns_id);
  nvm_cmd_data_ptr(&cmd, ioaddr, 0);
  cmd.dword[10] = cns;
  return send(ref, cmd);
}

// MDTS in bytes. Without a limit, what one page of PRP list describes.
size_t transfer_bytes_max(uint8_t mdts) {
  constexpr size_t kListedBytes = nvm::capi::kPageSize / sizeof(uint64_t) * nvm::capi::kPageSize;
  constexpr uint8_t kShiftMax = 40;
  return mdts == 0 || mdts > kShiftMax ? kListedBytes : nvm::capi::kPageSize << mdts;
}

}  // namespace

extern "C" int nvm_admin_ctrl_info(nvm_aq_ref ref, struct nvm_ctrl_info* info, void* buffer,
                                   uint64_t ioaddr) {
  const int status = identify(ref, nvm::spec::cns::identify_controller, 0, buffer, ioaddr);
  if (!nvm_ok(status)) return status;
  nvm::spec::IdentifyController answer;
  std::memcpy(&answer, buffer, sizeof(answer));
  nvm::Transport& transport = *ControllerHandle::of(ref->ctrl).transport();
  const uint64_t cap = transport.read_register64(nvm::spec::registers::cap);

  std::memset(info, 0, sizeof(*info));
  info->nvme_version = transport.read_register32(nvm::spec::registers::vs);
  info->page_size = ref->ctrl->page_size;
  info->db_stride = size_t{4} << ref->ctrl->dstrd;
  info->timeout = ref->ctrl->timeout;
  info->contiguous = nvm::spec::cap::cqr.get(cap) != 0;
  info->max_entries = ref->ctrl->max_entries;
  std::memcpy(info->pci_vendor, &answer, sizeof(info->pci_vendor));  // vid, ssvid
  std::memcpy(info->serial_no, answer.sn, sizeof(info->serial_no));
  std::memcpy(info->model_no, answer.mn, sizeof(info->model_no));
  std::memcpy(info->firmware, answer.fr, sizeof(info->firmware));
  info->max_data_size = transfer_bytes_max(answer.mdts);
  info->max_data_pages = info->max_data_size / info->page_size;
  info->sq_entry_size = size_t{1} << (answer.sqes & 0xf);  // bits 3:0: the size required
  info->cq_entry_size = size_t{1} << (answer.cqes & 0xf);
  info->max_out_cmds = answer.maxcmd;
  info->max_n_ns = answer.nn;
  return 0;
}

extern "C" int nvm_admin_ns_info(nvm_aq_ref ref, struct nvm_ns_info* info, uint32_t ns_id,
                                 void* buffer, uint64_t ioaddr) {
  const int status = identify(ref, nvm::spec::cns::identify_namespace, ns_id, buffer, ioaddr);
  if (!nvm_ok(status)) return status;
  nvm::spec::IdentifyNamespace answer;
  std::memcpy(&answer, buffer, sizeof(answer));
  if (answer.nsze == 0) {
    return report(
        Status(ErrorCode::Namespace, "number " + std::to_string(ns_id) + " is not active"));
  }
  const unsigned format = nvm::spec::flbas::format_lower.get(answer.flbas) |
                          nvm::spec::flbas::format_upper.get(answer.flbas) << 4;
  info->ns_id = ns_id;
  info->size = answer.nsze;
  info->capacity = answer.ncap;
  info->utilization = answer.nuse;
  info->lba_data_size = size_t{1} << (answer.lbaf[format].lbads & 0x1f);
  info->metadata_size = answer.lbaf[format].ms;
  return 0;
}

extern "C" int nvm_admin_set_num_queues(nvm_aq_ref ref, uint16_t n_cqs, uint16_t n_sqs) {
  if (n_cqs == 0 || n_sqs == 0) {
    return report(Status(ErrorCode::Range, "the number of queues wanted starts at 1"));
  }
  if (ref->queues.is_shared()) return 0;  // settled
  nvm_cmd_t cmd = make_command(NVM_ADMIN_SET_FEATURES, 0);
  cmd.dword[10] = nvm::spec::feature::number_of_queues;
  cmd.dword[11] = static_cast<uint32_t>(n_cqs - 1) << 16 | static_cast<uint32_t>(n_sqs - 1);
  return send(ref, cmd);
}

extern "C" int nvm_admin_get_num_queues(nvm_aq_ref ref, uint16_t* n_cqs, uint16_t* n_sqs) {
  if (const auto* manager = ControllerHandle::of(ref->ctrl).transport()->manager()) {
    *n_cqs = *n_sqs = manager->limits.io_queue_pairs_max;
    return 0;
  }
  nvm_cmd_t cmd = make_command(NVM_ADMIN_GET_FEATURES, 0);
  nvm_cpl_t cpl;
  cmd.dword[10] = nvm::spec::feature::number_of_queues;
  const int status = nvm_raw_rpc(ref, &cmd, &cpl);
  if (!nvm_ok(status)) return status;
  // Bits 15:0 count submission queues, 31:16 completion queues, both from 0. 65536 is not
  // representable.
  *n_sqs = static_cast<uint16_t>(std::min<uint32_t>((cpl.dword[0] & 0xffff) + 1, 0xffff));
  *n_cqs = static_cast<uint16_t>(std::min<uint32_t>((cpl.dword[0] >> 16) + 1, 0xffff));
  return 0;
}

extern "C" int nvm_admin_request_num_queues(nvm_aq_ref ref, uint16_t* n_cqs, uint16_t* n_sqs) {
  uint16_t granted_cqs = 0;
  uint16_t granted_sqs = 0;
  int status = nvm_admin_set_num_queues(ref, *n_cqs, *n_sqs);
  if (nvm_ok(status)) status = nvm_admin_get_num_queues(ref, &granted_cqs, &granted_sqs);
  if (!nvm_ok(status)) return status;
  *n_cqs = std::min(*n_cqs, granted_cqs);
  *n_sqs = std::min(*n_sqs, granted_sqs);
  return 0;
}

namespace {

int refuse_without_doorbell(const nvm_queue_t& queue) {
  return report(Status(ErrorCode::Range,
                       "the controller has no doorbell for queue " + std::to_string(queue.no)));
}

}  // namespace

extern "C" int nvm_admin_cq_create(nvm_aq_ref ref, nvm_queue_t* cq, uint16_t id, void* qmem,
                                   uint64_t ioaddr) {
  if (id == 0) return report(Status(ErrorCode::Range, "I/O queues are numbered from 1"));
  const Status refusal = ControllerHandle::of(ref->ctrl).refuse_if_inherited();
  if (!refusal.ok()) return report(refusal);
  nvm_queue_t queue;
  nvm_queue_clear(&queue, ref->ctrl, true, id, qmem, ioaddr);
  if (queue.db == nullptr) return refuse_without_doorbell(queue);
  nvm_cmd_t cmd = make_command(NVM_ADMIN_CREATE_COMPLETION_QUEUE, 0);
  nvm_cmd_data_ptr(&cmd, ioaddr, 0);
  cmd.dword[10] = static_cast<uint32_t>(queue.max_entries - 1) << 16 | id;
  cmd.dword[11] = nvm::spec::create_cq_cdw11::pc.put(1);
  const int status = send(ref, cmd);
  if (nvm_ok(status)) *cq = queue;
  return status;
}

extern "C" int nvm_admin_sq_create(nvm_aq_ref ref, nvm_queue_t* sq, const nvm_queue_t* cq,
                                   uint16_t id, void* qmem, uint64_t ioaddr) {
  if (id == 0) return report(Status(ErrorCode::Range, "I/O queues are numbered from 1"));
  const Status refusal = ControllerHandle::of(ref->ctrl).refuse_if_inherited();
  if (!refusal.ok()) return report(refusal);
  nvm_queue_t queue;
  nvm_queue_clear(&queue, ref->ctrl, false, id, qmem, ioaddr);
  if (queue.db == nullptr) return refuse_without_doorbell(queue);
  nvm_cmd_t cmd = make_command(NVM_ADMIN_CREATE_SUBMISSION_QUEUE, 0);
  nvm_cmd_data_ptr(&cmd, ioaddr, 0);
  cmd.dword[10] = static_cast<uint32_t>(queue.max_entries - 1) << 16 | id;
  cmd.dword[11] = static_cast<uint32_t>(cq->no) << 16 | nvm::spec::create_sq_cdw11::pc.put(1);
  const int status = send(ref, cmd);
  if (nvm_ok(status)) *sq = queue;
  return status;
}

namespace {

int delete_queue(nvm_aq_ref ref, uint8_t opcode, nvm_queue_t* queue) {
  if (queue->no == 0 || queue->db == nullptr) {
    return report(Status(ErrorCode::Argument, "the queue to delete was not created"));
  }
  nvm_cmd_t cmd = make_command(opcode, 0);
  cmd.dword[10] = queue->no;
  const int status = send(ref, cmd);
  if (nvm_ok(status)) std::memset(queue, 0, sizeof(*queue));
  return status;
}

}  // namespace

extern "C" int nvm_admin_cq_delete(nvm_aq_ref ref, nvm_queue_t* cq) {
  return delete_queue(ref, NVM_ADMIN_DELETE_COMPLETION_QUEUE, cq);
}

extern "C" int nvm_admin_sq_delete(nvm_aq_ref ref, nvm_queue_t* sq, const nvm_queue_t* cq) {
  return delete_queue(ref, NVM_ADMIN_DELETE_SUBMISSION_QUEUE, sq);
}
