// SPDX-License-Identifier: MIT
// How everything that a client had is taken back when it has gone.
#include <algorithm>

#include "rpc/session.h"

namespace nvm::rpc {
namespace {

constexpr uint64_t kDeletionNs = 5'000 * kNanosecondsPerMillisecond;
// For what a client that has gone had asked of the device.
constexpr uint64_t kLastCommandsNs = 1'000 * kNanosecondsPerMillisecond;
constexpr uint64_t kRetryNs = 20 * kNanosecondsPerMillisecond;

}  // namespace

void Session::leave(uint64_t now_ns) {
  if (leaving_) return;
  leaving_ = true;
  std::erase_if(outstanding_, [](const Outstanding& each) { return !each.ticket.has_value(); });
  for (Outstanding& each : outstanding_) {
    each.deadline_ns = std::min(each.deadline_ns, now_ns + kLastCommandsNs);
  }
  channel_.reset();
  notices_.reset();
  outgoing_.clear();
  for (auto& [id, queue] : queues_) unbind_wake(queue);
  if (port_ == nullptr) gone_ = true;
}

// First what is outstanding ends, then queues go, then memory. What the device does not answer, or
// refuses to delete, waits for a reset.
bool Session::take_back(uint64_t now_ns) {
  if (now_ns < retry_at_ns_ || outstanding_.size() != overdue_count()) return false;
#if NVM_CANARY_DEAD_QUEUE_KEPT
  for (auto& [id, queue] : queues_) queue.forget();
#endif
  if (delete_next_queue(now_ns)) return true;
  if (!outstanding_.empty()) return false;
  stuck_ = std::any_of(queues_.begin(), queues_.end(), [](const auto& each) {
    return each.second.sq_exists || each.second.cq_exists;
  });
  if (!stuck_ && finish()) return true;
  retry_at_ns_ = now_ns + kRetryNs;
  return false;
}

// Submission queues before completion queues, of which any may be theirs. False when there is none
// to delete.
bool Session::delete_next_queue(uint64_t now_ns) {
  for (const bool completion : {false, true}) {
    for (const auto& [id, queue] : queues_) {
      if (!(completion ? queue.cq_exists : queue.sq_exists)) continue;
      if (queue.deletion_refused || changes_queue(id)) continue;
      Outstanding command{};
      command.command.opc = completion ? spec::admin_opcode::delete_io_completion_queue
                                       : spec::admin_opcode::delete_io_submission_queue;
      command.command.cdw10 = id;
      command.deadline_ns = now_ns + kDeletionNs;
      command.ours = true;
      outstanding_.push_back(std::move(command));
      return true;
    }
    const bool some_exist = std::any_of(queues_.begin(), queues_.end(),
                                        [](const auto& each) { return each.second.sq_exists; });
    if (some_exist) return false;
  }
  return false;
}

bool Session::finish() {
  if (!memory_->unmap_all().ok() || !port_->release()) return false;
  for (const auto& [id, queue] : queues_) {
    port_->assign_queue(id, false);
    served_.queue_numbers->give_back(queue.number);
  }
  queues_.clear();
  memory_.reset();
  port_.reset();
  gone_ = true;
  return true;
}

}  // namespace nvm::rpc
