// SPDX-License-Identifier: MIT
// Fused operations: a Compare and the Write behind it in the same queue, executed as one (NVMe base
// 2.0, 3.4.2; NVM command set 1.0, 2.1.4). A pair has its namespace to itself.
#include <algorithm>
#include <utility>

#include "emulator/controller_state.h"
#include "emulator/nvm/commands.h"

namespace nvm::emulator {
namespace {

constexpr uint64_t kLookEveryNs = 50'000;

// Other commands of the namespace wait while it lives.
class Exclusive {
 public:
  explicit Exclusive(Namespace& ns) : counted_(ns) { ns.fused = true; }
  ~Exclusive() { counted_.ns().fused = false; }
  Exclusive(const Exclusive&) = delete;
  Exclusive& operator=(const Exclusive&) = delete;

 private:
  InFlight counted_;
};

uint64_t delay_of(const Slot& slot) {
  return slot.command.fault == nullptr ? 0 : slot.command.fault->delay_ns;
}

bool fits_together(const spec::SubmissionQueueEntry& first,
                   const spec::SubmissionQueueEntry& second) {
  const commands::BlockRange compared = commands::block_range(first);
  const commands::BlockRange written = commands::block_range(second);
  return first.opc == spec::nvm_opcode::compare && second.opc == spec::nvm_opcode::write &&
         first.nsid == second.nsid && compared.lba == written.lba &&
         compared.block_count == written.block_count;
}

}  // namespace

// An I/O command that is fused, or follows one that is; as execute().
bool ControllerState::take_fused(Slot* slot, Clock& clock) {
  SubmissionQueue& queue = *slot->queue;
  const uint8_t fuse = spec::sqe_flags::fuse.get(slot->command.sqe.flags);
  if (queue.fused_first != nullptr) {
    if (fuse == spec::fused_operation::second) {
      Slot* first = std::exchange(queue.fused_first, nullptr);
      unpaired_--;
      begin_pair(first, slot, clock);
      return false;
    }
    leave_unpaired(queue);
  }
  if (fuse == spec::fused_operation::normal) return begin_faulty(slot, clock);
  slot->ns = nullptr;
  slot->command.data.clear();
  if (fuse == spec::fused_operation::first) {
    count_in_flight(slot);
    queue.fused_first = slot;
    unpaired_++;
    unusual_ |= kUnpaired;
    return false;
  }
  slot->command.status_field = fuse == spec::fused_operation::second
                                   ? spec::status::aborted_missing_fused
                                   : spec::status::invalid_field | spec::status::dnr;
  return true;
}

void ControllerState::leave_unpaired(SubmissionQueue& queue) {
  Slot* first = std::exchange(queue.fused_first, nullptr);
  if (--unpaired_ == 0) unusual_ &= static_cast<uint8_t>(~kUnpaired);
  first->command.status_field = spec::status::aborted_missing_fused;
  complete(first);
}

void ControllerState::begin_pair(Slot* first, Slot* second, Clock& clock) {
  if (unpaired_ == 0) unusual_ &= static_cast<uint8_t>(~kUnpaired);
  for (Slot* slot : {first, second}) {
    slot->ns = nullptr;
    slot->command.data.clear();
    slot->command.metadata.clear();
    slot->command.complete_at_ns = 0;
    count_in_flight(slot);
  }
  FusedPair pair{first, second, run_pair(*first, *second, clock)};
  if (pair.task.resume()) return finish_pair(pair);
  fused_.push_back(std::move(pair));
}

// Sets both statuses.
Task ControllerState::run_pair(Slot& first, Slot& second, Clock& clock) {
  const auto refuse_both = [&](uint16_t status) {
    first.command.status_field = second.command.status_field = status;
  };
  if (!fits_together(first.command.sqe, second.command.sqe)) {
    refuse_both(spec::status::invalid_field | spec::status::dnr);
    co_return spec::status::success;
  }
  const uint64_t delay_ns = std::max(delay_of(first), delay_of(second));
  if (delay_ns != 0) co_await until{clock.now_ns() + delay_ns};
  const uint32_t id = first.command.sqe.nsid;
  Namespace* ns = find_namespace(id);
  while (ns != nullptr && ns->fused) {
    co_await until{clock.now_ns() + kLookEveryNs};
    ns = find_namespace(id);
  }
  if (ns == nullptr) {
    refuse_both(spec::status::invalid_namespace_or_format | spec::status::dnr);
    co_return spec::status::success;
  }
  Exclusive exclusive(*ns);
  // Whoever formats or removes the namespace waits for this pair, which waits for nobody then.
  while (ns->in_flight != 1 && ns->unavailable == 0 && find_namespace(id) == ns) {
    co_await until{clock.now_ns() + kLookEveryNs};
  }
  if (find_namespace(id) != ns) {
    refuse_both(spec::status::invalid_field | spec::status::dnr);
    co_return spec::status::success;
  }
  if (ns->unavailable != 0) {
    refuse_both(ns->unavailable);
    co_return spec::status::success;
  }
  first.ns = second.ns = ns;
  first.command.status_field = co_await run_alone(first, clock);
  second.command.status_field = first.command.status_field == spec::status::success
                                    ? co_await run_alone(second, clock)
                                    : spec::status::aborted_failed_fused;
  co_return spec::status::success;
}

// One of them, from beginning to end.
Task ControllerState::run_alone(Slot& slot, Clock& clock) {
  Command& command = slot.command;
  if (command.fault != nullptr && !command.fault->executes()) {
    // One that is dropped has no completion, and is no reason for the other to be executed.
    co_return command.fault->status_field.value_or(spec::status::aborted_failed_fused);
  }
  uint16_t status = resolve_data(slot);
  if (status == kListNeeded) status = co_await bring_lists(slot);
  if (status != spec::status::success) co_return status;
  command.retry_at_ns = 0;
  while (slot.ns->executor->begin(command, clock) == Progress::Pending) {
    if (command.retry_at_ns != 0) {
      co_await until{std::exchange(command.retry_at_ns, 0)};
      continue;
    }
    do co_await wait_of{command.task};
    while (go_on(command) == Progress::Pending);
    break;
  }
  co_return command.status_field;
}

void ControllerState::finish_pair(const FusedPair& pair) {
  for (Slot* slot : {pair.first, pair.second}) {
    if (settle(slot, Progress::Done)) complete(slot);
  }
}

bool ControllerState::poll_fused(Clock& clock) {
  bool worked = false;
  for (size_t i = 0; i < fused_.size();) {
    FusedPair& pair = fused_[i];
    if (!pair.task.ready(clock)) {
      i++;
      continue;
    }
    worked = true;
    if (pair.first->queue->deleted) {
      end_pair(pair, spec::status::aborted_sq_deletion);
      fused_.erase(fused_.begin() + static_cast<ptrdiff_t>(i));
      continue;
    }
    if (pair.first->ns != nullptr) refresh_data(*pair.first);
    if (pair.second->ns != nullptr) refresh_data(*pair.second);
    if (!pair.task.resume()) {
      i++;
      continue;
    }
    const FusedPair ended = std::move(pair);
    fused_.erase(fused_.begin() + static_cast<ptrdiff_t>(i));
    finish_pair(ended);
  }
  return worked;
}

}  // namespace nvm::emulator
