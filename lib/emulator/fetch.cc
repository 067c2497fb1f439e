// SPDX-License-Identifier: MIT
// From doorbells to commands: which queue is next, its entries, each read once, and what becomes of
// a command that does not complete at once.
#include <algorithm>
#include <cstring>

#include "emulator/admin/admin_commands.h"
#include "emulator/controller_state.h"
#include "platform/sigbus_guard.h"

namespace nvm::emulator {

bool ControllerState::step(Clock& clock) {
  bool worked = false;
  starved_ = false;
  if (!shutdown_flushes_.empty()) worked |= step_shutdown();
  if (!draining_.empty()) worked |= reap_draining();
  if (!running_) return worked;
  if (domain.generation() != resolved_generation_ && !resolve_queues()) {
    fatal();
    return true;
  }
  if (!crowded_.empty()) worked |= post_waiting();
  if (!pending_.empty()) worked |= poll_pending(clock);
  if (!timed.empty()) worked |= retire_due(clock);
  worked |= fetch(submission_queues[0], clock);
  const size_t count = active.size();
  for (size_t i = 0; i < count && running_; i++) {
    const size_t index = first_active_ + i;
    worked |= fetch(*active[index < count ? index : index - count], clock);
  }
  // Whoever was first is last in the next step, so that none starves for room in a shared queue.
  if (count != 0 && ++first_active_ >= count) first_active_ = 0;
  if (!posted_.empty()) raise_interrupts();
  return worked;
}

uint64_t ControllerState::next_event_ns() const {
  if (!running_) return UINT64_MAX;
  if (!crowded_.empty() || starved_) return 0;
  return timed.empty() ? UINT64_MAX : timed.front().at_ns;
}

// The host's tail, or our head when the doorbell holds no valid one.
uint32_t ControllerState::read_tail(SubmissionQueue& queue) {
  const uint32_t tail = bar.doorbell(2u * queue.id);
  if (tail < queue.entries) return tail;
  if (tail != queue.rejected_tail) {
    queue.rejected_tail = tail;
    invalid_doorbells++;
  }
  return queue.head;
}

bool ControllerState::fetch(SubmissionQueue& queue, Clock& clock) {
  const uint32_t tail = read_tail(queue);
  if (tail == queue.head) return false;
  // No more than can complete: a command whose completion finds no room would have to be kept, and
  // a host that rings without ever consuming would make us keep any number.
  uint32_t count = std::min({queue.distance(queue.head, tail), kBurst,
                             queue.entries - std::min(queue.entries, queue.in_flight)});
  if (count == 0) return false;
  count = std::min(count, room(*queue.completion_queue, count));
  if (count == 0) {
    starved_ = true;
    return false;
  }
  uint32_t ahead = 0;
  uint32_t ahead_index = queue.head;
  for (uint32_t i = 0; i < count; i++) {
    for (; ahead < count && ahead <= i + kLookAhead; ahead++) {
      Slot& slot = *window_[ahead % window_.size()];
      if (!read_entry(queue, ahead_index, slot)) {
        fatal();
        return true;
      }
      prefetch(queue, slot);
      ahead_index = queue.after(ahead_index);
    }
    Slot*& slot = window_[i % window_.size()];
    queue.head = queue.after(queue.head);
    slot->queue = &queue;
    if (execute(slot, clock)) {
      post(*queue.completion_queue, queue, slot->command);
    } else {
      if (queue.id != 0)
        queue.in_flight++;  // an admin command that waits is a parked event request
      slot = pool.take();
    }
  }
  return true;
}

// Copies one entry out of the host's memory: what is judged is what is executed.
bool ControllerState::read_entry(const SubmissionQueue& queue, uint32_t index, Slot& slot) const {
  constexpr size_t kEntryBytes = sizeof(spec::SubmissionQueueEntry);
  const std::byte* entry = queue.bytes + index * kEntryBytes;
  if (queue.may_fault) return guarded_copy(&slot.command.sqe, entry, kEntryBytes);
  memcpy(&slot.command.sqe, entry, kEntryBytes);
  return true;
}

void ControllerState::prefetch(const SubmissionQueue& queue, const Slot& slot) const {
  if (queue.id == 0) return;
  const Namespace* ns = subsystem.find_namespace(slot.command.sqe.nsid);
  if (ns != nullptr) ns->executor->prefetch(slot.command.sqe);
}

// True when the command is complete; otherwise the slot is somewhere it will be completed from.
bool ControllerState::execute(Slot* slot, Clock& clock) {
  Command& command = slot->command;
  command.status_field = spec::status::success;
  command.dword0 = 0;
  command.dword1 = 0;
  if (slot->queue->id != 0) return start(slot, clock);
  const uint16_t status = execute_admin(*this, *slot);
  if (status == kParked) return false;
  command.status_field = status;
  return true;
}

// As execute(), for an I/O command; also how a command is tried again.
bool ControllerState::start(Slot* slot, Clock& clock) {
  Command& command = slot->command;
  command.complete_at_ns = 0;
  command.retry_at_ns = 0;
  command.stage = 0;
  Namespace* ns = subsystem.find_namespace(command.sqe.nsid);
  if (ns == nullptr) {
    command.status_field = spec::status::invalid_namespace_or_format | spec::status::dnr;
    return true;
  }
  slot->executor = ns->executor.get();
  command.status_field = resolve_data(*slot);
  if (command.status_field != spec::status::success) return true;
  return settle(slot, slot->executor->begin(command, clock));
}

// Finds the host memory that the command's data pointer names.
uint16_t ControllerState::resolve_data(Slot& slot) const {
  Command& command = slot.command;
  const spec::SubmissionQueueEntry& sqe = command.sqe;
  command.transfer.clear();
  // No fused operations (Identify FUSES 0) and no SGLs (Identify SGLS 0).
  if (spec::sqe_flags::fuse.get(sqe.flags) != 0 || spec::sqe_flags::psdt.get(sqe.flags) != 0) {
    return spec::status::invalid_field | spec::status::dnr;
  }
  const uint64_t byte_length = slot.executor->data_byte_length(sqe);
  if (byte_length == 0) return spec::status::success;
  if (byte_length > kPageBytes << limits.mdts) {
    return spec::status::invalid_field | spec::status::dnr;
  }
  constexpr uint8_t kControllerToHost = 2;  // bits 1:0 of every opcode say which way data goes
  const Direction direction =
      (sqe.opc & 3) == kControllerToHost ? Direction::ToHost : Direction::FromHost;
  slot.domain_generation = domain.generation();
  return walk_prps(domain, sqe.prp1, sqe.prp2, byte_length, direction, command.transfer);
}

// Puts a command that is not complete where it belongs; true when it is complete.
bool ControllerState::settle(Slot* slot, Progress progress) {
  const Command& command = slot->command;
  const uint64_t at_ns =
      progress == Progress::Pending ? command.retry_at_ns : command.complete_at_ns;
  if (progress != Progress::Pending && at_ns == 0) return true;
  if (at_ns == 0) {
    pending_.push_back(slot);
  } else {
    timed.push_back({at_ns, next_sequence_++, slot});
    std::push_heap(timed.begin(), timed.end(), later);
  }
  return false;
}

// Resumes commands whose store operation has ended.
bool ControllerState::poll_pending(Clock& clock) {
  bool worked = false;
  for (size_t i = 0; i < pending_.size();) {
    Slot* slot = pending_[i];
    Command& command = slot->command;
    if (command.store_operation.progress.load(std::memory_order_acquire) == Progress::Pending) {
      i++;
      continue;
    }
    worked = true;
    pending_.erase(pending_.begin() + static_cast<ptrdiff_t>(i));
    // The host's memory may have changed hands since it was looked up.
    if (command.transfer.byte_length() != 0 && slot->domain_generation != domain.generation()) {
      command.status_field = resolve_data(*slot);
      if (command.status_field != spec::status::success) {
        complete(slot);
        continue;
      }
    }
    if (settle(slot, slot->executor->resume(command, clock))) complete(slot);
  }
  return worked;
}

// Completes, or tries again, commands whose time has come.
bool ControllerState::retire_due(Clock& clock) {
  const uint64_t now_ns = clock.now_ns();
  bool worked = false;
  while (!timed.empty() && timed.front().at_ns <= now_ns) {
    Slot* slot = timed.front().slot;
    std::pop_heap(timed.begin(), timed.end(), later);
    timed.pop_back();
    worked = true;
    if (slot->command.retry_at_ns == 0 || start(slot, clock)) complete(slot);
  }
  return worked;
}

bool ControllerState::reap_draining() {
  const size_t ended = std::erase_if(draining_, [this](Slot* slot) {
    const Progress progress =
        slot->command.store_operation.progress.load(std::memory_order_acquire);
    if (progress == Progress::Pending) return false;
    pool.give(slot);
    return true;
  });
  return ended != 0;
}

}  // namespace nvm::emulator
