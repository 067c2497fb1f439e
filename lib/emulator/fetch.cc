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
  if (!running_ || !bus_master) return worked;
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
  if (!running_ || !bus_master) return UINT64_MAX;
  if (!crowded_.empty() || starved_) return 0;
  uint64_t soonest = timed.empty() ? UINT64_MAX : timed.front().at_ns;
  for (const Slot* slot : pending_) {
    const uint64_t wakes_at_ns = slot->command.task.wakes_at_ns();
    if (wakes_at_ns != 0) soonest = std::min(soonest, wakes_at_ns);
  }
  return soonest;
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
  const Namespace* ns = find_namespace(slot.command.sqe.nsid);
  if (ns != nullptr) ns->executor->prefetch(slot.command.sqe);
}

// True when the command is complete; otherwise the slot is somewhere it will be completed from.
bool ControllerState::execute(Slot* slot, Clock& clock) {
  Command& command = slot->command;
  command.status_field = spec::status::success;
  command.dword0 = 0;
  command.dword1 = 0;
  if (slot->queue->id != 0) return start(slot, clock);
  slot->executor = nullptr;
  command.data.clear();
  command.metadata.clear();
  const uint16_t status = execute_admin(*this, *slot);
  if (status == kParked) return false;
  if (status == kGoesOn) return settle(slot, Progress::Pending);
  command.status_field = status;
  return true;
}

// As execute(), for an I/O command; also how a command is tried again.
bool ControllerState::start(Slot* slot, Clock& clock) {
  Command& command = slot->command;
  command.complete_at_ns = 0;
  command.retry_at_ns = 0;
  Namespace* ns = find_namespace(command.sqe.nsid);
  if (ns == nullptr) {
    command.status_field = spec::status::invalid_namespace_or_format | spec::status::dnr;
    return true;
  }
  slot->executor = ns->executor.get();
  command.status_field = resolve_data(*slot);
  if (command.status_field != spec::status::success) return true;
  return settle(slot, slot->executor->begin(command, clock));
}

// Finds the host memory that an I/O command's pointers name.
uint16_t ControllerState::resolve_data(Slot& slot) const {
  const spec::SubmissionQueueEntry& sqe = slot.command.sqe;
  slot.command.data.clear();
  slot.command.metadata.clear();
  // No fused operations (Identify FUSES 0) and no SGLs (Identify SGLS 0).
  if (spec::sqe_flags::fuse.get(sqe.flags) != 0 || spec::sqe_flags::psdt.get(sqe.flags) != 0) {
    return spec::status::invalid_field | spec::status::dnr;
  }
  slot.host_lengths = slot.executor->host_lengths(sqe);
  if (slot.host_lengths.data == 0) return spec::status::success;
  if (slot.host_lengths.data > kPageBytes << limits.mdts) {
    return spec::status::invalid_field | spec::status::dnr;
  }
  constexpr uint8_t kControllerToHost = 2;  // bits 1:0 of every opcode say which way data goes
  slot.direction = (sqe.opc & 3) == kControllerToHost ? Direction::ToHost : Direction::FromHost;
  return find_host_memory(slot);
}

uint16_t ControllerState::find_host_memory(Slot& slot) const {
  const spec::SubmissionQueueEntry& sqe = slot.command.sqe;
  slot.domain_generation = domain.generation();
  return walk_prps(domain, sqe.prp1, sqe.prp2, slot.host_lengths.data, slot.direction,
                   slot.command.data);
}

// Puts a command that is not complete where it belongs; true when it is complete.
bool ControllerState::settle(Slot* slot, Progress progress) {
  const Command& command = slot->command;
  const uint64_t at_ns =
      progress == Progress::Pending ? command.retry_at_ns : command.complete_at_ns;
  if (progress != Progress::Pending && at_ns == 0) return true;
  if (!slot->in_flight) {
    slot->in_flight = true;
    slot->queue->in_flight++;
  }
  if (at_ns == 0) {
    pending_.push_back(slot);
  } else {
    timed.push_back({at_ns, next_sequence_++, slot});
    std::push_heap(timed.begin(), timed.end(), later);
  }
  return false;
}

// Goes on with commands that have nothing more to wait for.
bool ControllerState::poll_pending(Clock& clock) {
  bool worked = false;
  // What is added meanwhile has its turn in the next step.
  size_t count = pending_.size();
  for (size_t i = 0; i < count;) {
    Slot* slot = pending_[i];
    if (!slot->command.task.ready(clock)) {
      i++;
      continue;
    }
    worked = true;
    pending_.erase(pending_.begin() + static_cast<ptrdiff_t>(i));
    count--;
    refresh_data(*slot);
    if (settle(slot, go_on(slot->command))) complete(slot);
  }
  return worked;
}

// The host's memory may have changed hands since it was looked up.
void ControllerState::refresh_data(Slot& slot) const {
  Command& command = slot.command;
  if (command.data.byte_length() == 0 || slot.domain_generation == domain.generation()) return;
  if (find_host_memory(slot) == spec::status::success) return;
  command.data.lose();
  command.metadata.lose();
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
    if (slot->command.task.busy()) return false;
    slot->command.task.clear();
    pool.give(slot);
    return true;
  });
  return ended != 0;
}

}  // namespace nvm::emulator
