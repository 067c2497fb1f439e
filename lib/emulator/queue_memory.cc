// SPDX-License-Identifier: MIT
// Where a controller's queues live.
#include <algorithm>

#include "emulator/controller_state.h"

namespace nvm::emulator {
namespace {

// Looks up a queue's memory; false when the domain has none there.
bool resolve(QueueMemory& queue, size_t entry_bytes, bool device_writes) {
  const Domain& domain = queue.host->domain;
#if NVM_CANARY_QUEUE_SIZE_UNCHECKED
  const Region* region = domain.find(queue.address, entry_bytes);
#else
  const Region* region = domain.find(queue.address, queue.entries * entry_bytes);
#endif
  if (region == nullptr || (device_writes && !region->writable)) return false;
  if (region->bytes != nullptr) {
    if (queue.mirror != nullptr) return false;  // what is on its way would be lost
    queue.bytes = region->bytes + (queue.address - region->first);
    queue.may_fault = region->may_fault;
    return true;
  }
  if (region->remote == nullptr) return false;
  if (queue.mirror != nullptr) {
    queue.mirror->reach_by(*region->remote);
    return true;
  }
  if (queue.bytes != nullptr) return false;
  queue.mirror =
      std::make_unique<QueueMirror>(*region->remote, queue.address, queue.entries, entry_bytes);
  queue.bytes = queue.mirror->bytes();
  queue.may_fault = false;
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
  queue.host = queue_hosts_[queue.id];
  queue.address = address;
  queue.entries = entries;
  if (resolve(queue, entry_bytes, device_writes)) return true;
  queue.entries = 0;
  return false;
}

// After the owner's domain has changed; false when a queue, or the page of its doorbell, has lost
// its memory.
bool ControllerState::resolve_queues() {
  for (SubmissionQueue& queue : submission_queues) {
    if (queue.exists() && !resolve(queue, sizeof(spec::SubmissionQueueEntry), false)) {
      return false;
    }
  }
  for (CompletionQueue& queue : completion_queues) {
    if (queue.exists() && !resolve(queue, sizeof(spec::CompletionQueueEntry), true)) {
      return false;
    }
  }
  if (!resolve_shadow_doorbells()) return false;
  resolved_generation_ = owner.domain.generation();
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

void ControllerState::let_go(QueueMemory& queue) {
  if (queue.mirror != nullptr && queue.mirror->busy()) {
    draining_mirrors_.push_back(std::move(queue.mirror));
    leftovers_ = true;
  }
}

void ControllerState::close_queue(SubmissionQueue& queue) {
  let_go(queue);
  const uint16_t id = queue.id;
  queue = {};
  queue.id = id;
}

void ControllerState::close_queue(CompletionQueue& queue) {
  let_go(queue);
  const uint16_t id = queue.id;
  queue = {};
  queue.id = id;
}

// Brings entries of a queue that is reached by messages; how far they are here.
uint32_t ControllerState::bring_entries(SubmissionQueue& queue, uint32_t tail) {
  if (queue.mirror->bring(tail) == Progress::Failed) {
    fatal();
    return queue.head;
  }
  return queue.mirror->reached();
}

// Sends what was posted to queues that are reached by messages.
void ControllerState::take_over_entries() {
  for (CompletionQueue* queue : mirrored_) {
    if (queue->mirror->take_over(queue->tail) == Progress::Failed) return fatal();
  }
}

// After queues have come or gone.
void ControllerState::update_active_queues() {
  active_.clear();
  interrupting_.clear();
  mirrored_.clear();
  for (std::vector<SubmissionQueue*>& queues : classes_) queues.clear();
  for (size_t id = 0; id < submission_queues.size(); id++) {
    SubmissionQueue& queue = submission_queues[id];
    if (completion_queues[id].exists() && completion_queues[id].interrupts) {
      interrupting_.push_back(&completion_queues[id]);
    }
    if (completion_queues[id].mirror != nullptr) mirrored_.push_back(&completion_queues[id]);
    if (id == 0 || !queue.exists() || queue.deleted) continue;
    active_.push_back(&queue);
    classes_[queue.priority].push_back(&queue);
  }
  first_active_ = 0;
}

}  // namespace nvm::emulator
