// SPDX-License-Identifier: MIT
#include "emulator/error_log.h"

#include <algorithm>

#include "emulator/faults/fault.h"

namespace nvm::emulator {
namespace {

constexpr uint16_t kNotLogged[] = {
    spec::status::success,
    spec::status::aborted_power_loss,
    spec::status::command_aborted,
    spec::status::aborted_sq_deletion,
    spec::status::aborted_failed_fused,
    spec::status::aborted_missing_fused,
    spec::status::aborted_preempt_and_abort,
    spec::status::sanitize_in_progress,
    spec::status::command_interrupted,
    spec::status::admin_command_media_not_ready,
    spec::status::namespace_not_ready,
    spec::status::format_in_progress,
    spec::status::compare_failure,
};

constexpr uint16_t kMediaErrors[] = {
    spec::status::unrecovered_read_error,      spec::status::guard_check_error,
    spec::status::application_tag_check_error, spec::status::reference_tag_check_error,
    spec::status::storage_tag_check_error,
};

template <size_t Count>
bool contains(const uint16_t (&list)[Count], uint16_t status_field) {
  return std::find(list, list + Count, status_field & spec::status::code_mask) != list + Count;
}

// Byte of the command that a status is about, where the status alone says it.
uint16_t location_of(uint16_t status_field) {
  constexpr uint16_t kNamespaceAt = offsetof(spec::SubmissionQueueEntry, nsid);
  constexpr uint16_t kPrpAt = offsetof(spec::SubmissionQueueEntry, prp1);
  constexpr uint16_t kDword10At = offsetof(spec::SubmissionQueueEntry, cdw10);
  constexpr uint16_t kDword11At = offsetof(spec::SubmissionQueueEntry, cdw11);
  switch (status_field & spec::status::code_mask) {
    case spec::status::invalid_opcode:
      return offsetof(spec::SubmissionQueueEntry, opc);
    case spec::status::invalid_namespace_or_format:
      return kNamespaceAt;
    case spec::status::invalid_prp_offset:
    case spec::status::sgl_descriptor_type_invalid:
    case spec::status::invalid_sgl_segment_descriptor:
      return kPrpAt;
    case spec::status::lba_out_of_range:
    case spec::status::invalid_queue_identifier:
    case spec::status::invalid_log_page:
      return kDword10At;
    case spec::status::invalid_queue_size:
      return kDword10At + 2;
    case spec::status::invalid_interrupt_vector:
    case spec::status::completion_queue_invalid:
      return kDword11At + 2;
    default:
      return kNoErrorLocation;
  }
}

}  // namespace

bool is_logged(uint16_t status_field) {
  return !contains(kNotLogged, status_field);
}

bool is_media_error(uint16_t status_field) {
  return contains(kMediaErrors, status_field);
}

void ErrorLog::record(spec::ErrorLogEntry entry) {
  entry.error_count = ++count_;
  ring_[count_ % ring_.size()] = entry;
}

void ErrorLog::record(uint16_t queue_id, const Command& command, uint16_t status_field,
                      bool admin) {
  spec::ErrorLogEntry entry{};
  entry.sqid = queue_id;
  entry.cid = command.sqe.cid;
  entry.status_field = spec::cqe_status::sf.put(status_field);
  entry.parameter_error_location = command.error_location != kNoErrorLocation
                                       ? command.error_location
                                       : location_of(status_field);
  entry.nsid = command.sqe.nsid;
  if (!admin) entry.lba = faulted_command(0, queue_id, command.sqe).lbas.lba;
  record(entry);
}

std::vector<spec::ErrorLogEntry> ErrorLog::entries() const {
  std::vector<spec::ErrorLogEntry> newest_first;
  for (uint64_t number = count_; number > 0 && newest_first.size() < ring_.size(); number--) {
    newest_first.push_back(ring_[number % ring_.size()]);
  }
  return newest_first;
}

}  // namespace nvm::emulator
