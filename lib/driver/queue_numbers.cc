// SPDX-License-Identifier: MIT
#include "driver/queue_numbers.h"

#include <string>

namespace nvm {

OwnQueueNumbers::OwnQueueNumbers(uint16_t queue_pairs, uint16_t vectors)
    : queue_pairs_(queue_pairs) {
  for (uint16_t id = 1; id <= queue_pairs; id++) free_ids_.insert(id);
  for (uint16_t vector = vectors > 1 ? 1 : 0; vector < vectors; vector++) {
    free_vectors_.insert(vector);
  }
}

Result<QueueNumber> OwnQueueNumbers::take(bool wakes, uint16_t queue_id, uint16_t vector) {
  std::lock_guard lock(mutex_);
  if (queue_id > queue_pairs_) {
    return Status(ErrorCode::Range, "queue " + std::to_string(queue_id) + "; queues are 1 to " +
                                        std::to_string(queue_pairs_));
  }
  if (queue_id != 0 && !free_ids_.contains(queue_id)) {
    return Status(ErrorCode::Busy, "queue " + std::to_string(queue_id));
  }
  if (free_ids_.empty()) {
    return Status(ErrorCode::NoQueues, "all " + std::to_string(queue_pairs_) + " are in use");
  }
  if (wakes && free_vectors_.empty()) {
    return Status(ErrorCode::NoQueues, "every interrupt vector announces another queue");
  }
  if (wakes && vector != 0 && !free_vectors_.contains(vector)) {
    return Status(ErrorCode::Busy, "interrupt vector " + std::to_string(vector));
  }
  const auto id = queue_id == 0 ? free_ids_.begin() : free_ids_.find(queue_id);
  QueueNumber number{*id, -1};
  free_ids_.erase(id);
  if (wakes) {
    number.vector = vector == 0 ? *free_vectors_.begin() : vector;
    free_vectors_.erase(static_cast<uint16_t>(number.vector));
  }
  return number;
}

void OwnQueueNumbers::give_back(QueueNumber number) {
  std::lock_guard lock(mutex_);
  free_ids_.insert(number.queue_id);
  if (number.vector >= 0) free_vectors_.insert(static_cast<uint16_t>(number.vector));
}

}  // namespace nvm
