// SPDX-License-Identifier: MIT
// The identifiers that queue pairs of a controller can have, and the interrupt vectors, one for
// each pair that wakes its consumer. Given out by the manager of the controller.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>

#include "platform/status.h"

namespace nvm {

struct QueueNumber {
  uint16_t queue_id = 0;
  int vector = -1;  // −1: completions announce themselves to nobody
};

class QueueNumbers {
 public:
  virtual ~QueueNumbers() = default;
  // ERR_NO_QUEUES when all are in use.
  virtual Result<QueueNumber> take(bool wakes) = 0;
  // The controller has no queue of this number any more.
  virtual void give_back(QueueNumber number) = 0;
};

// Of the manager itself. Any thread.
class OwnQueueNumbers final : public QueueNumbers {
 public:
  // Identifiers 1 … `queue_pairs`. Vector 0 is also the admin queue's: only used when it is the
  // only one.
  OwnQueueNumbers(uint16_t queue_pairs, uint16_t vectors);

  // The lowest that are free.
  Result<QueueNumber> take(bool wakes) override { return take(wakes, 0); }
  // As take(); with `queue_id` not 0, that one: ERR_BUSY when it is not free.
  Result<QueueNumber> take(bool wakes, uint16_t queue_id);
  void give_back(QueueNumber number) override;

 private:
  const uint16_t queue_pairs_;
  std::mutex mutex_;
  std::set<uint16_t> free_ids_;
  std::set<uint16_t> free_vectors_;
};

}  // namespace nvm
