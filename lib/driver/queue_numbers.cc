// SPDX-License-Identifier: MIT
#include "driver/queue_numbers.h"

#include <algorithm>
#include <string>

namespace nvm {

void OwnQueueNumbers::Pool::give_back(uint16_t number) {
  free_.insert(number);
}

bool OwnQueueNumbers::Pool::reserve(uint16_t number) {
  if (number == 0 || free_.contains(number)) return true;
  wanted_.insert(number);
  return false;
}

uint16_t OwnQueueNumbers::Pool::take(uint16_t number) {
  if (number == 0) {
    const auto unwanted =
        std::ranges::find_if(free_, [this](uint16_t each) { return !wanted_.contains(each); });
    number = unwanted == free_.end() ? *free_.begin() : *unwanted;
  }
  wanted_.erase(number);
  free_.erase(number);
  return number;
}

OwnQueueNumbers::OwnQueueNumbers(uint16_t queue_pairs, uint16_t vectors)
    : queue_pairs_(queue_pairs) {
  for (uint16_t id = 1; id <= queue_pairs; id++) ids_.give_back(id);
  for (uint16_t vector = vectors > 1 ? 1 : 0; vector < vectors; vector++) {
    vectors_.give_back(vector);
  }
}

Result<QueueNumber> OwnQueueNumbers::take(bool wakes, uint16_t queue_id, uint16_t vector) {
  std::lock_guard lock(mutex_);
  if (queue_id > queue_pairs_) {
    return Status(ErrorCode::Range, "queue " + std::to_string(queue_id) + "; queues are 1 to " +
                                        std::to_string(queue_pairs_));
  }
  if (!ids_.reserve(queue_id)) {
    return Status(ErrorCode::Busy, "queue " + std::to_string(queue_id));
  }
  if (ids_.is_empty()) {
    return Status(ErrorCode::NoQueues, "all " + std::to_string(queue_pairs_) + " are in use");
  }
  if (wakes && vectors_.is_empty()) {
    return Status(ErrorCode::NoQueues, "every interrupt vector announces another queue");
  }
  if (wakes && !vectors_.reserve(vector)) {
    return Status(ErrorCode::Busy, "interrupt vector " + std::to_string(vector));
  }
  QueueNumber number{ids_.take(queue_id), -1};
  if (wakes) number.vector = vectors_.take(vector);
  return number;
}

void OwnQueueNumbers::give_back(QueueNumber number) {
  std::lock_guard lock(mutex_);
  ids_.give_back(number.queue_id);
  if (number.vector >= 0) vectors_.give_back(static_cast<uint16_t>(number.vector));
}

}  // namespace nvm
