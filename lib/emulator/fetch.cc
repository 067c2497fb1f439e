// SPDX-License-Identifier: MIT
// From submission queues to commands: entries, each read once.
#include <algorithm>
#include <cstring>

#include "emulator/controller_state.h"
#include "platform/sigbus_guard.h"

namespace nvm::emulator {

// Takes at most `most` commands; how many it took.
uint32_t ControllerState::fetch(SubmissionQueue& queue, Clock& clock, uint32_t most) {
  uint32_t tail = read_tail(queue);
  if (tail == queue.head) {
    if (queue.event_index == nullptr) [[likely]] {
      return 0;
    }
    tail = ask_for_ring(queue);
    if (tail == queue.head) return 0;
  }
  if (queue.mirror != nullptr) [[unlikely]] {
    tail = bring_entries(queue, tail);
  }
  // No more than can complete: a command whose completion finds no room would have to be kept, and
  // a host that rings without ever consuming would make us keep any number.
  uint32_t count = std::min({queue.distance(queue.head, tail), most,
                             queue.entries - std::min(queue.entries, queue.in_flight)});
  if (count == 0) return 0;
  count = std::min(count, room(*queue.completion_queue, count));
  if (count == 0) {
    starved_ = true;
    return 0;
  }
  queue.host->commands += count;
  fetching_into_ = queue.completion_queue;
  take(queue, clock, count);
  fetching_into_ = nullptr;
  if (queue.fused_first != nullptr && queue.head == queue.tail && running_) leave_unpaired(queue);
  return count;
}

void ControllerState::take(SubmissionQueue& queue, Clock& clock, uint32_t count) {
  uint32_t ahead = 0;
  uint32_t ahead_index = queue.head;
  const spec::SubmissionQueueEntry* before = nullptr;
  for (uint32_t i = 0; i < count; i++) {
    for (; ahead < count && ahead <= i + kLookAhead; ahead++) {
      Slot& slot = *window_[ahead % window_.size()];
      if (!read_entry(queue, ahead_index, slot)) return fatal();
      prefetch(queue, slot.command.sqe, before);
      before = &slot.command.sqe;
      ahead_index = queue.after(ahead_index);
    }
    Slot*& slot = window_[i % window_.size()];
    queue.head = queue.after(queue.head);
    slot->queue = &queue;
    slot->host = queue.host;
    reserved_ = count - i;
    if (execute(slot, clock)) {
      reserved_--;
      post(*queue.completion_queue, *slot);
    } else {
      slot = pool.take();
    }
    if (!running_) return;
  }
}

// Copies one entry out of the host's memory: what is judged is what is executed.
bool ControllerState::read_entry(const SubmissionQueue& queue, uint32_t index, Slot& slot) const {
  constexpr size_t kEntryBytes = sizeof(spec::SubmissionQueueEntry);
  const std::byte* entry = queue.bytes + index * kEntryBytes;
  if (queue.may_fault) return guarded_copy(&slot.command.sqe, entry, kEntryBytes);
  memcpy(&slot.command.sqe, entry, kEntryBytes);
  return true;
}

void ControllerState::prefetch(const SubmissionQueue& queue, const spec::SubmissionQueueEntry& sqe,
                               const spec::SubmissionQueueEntry* before) const {
  if (queue.id == 0) return;
  const Namespace* ns = find_namespace(sqe.nsid);
  if (ns != nullptr) ns->executor->prefetch(sqe, before);
}

}  // namespace nvm::emulator
