// SPDX-License-Identifier: MIT
// The admin commands of a client, and what the controller has because of them.
#include <algorithm>
#include <string>

#include "driver/command_name.h"
#include "platform/clock.h"
#include "rpc/admin_policy.h"
#include "rpc/session.h"

namespace nvm::rpc {
namespace {

constexpr uint64_t kTimeoutNsMax = 3'600'000 * kNanosecondsPerMillisecond;
constexpr size_t kOverdueMax = 8;

bool creates(const spec::SubmissionQueueEntry& command) {
  return command.opc == spec::admin_opcode::create_io_submission_queue ||
         command.opc == spec::admin_opcode::create_io_completion_queue;
}

bool deletes(const spec::SubmissionQueueEntry& command) {
  return command.opc == spec::admin_opcode::delete_io_submission_queue ||
         command.opc == spec::admin_opcode::delete_io_completion_queue;
}

bool is_about_submission_queue(const spec::SubmissionQueueEntry& command) {
  return command.opc == spec::admin_opcode::create_io_submission_queue ||
         command.opc == spec::admin_opcode::delete_io_submission_queue;
}

}  // namespace

// Whether the device may be about to create or delete a queue of this number.
bool Session::changes_queue(uint16_t id) const {
  return std::any_of(outstanding_.begin(), outstanding_.end(), [=](const Outstanding& each) {
    return (creates(each.command) || deletes(each.command)) &&
           queue_of_admin_command(each.command) == id;
  });
}

size_t Session::overdue_count() const {
  return static_cast<size_t>(std::count_if(outstanding_.begin(), outstanding_.end(),
                                           [](const auto& each) { return each.overdue; }));
}

// Also what the device would refuse, as on real hardware it would not.
Status Session::check_queue_command(const spec::SubmissionQueueEntry& command) const {
  const bool aborts = command.opc == spec::admin_opcode::abort;
  if (!aborts && !creates(command) && !deletes(command)) return {};
  const uint16_t id = queue_of_admin_command(command);
  const auto found = queues_.find(id);
  if (found == queues_.end()) {
    return Status(ErrorCode::Refused, "queue " + std::to_string(id) + " is not this client's");
  }
  if (aborts) return {};
  // Of two at once, nobody could tell what the controller has in the end.
  if (changes_queue(id)) {
    return Status(ErrorCode::Busy, "queue " + std::to_string(id) + " is being created or deleted");
  }
  return creates(command) ? check_creation(command, found->second) : Status();
}

Status Session::check_creation(const spec::SubmissionQueueEntry& command,
                               const Queue& queue) const {
  const bool is_sq = is_about_submission_queue(command);
  if (is_sq ? queue.sq_exists : queue.cq_exists) {
    return Status(ErrorCode::Refused, "a queue that exists already");
  }
  // Else PRP1 would name a list, of pages anywhere.
  if (spec::create_cq_cdw11::pc.get(command.cdw11) == 0) {
    return Status(ErrorCode::Refused, "a queue that is not contiguous");
  }
  const size_t entry_bytes =
      is_sq ? sizeof(spec::SubmissionQueueEntry) : sizeof(spec::CompletionQueueEntry);
  const uint64_t entries = spec::create_cq_cdw10::qsize.get(command.cdw10) + uint64_t{1};
  if (memory_->find(command.prp1, entries * entry_bytes) == nullptr) {
    return Status(ErrorCode::Refused, "a queue in memory that is not this client's");
  }
  if (is_sq) {
    const auto cq =
        queues_.find(static_cast<uint16_t>(spec::create_sq_cdw11::cqid.get(command.cdw11)));
    if (cq != queues_.end() && cq->second.cq_exists) return {};
    return Status(ErrorCode::Refused, "a completion queue that is not this client's");
  }
  const bool interrupts = spec::create_cq_cdw11::ien.get(command.cdw11) != 0;
  const int vector = static_cast<int>(spec::create_cq_cdw11::iv.get(command.cdw11));
  if (!interrupts || vector == queue.number.vector) return {};
  return Status(ErrorCode::Refused, "an interrupt vector that is not this queue's");
}

Status Session::begin_admin(const Message& message, uint64_t now_ns) {
  const auto request = parse_body<spec::RpcAdmin>(message);
  if (!request) return refuse_malformed("admin");
  if (overdue_count() >= kOverdueMax) {
    return Status(ErrorCode::Busy,
                  std::to_string(kOverdueMax) + " admin commands that the device did not answer");
  }
  Outstanding command{};
  command.request = message.header();
  std::memcpy(&command.command, request->command, sizeof command.command);
  if (policy_.filter && !policy_.filter(command.command, peer_)) {
    return Status(ErrorCode::Refused, "the filter of the manager");
  }
  NVM_TRY(check_admin_command(command.command, policy_));
  NVM_TRY(check_queue_command(command.command));
  command.deadline_ns = now_ns + std::min(request->timeout_ns, kTimeoutNsMax);
  command.memory = std::make_shared<Pieces>(
      Pieces{memory_->find(command.command.prp1, 1), memory_->find(command.command.prp2, 1)});
  admin_commands_++;
  outstanding_.push_back(std::move(command));
  return {};
}

// It counts its own changes itself, in time for its next command, but for one that ends after it
// was told that it had waited for too long.
void Session::count_change(const Outstanding& each) {
  if (!changes_namespaces(each.command)) return;
  if (!each.overdue) count_namespace_change(own_changes_, each.command.nsid);
  served_.transport->count_namespace_change(each.command.nsid);
}

// From now on the controller may have the queue.
void Session::note_begun(const spec::SubmissionQueueEntry& command, uint32_t epoch) {
  if (!creates(command)) return;
  const auto found = queues_.find(queue_of_admin_command(command));
  if (found == queues_.end()) return;
  Queue& queue = found->second;
  // What it had before a reset of which nobody has told yet.
  if (queue.epoch != epoch) queue.forget();
  queue.epoch = epoch;
  const bool is_sq = is_about_submission_queue(command);
  (is_sq ? queue.sq_exists : queue.cq_exists) = true;
  (is_sq ? queue.sq_memory : queue.cq_memory) = memory_->find(command.prp1, 1);
}

void Session::note_ended(const Outstanding& ended, const Completion& completion) {
  const spec::SubmissionQueueEntry& command = ended.command;
  if (served_.controller != nullptr && completion.status_field == 0 &&
      changes_namespaces(command)) {
    served_.controller->events().report_namespace_change(command.nsid);
  }
  if (!creates(command) && !deletes(command)) return;
  const auto found = queues_.find(queue_of_admin_command(command));
  if (found == queues_.end()) return;
  const bool is_sq = is_about_submission_queue(command);
  bool& exists = is_sq ? found->second.sq_exists : found->second.cq_exists;
  constexpr uint16_t kStatusCode = 0x7ff;  // SCT and SC
  const uint16_t status = completion.status_field & kStatusCode;
  const bool bad_number = status == spec::status::invalid_queue_identifier;
  // One whose creation is refused because it exists, exists.
  exists = creates(command) ? status == 0 || bad_number : exists && status != 0 && !bad_number;
  if (!exists) (is_sq ? found->second.sq_memory : found->second.cq_memory).reset();
  if (ended.ours && exists) found->second.deletion_refused = true;
}

bool Session::look_after_commands(uint64_t now_ns) {
  bool worked = false;
  std::erase_if(outstanding_, [&](Outstanding& each) {
    const bool settled = settle(each, now_ns);
    worked |= settled;
    return settled;
  });
  return worked;
}

// True when nothing more is to be heard of the command.
bool Session::settle(Outstanding& each, uint64_t now_ns) {
  if (!each.ticket) {
    if (creates(each.command)) {
      served_.transport->clear_doorbell(queue_of_admin_command(each.command),
                                        !is_about_submission_queue(each.command));
    }
    each.ticket = served_.admin->begin(each.command, each.memory, port_.get());
    if (each.ticket) {
      count_change(each);
      note_begun(each.command, each.ticket->epoch);
    }
  }
  const bool awaited = !each.ours && !each.overdue;
  if (each.ticket) {
    auto ended = served_.admin->end(*each.ticket);
    // Whatever its outcome: a format that failed may have begun.
    if (ended) count_change(each);
    if (ended && ended->ok()) {
      note_ended(each, ended->value());
      if (awaited) reply_completion(each, ended->value());
    } else if (ended && awaited) {
      reply(make_failure(each.request, ended->status().failure()));
    }
    if (ended) return true;
  }
  if (each.overdue || now_ns < each.deadline_ns) return false;
  if (awaited) {
    reply(make_failure(each.request, {ErrorCode::Timeout, 0, 0,
                                      admin_command_name(each.command.opc) + ", on " +
                                          served_.transport->capabilities().address}));
  }
  each.overdue = each.ours || each.ticket.has_value();
  return !each.overdue;
}

void Session::reply_completion(const Outstanding& command, const Completion& completion) {
  spec::RpcCompletion body{};
  std::memcpy(body.command, &command.command, sizeof body.command);
  body.dw0 = completion.dword0;
  body.dw1 = completion.dword1;
  body.status_field = completion.status_field;
  body.sq_head = completion.sq_head;
  body.command_id = completion.command_id;
  reply(make_message(spec::rpc_code::admin, command.request.id, body));
}

}  // namespace nvm::rpc
