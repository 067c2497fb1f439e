// SPDX-License-Identifier: MIT
// From commands to results: handing them to their executor, and what becomes of those that do not
// complete at once.
#include <algorithm>

#include "emulator/admin/admin_commands.h"
#include "emulator/controller_state.h"
#include "emulator/nvm/commands.h"

namespace nvm::emulator {
namespace {

constexpr uint32_t kAllNamespaces = 0xffffffff;

// Flush with NSID FFFFFFFFh. A namespace that is not available has nothing to flush.
Task flush_all(std::vector<InFlight> namespaces, Command& command) {
  uint16_t status = spec::status::success;
  for (InFlight& counted : namespaces) {
    const uint16_t one = co_await commands::flush(counted.ns(), command);
    if (status == spec::status::success) status = one;
  }
  co_return status;
}

}  // namespace

// True when the command is complete; otherwise the slot is somewhere it will be completed from.
bool ControllerState::execute(Slot* slot, Clock& clock) {
  Command& command = slot->command;
  command.status_field = spec::status::success;
  command.dword0 = 0;
  command.dword1 = 0;
  command.error_location = kNoErrorLocation;
  if (slot->host->policy.has_value() && !slot->host->policy->allows(command.sqe)) [[unlikely]] {
    command.data.clear();
    command.metadata.clear();
    slot->ns = nullptr;
    command.status_field = refuse(spec::status::operation_denied);
    return true;
  }
  if ((command.sqe.flags | unusual_) != 0) [[unlikely]] {
    return execute_unusual(slot, clock);
  }
  return begin(slot, clock);
}

// With faults installed, with SGLs, fused, or behind half a pair.
bool ControllerState::execute_unusual(Slot* slot, Clock& clock) {
  if ((unusual_ & kFaults) != 0 && consult_faults(slot, clock)) return false;
  return slot->queue->id != 0 ? take_fused(slot, clock) : begin_faulty(slot, clock);
}

bool ControllerState::begin(Slot* slot, Clock& clock) {
  return slot->queue->id != 0 ? begin_io(slot, clock) : begin_admin(slot);
}

bool ControllerState::begin_admin(Slot* slot) {
  Command& command = slot->command;
  background_ = true;  // it may have changed what there is to do
  slot->ns = nullptr;
  if (!admin_hosts_.empty()) slot->host = &take_host_of_admin_command(command.sqe.cid);
  command.data.clear();
  command.metadata.clear();
  command.complete_at_ns = 0;
  command.retry_at_ns = 0;
  const uint16_t status = execute_admin(*this, *slot);
  if (status == kParked) return false;
  if (status == kGoesOn) return settle(slot, Progress::Pending);
  command.status_field = status;
  return true;
}

// Also how a command is tried again.
bool ControllerState::begin_io(Slot* slot, Clock& clock) {
  Command& command = slot->command;
  command.complete_at_ns = 0;
  command.retry_at_ns = 0;
  Namespace* ns = find_namespace(command.sqe.nsid);
  slot->ns = ns;
  if (ns == nullptr) return begin_without_namespace(slot);
  if ((ns->unavailable != 0) | ns->fused) [[unlikely]] {
    return begin_exceptional(slot);
  }
  command.status_field = resolve_data(*slot);
  if (command.status_field != spec::status::success) [[unlikely]] {
    return command.status_field != kListNeeded || begin_with_lists(slot, clock);
  }
  return settle(slot, ns->executor->begin(command, clock));
}

bool ControllerState::begin_with_lists(Slot* slot, Clock& clock) {
  slot->bringing_lists = true;
  slot->command.task = bring_lists(*slot);
  if (go_on(slot->command) == Progress::Pending) return settle(slot, Progress::Pending);
  return begin_listed(slot, clock);
}

bool ControllerState::begin_listed(Slot* slot, Clock& clock) {
  slot->bringing_lists = false;
  const bool ended = slot->command.status_field != spec::status::success ||
                     settle(slot, slot->ns->executor->begin(slot->command, clock));
  if (ended) slot->lists.reset();
  return ended;
}

bool ControllerState::begin_without_namespace(Slot* slot) {
  Command& command = slot->command;
  const uint32_t id = command.sqe.nsid;
  command.data.clear();
  command.metadata.clear();
  if (id == kAllNamespaces && command.sqe.opc == spec::nvm_opcode::flush) {
    std::vector<InFlight> namespaces;
    subsystem.for_each_namespace([&](Namespace& ns) {
      if (find_namespace(ns.id) == &ns && ns.unavailable == 0) namespaces.emplace_back(ns);
    });
    command.task = flush_all(std::move(namespaces), command);
    return settle(slot, go_on(command));
  }
  // An identifier that could be a namespace's is only not active here.
  command.error_location = offsetof(spec::SubmissionQueueEntry, nsid);
  const bool valid = (id != 0 && id <= subsystem.namespaces_max()) || id == kAllNamespaces;
  command.status_field =
      refuse(valid ? spec::status::invalid_field : spec::status::invalid_namespace_or_format);
  return true;
}

// While the namespace is being formatted or sanitized, or belongs to a fused pair.
bool ControllerState::begin_exceptional(Slot* slot) {
  if (slot->ns->unavailable != 0) {
    slot->command.data.clear();
    slot->command.status_field = slot->ns->unavailable;
    return true;
  }
  // One that a timing model had put off is not under way any more: the pair does not wait for it.
  uncount(slot);
  count_in_flight(slot);
  held_.push_back(slot);
  return false;
}

void ControllerState::count_in_flight(Slot* slot) {
  background_ = true;
  if (slot->in_flight) return;
  slot->in_flight = true;
  slot->queue->in_flight++;
}

// Puts a command that is not complete where it belongs; true when it is complete.
bool ControllerState::settle(Slot* slot, Progress progress) {
  const Command& command = slot->command;
  const uint64_t at_ns =
      progress == Progress::Pending ? command.retry_at_ns : command.complete_at_ns;
  if (progress != Progress::Pending && at_ns == 0) return true;
  count_in_flight(slot);
  if (slot->ns != nullptr && slot->counted == nullptr) {
    slot->counted = slot->ns;
    slot->ns->in_flight++;
  }
  if (at_ns == 0) {
    pending_.push_back(slot);
  } else {
    timed_.push_back({at_ns, next_sequence_++, slot});
    std::push_heap(timed_.begin(), timed_.end(), later);
  }
  return false;
}

// Goes on with commands that have nothing more to wait for.
bool ControllerState::poll_pending(Clock& clock) {
  bool worked = false;
  // What is added meanwhile has its turn in the next step.
  size_t count = pending_.size();
  for (size_t i = 0; i < count && i < pending_.size();) {
    Slot* slot = pending_[i];
    if (!slot->command.task.ready(clock)) {
      i++;
      continue;
    }
    worked = true;
    pending_.erase(pending_.begin() + static_cast<ptrdiff_t>(i));
    count--;
    if (slot->queue->deleted) [[unlikely]] {
      end_early(slot);
      continue;
    }
    if (!slot->bringing_lists) refresh_data(*slot);
    const Progress progress = go_on(slot->command);
    const bool ended = slot->bringing_lists && progress == Progress::Done
                           ? begin_listed(slot, clock)
                           : settle(slot, progress);
    if (ended) complete(slot);
  }
  return worked;
}

// Completes, or tries again, commands whose time has come.
bool ControllerState::retire_due(Clock& clock) {
  const uint64_t now_ns = clock.now_ns();
  if (busy_since_ns_ != 0) statistics.busy_ns += now_ns - busy_since_ns_;
  bool worked = false;
  while (!timed_.empty() && timed_.front().at_ns <= now_ns) {
    Slot* slot = timed_.front().slot;
    std::pop_heap(timed_.begin(), timed_.end(), later);
    timed_.pop_back();
    worked = true;
    const bool again = slot->command.retry_at_ns != 0;
    if (!again || begin_faulty(slot, clock)) complete(slot);
  }
  busy_since_ns_ = timed_.empty() ? 0 : now_ns;
  return worked;
}

// Commands that waited for a fused pair, in their order.
bool ControllerState::retry_held(Clock& clock) {
  bool worked = false;
  std::vector<Slot*> waiting;
  waiting.swap(held_);
  for (Slot* slot : waiting) {
    Namespace* ns = find_namespace(slot->command.sqe.nsid);
    if (ns != nullptr && ns->fused) {
      held_.push_back(slot);
      continue;
    }
    worked = true;
    if (begin_faulty(slot, clock)) complete(slot);
  }
  return worked;
}

// Whether a command that is gone may still change a store.
bool ControllerState::drains_changes() const {
  return std::any_of(draining_.begin(), draining_.end(),
                     [](const Slot* slot) { return slot->command.task.changes(); }) ||
         std::any_of(draining_pairs_.begin(), draining_pairs_.end(),
                     [](const FusedPair& pair) { return pair.task.changes(); });
}

bool ControllerState::reap_draining() {
  size_t ended = std::erase_if(draining_, [this](Slot* slot) {
    if (slot->command.task.busy()) return false;
    slot->command.task.clear();
    recycle(slot);
    return true;
  });
  ended += std::erase_if(draining_pairs_, [this](FusedPair& pair) {
    if (pair.task.busy()) return false;
    pair.task.clear();
    for (Slot* slot : {pair.first, pair.second}) {
      slot->command.task.clear();
      recycle(slot);
    }
    return true;
  });
  ended += std::erase_if(draining_mirrors_, [](const auto& mirror) { return !mirror->busy(); });
  leftovers_ = !draining_.empty() || !draining_pairs_.empty() || !draining_mirrors_.empty();
  return ended != 0;
}

}  // namespace nvm::emulator
