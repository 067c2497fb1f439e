// SPDX-License-Identifier: MIT
// Where a controller's queues live, and letting go of the commands of queues that end.
#include <algorithm>

#include "emulator/controller_state.h"

namespace nvm::emulator {
namespace {

// Looks up a queue's memory; false when the domain has none there.
bool resolve(QueueMemory& queue, const Domain& domain, size_t entry_bytes, bool device_writes) {
  const Region* region = domain.find(queue.address, queue.entries * entry_bytes);
  if (region == nullptr || region->bytes == nullptr) return false;
  if (device_writes && !region->writable) return false;
  queue.bytes = region->bytes + (queue.address - region->first);
  queue.may_fault = region->may_fault;
  return true;
}

bool overlaps(const QueueMemory& queue, size_t entry_bytes, uint64_t first, uint64_t byte_length) {
  if (!queue.exists() || byte_length == 0) return false;
  const uint64_t last = first + (byte_length - 1);
  const uint64_t queue_last = queue.address + (queue.entries * entry_bytes - 1);
  return queue.address <= last && first <= queue_last;
}

}  // namespace

bool ControllerState::open_queue(QueueMemory& queue, uint64_t address, uint32_t entries,
                                 size_t entry_bytes, bool device_writes) {
  queue.address = address;
  queue.entries = entries;
  if (resolve(queue, domain, entry_bytes, device_writes)) return true;
  queue.entries = 0;
  return false;
}

// After the domain has changed; false when a queue has lost its memory.
bool ControllerState::resolve_queues() {
  for (SubmissionQueue& queue : submission_queues) {
    if (queue.exists() && !resolve(queue, domain, sizeof(spec::SubmissionQueueEntry), false)) {
      return false;
    }
  }
  for (CompletionQueue& queue : completion_queues) {
    if (queue.exists() && !resolve(queue, domain, sizeof(spec::CompletionQueueEntry), true)) {
      return false;
    }
  }
  resolved_generation_ = domain.generation();
  return true;
}

bool ControllerState::uses(uint64_t first, uint64_t byte_length) const {
  return std::any_of(submission_queues.begin(), submission_queues.end(),
                     [=](const SubmissionQueue& queue) {
                       return overlaps(queue, sizeof(spec::SubmissionQueueEntry), first,
                                       byte_length);
                     }) ||
         std::any_of(
             completion_queues.begin(), completion_queues.end(), [=](const CompletionQueue& queue) {
               return overlaps(queue, sizeof(spec::CompletionQueueEntry), first, byte_length);
             });
}

// The commands of `queue` complete without an entry, as the deletion of a queue and a reset imply.
void ControllerState::drop_commands(const SubmissionQueue* queue) {
  const auto ours = [=](const Slot* slot) { return queue == nullptr || slot->queue == queue; };
  const auto let_go = [&](Slot* slot) {
    slot->in_flight = false;
    pool.give(slot);
  };
  std::erase_if(timed, [&](const Timed& entry) {
    if (!ours(entry.slot)) return false;
    let_go(entry.slot);
    return true;
  });
  std::make_heap(timed.begin(), timed.end(), later);
  // A store may still work on these: their slots are kept until it has ended.
  std::erase_if(pending_, [&](Slot* slot) {
    if (!ours(slot)) return false;
    slot->in_flight = false;
    draining_.push_back(slot);
    return true;
  });
  for (CompletionQueue* cq : crowded_) {
    Slot* slot = cq->waiting_first;
    cq->waiting_first = cq->waiting_last = nullptr;
    while (slot != nullptr) {
      Slot* next = slot->next;
      if (ours(slot)) {
        let_go(slot);
      } else {
        append_waiting(*cq, slot);
      }
      slot = next;
    }
  }
  std::erase_if(crowded_, [](const CompletionQueue* cq) { return cq->waiting_first == nullptr; });
}

void ControllerState::update_active_queues() {
  active.clear();
  for (size_t id = 1; id < submission_queues.size(); id++) {
    if (submission_queues[id].exists()) active.push_back(&submission_queues[id]);
  }
  first_active_ = 0;
}

}  // namespace nvm::emulator
