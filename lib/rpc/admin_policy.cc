// SPDX-License-Identifier: MIT
#include "rpc/admin_policy.h"

#include <algorithm>
#include <string>

#include "driver/command_name.h"

namespace nvm::rpc {
namespace {

// About the queues and commands of one client, or only reading.
bool is_harmless(const spec::SubmissionQueueEntry& command) {
  switch (command.opc) {
    case spec::admin_opcode::delete_io_submission_queue:
    case spec::admin_opcode::create_io_submission_queue:
    case spec::admin_opcode::delete_io_completion_queue:
    case spec::admin_opcode::create_io_completion_queue:
    case spec::admin_opcode::get_log_page:
    case spec::admin_opcode::identify:
    case spec::admin_opcode::abort:
    case spec::admin_opcode::get_features:
    case spec::admin_opcode::keep_alive:
    case spec::admin_opcode::get_lba_status:
      return true;
    default:
      return false;
  }
}

// About the admin queues, the doorbells or the memory of the manager.
bool is_managers(const spec::SubmissionQueueEntry& command) {
  if (command.opc == spec::admin_opcode::set_features) {
    const uint32_t feature = spec::set_features_cdw10::fid.get(command.cdw10);
    return feature == spec::feature::number_of_queues ||
           feature == spec::feature::host_memory_buffer ||
           feature == spec::feature::interrupt_coalescing ||
           feature == spec::feature::interrupt_vector_configuration ||
           feature == spec::feature::asynchronous_event_configuration;
  }
  return command.opc == spec::admin_opcode::asynchronous_event_request ||
         command.opc == spec::admin_opcode::doorbell_buffer_config;
}

bool names_other_namespace(const spec::SubmissionQueueEntry& command,
                           const SharingPolicy& sharing) {
  return !sharing.namespaces.empty() &&
         std::find(sharing.namespaces.begin(), sharing.namespaces.end(), command.nsid) ==
             sharing.namespaces.end();
}

}  // namespace

Status check_admin_command(const spec::SubmissionQueueEntry& command, const ServicePolicy& policy) {
  const std::string what = admin_command_name(command.opc);
  if (is_managers(command)) return Status(ErrorCode::Refused, what + " is the manager's own");
  if (is_harmless(command)) return {};
  if (!policy.administers) {
    return Status(ErrorCode::Refused, what + " changes the controller for everybody");
  }
  if (!policy.sharing.may_write()) {
    return Status(ErrorCode::Refused, what + ", of a client that may only read");
  }
  if (names_other_namespace(command, policy.sharing)) {
    return Status(ErrorCode::Refused, what + ", on namespace " + std::to_string(command.nsid) +
                                          ", which is not shared");
  }
  return {};
}

uint16_t queue_of_admin_command(const spec::SubmissionQueueEntry& command) {
  switch (command.opc) {
    case spec::admin_opcode::delete_io_submission_queue:
    case spec::admin_opcode::create_io_submission_queue:
    case spec::admin_opcode::delete_io_completion_queue:
    case spec::admin_opcode::create_io_completion_queue:
      return static_cast<uint16_t>(spec::delete_queue_cdw10::qid.get(command.cdw10));
    case spec::admin_opcode::abort:
      return static_cast<uint16_t>(spec::abort_cdw10::sqid.get(command.cdw10));
    default:
      return 0;
  }
}

}  // namespace nvm::rpc
